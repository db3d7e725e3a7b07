"""One help desk: its tables, fields and custom objects, and how a record is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.freshdesk.answers import markup, millis, plain, stamp
from backhaul.sandbox.freshdesk.kinds import CUSTOM, KINDS, NESTED, CustomField
from backhaul.sandbox.tables import Row, Table

# The id before a table's first. Those of tickets cross a power of ten, so that comparing them as text shows; contacts
# and agents are users of one sequence.
BASES = {"tickets": 9_950, "contacts": 51_000_100_000, "agents": 51_000_000_000, "companies": 51_000_200_000,
         "conversations": 51_000_900_000}  # fmt: skip
STATS = ("agent_responded_at", "requester_responded_at", "first_responded_at", "status_updated_at", "reopened_at",
         "resolved_at", "closed_at", "pending_since")  # fmt: skip


@dataclass(slots=True)
class Schema:
    """A custom object. `fields`: name -> (label, type, required, choices)."""

    id: int
    name: str
    prefix: str
    fields: dict[str, tuple[str, str, bool, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def table(self) -> str:
        return f"custom_{self.id}"

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "prefix": self.prefix,
            "title": None,
            "description": None,
            "version": 1,
            "deleted": False,
            "fields": [
                {
                    "id": f"09ec0f82-6908-460f-8428-{n:012d}",
                    "name": name,
                    "label": label,
                    "type": type,
                    "position": n,
                    "required": required,
                    "editable": type != "PRIMARY",
                    "visible": True,
                    "deleted": False,
                    "hint": None,
                    "filterable": True,
                    "choices": [{"id": place, "value": each, "position": place} for place, each in enumerate(choices)],
                }
                for n, (name, (label, type, required, choices)) in enumerate(self.fields.items(), 1)
            ],
        }


class Account:
    """The state that all endpoints share. A row's values are its fields, with `custom` by the fields' names."""

    def __init__(self, clock: Clock, variants: Mapping[str, str], controls: Mapping[str, Any]) -> None:
        self.clock = clock
        self.variants = variants
        self.controls = controls
        self.url = ""
        self.me = ""
        self.tables: dict[str, Table] = {name: Table(name) for name in (*KINDS, *NESTED)}
        self.fields: dict[str, dict[str, CustomField]] = {
            name: {each.name: each for each in fields} for name, fields in CUSTOM.items()
        }
        self.schemas: dict[int, Schema] = {}

    def find(self, name: str, id: object) -> Row | None:
        """A record that is there, or that the lists of deleted ones show."""
        return self.tables[name].get(str(id))

    def live(self, name: str, id: object) -> Row | None:
        row = self.find(name, id)
        return row if row is not None and row.live else None

    def stamp_now(self) -> datetime:
        """The stamp of a change of people's: `index_lag` seconds ago, as of one that was not shown for so long."""
        return self.clock.now() - timedelta(seconds=float(self.controls["index_lag"]))

    def insert(self, name: str, values: Mapping[str, Any], at: datetime) -> Row:
        order = self.tables[name].order
        if name.startswith("custom_"):
            schema = self.schemas[int(name.removeprefix("custom_"))]
            id = f"{schema.prefix}-{len(order) + 1}"
        else:
            id = str(int(order[-1].id) + 1 if order else BASES.get(name, 51_000_500_000) + 1)
        return self.tables[name].insert(dict(values), id=id, at=at)

    def touch(self, ticket: Row, at: datetime) -> None:
        """A reply or a note is a change of its ticket."""
        self.tables["tickets"].update(ticket.id, {}, at)

    def delete(self, name: str, row: Row, at: datetime) -> None:
        self.tables[name].delete(row.id, at)

    def schema_of(self, id: object) -> Schema | None:
        return self.schemas.get(int(str(id))) if str(id).isdigit() else None

    # -- records as they are shown ------------------------------------------------------------------------------

    def shown(self, name: str, row: Row, *, include: tuple[str, ...] = (), alone: bool = False) -> dict[str, Any]:
        """include: of tickets. alone: read by itself, which shows more."""
        if name.startswith("custom_"):
            return self._record(name, row)
        if name == "agents":
            return self._agent(row)
        kind = KINDS.get(name)
        hidden = () if alone or kind is None else kind.hidden
        own = {each: value for each, value in row.values.items() if each not in ("custom", "stats", *hidden)}
        told = {"id": int(row.id), **own, "created_at": stamp(row.created_at), "updated_at": stamp(row.changed_at)}
        if name in self.fields:
            held = row.values.get("custom", {})
            told["custom_fields"] = {each: held.get(each) for each in self._names(name)}
        if name == "tickets":
            self._ticket(row, told, include, alone=alone)
        if name == "contacts":
            told["first_name"], _, told["last_name"] = str(told["name"]).partition(" ")
            told["org_contact_id"] = 1_300_000_000_000_000_000 + int(row.id)
            told.pop("blocked")
        if not row.live:
            told["deleted"] = True
        return told

    def _names(self, name: str) -> list[str]:
        return [own for each in self.fields[name].values() for own in (each.name, *each.nested)]

    def _ticket(self, row: Row, told: dict[str, Any], include: tuple[str, ...], *, alone: bool) -> None:
        text = str(told.pop("description"))
        if alone or "description" in include:
            told |= {"description": markup(text), "description_text": plain(text)}
        if "stats" in include:
            stats = row.values.get("stats", {})
            told["stats"] = {each: stats.get(each) for each in STATS}
        if "requester" in include:
            contact = self.find("contacts", told["requester_id"])
            told["requester"] = None if contact is None else {"id": int(contact.id), "name": contact.values["name"],
                                                              "email": contact.values["email"]}  # fmt: skip
        if "company" in include:
            company = self.find("companies", told["company_id"])
            told["company"] = {} if company is None else {"id": int(company.id), "name": company.values["name"]}

    def _agent(self, row: Row) -> dict[str, Any]:
        contact = ("name", "email", "active", "job_title", "phone", "mobile", "language", "time_zone")
        own = {each: value for each, value in row.values.items() if each not in contact}
        times = {"created_at": stamp(row.created_at), "updated_at": stamp(row.changed_at)}
        person = {each: row.values[each] for each in contact}
        return {"id": int(row.id), **own, **times, "contact": {**person, "last_login_at": None, **times}}

    def _record(self, name: str, row: Row) -> dict[str, Any]:
        schema = self.schemas[int(name.removeprefix("custom_"))]
        return {
            "display_id": row.id,
            "created_time": millis(row.created_at),
            "updated_time": millis(row.changed_at),
            "data": {each: row.values.get(each) for each in schema.fields},
            "version": row.values.get("version", 1),
        }

    # -- fields -------------------------------------------------------------------------------------------------

    def field_list(self, name: str) -> list[dict[str, Any]]:
        """The definitions of fields: those that every help desk has, then its own."""
        kind = {"tickets": "ticket", "contacts": "contact", "companies": "company"}[name]
        system = ("subject", "status", "priority", "source") if name == "tickets" else ("name", "description")
        told: list[dict[str, Any]] = [
            {"id": 51_000_000_001 + n, "name": each, "label": each.title(), "type": f"default_{each}", "default": True,
             "position": n}
            for n, each in enumerate(system, 1)
        ]  # fmt: skip
        if name == "tickets":
            told[1]["choices"] = {"2": ["Open", "Being Processed"], "3": ["Pending", "Awaiting your Reply"]}
            told[2]["choices"] = {"Low": 1, "Medium": 2, "High": 3, "Urgent": 4}
        for each in self.fields[name].values():
            told.append(
                {"id": 51_000_000_100 + len(told), "name": each.name, "label": each.label, "type": each.type,
                 "default": False, "position": len(told) + 1, "required_for_agents": False, "label_for_customers": kind}
            )  # fmt: skip
            if each.nested:
                told[-1]["choices"] = {choice: {f"{choice} part": []} for choice in each.choices}
                told[-1]["nested_ticket_fields"] = [
                    {"name": own, "label": own.removeprefix("cf_").title(), "level": level}
                    for level, own in enumerate(each.nested, 2)
                ]
            elif each.choices:
                in_map = self.variants["choices"] == "map"
                told[-1]["choices"] = {own: own for own in each.choices} if in_map else list(each.choices)
        made = "2023-01-09T08:00:00Z"
        return [{**each, "created_at": made, "updated_at": made} for each in told]
