"""What people do in Intercom itself, for the control API and tests; and the truth that the workspace holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from backhaul.sandbox.intercom.attributes import Attributes
from backhaul.sandbox.intercom.seed import Seeder, company_values, contact_values, conversation_values, ticket_values
from backhaul.sandbox.intercom.workspace import CUSTOM, LINKS, OWNERS, Workspace
from backhaul.sandbox.intercom.writes import Writes
from backhaul.sandbox.tables import Row

MODELS = {"contacts": "contact", "companies": "company", "conversations": "conversation"}
_MADE = {"contacts": contact_values, "companies": company_values, "conversations": conversation_values,
         "tickets": ticket_values}  # fmt: skip
_TIMES = ("created_at", "updated_at", "signed_up_at", "last_seen_at", "last_replied_at", "last_contacted_at",
          "last_email_opened_at", "last_email_clicked_at", "remote_created_at", "last_request_at", "snoozed_until",
          "waiting_since", "external_created_at", "external_updated_at", "applied_at",
          "first_admin_reply_at", "last_admin_reply_at", "last_contact_reply_at", "last_close_at",
          "notified_at")  # fmt: skip
_DATED = ("date", "datetime")


class Backdoor:
    """Values are taken as they are. A field of the workspace's own is named `cf_...`, as the definition calls it."""

    def __init__(self, workspace: Workspace, seeder: Seeder, writes: Writes) -> None:
        self._at = workspace
        self._seeder = seeder
        self._writes = writes

    def do(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        if object not in self._at.tables:
            raise KeyError(f"there is no object {object}")
        if op in ("add_field", "remove_field"):
            return self._field(op, object, values)
        if op == "create":
            return {"id": self._create(object, values).id}
        if id is None:
            raise ValueError(f"{op} needs the id of a record")
        row = self._at.tables[object].require(id)
        match op:
            case "update":
                self._update(object, row, values)
            case "delete":
                self._delete(object, row)
            case "restore":
                if object != "contacts" or row.values.get("erased"):
                    raise ValueError(f"{object} that were deleted do not come back in Intercom")
                self._at.tables[object].restore(id, self._at.stamp_now())
            case "purge":
                self._at.tables[object].purge(id)
            case "merge":
                self._merge(object, row, str(values["loser"]))
            case _:
                raise ValueError(f"Intercom's simulator cannot {op}")
        # of conversations a list tells which were deleted; everything else leaves its lists without a word
        return {"id": id, "trace": object == "conversations"}

    def _create(self, object: str, values: Mapping[str, Any]) -> Row:
        at = self._at.stamp_now()
        if object in LINKS:
            return self._at.link(object, str(values["contact_id"]), str(values[LINKS[object]]), at)
        if object in ("conversation_parts", "ticket_parts"):
            parent = self._at.tables[OWNERS[object][0]].require(str(values[OWNERS[object][1]]))
            author = str(values.get("author_id", self._at.me))
            return self._seeder.say(parent, object, author, str(values.get("body", "")), at,
                                    kind=str(values.get("part_type", "comment")))  # fmt: skip
        base: dict[str, Any] = _MADE[object]() if object in _MADE else {}
        if object == CUSTOM:
            base = {"external_created_at": None, "external_updated_at": None, "custom": {}}
        if object == "conversations":
            base["contact_id"] = self._seeder.contact(0)
        if object == "tickets":
            base |= {"contact_id": self._seeder.contact(0), "number": self._at.next_id("tickets")}
        row = self._at.put(object, {**base, **self._split(values, base)}, self._at.next_id(object), at)
        if object in OWNERS:
            self._touch_owner(object, row, at)
        return row

    def _split(self, values: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
        """The workspace's own fields where they stand, beside those that were there."""
        own = {name[3:]: value for name, value in values.items() if name.startswith("cf_")}
        plain = {name: value for name, value in values.items() if not name.startswith(("cf_", "_"))}
        return {**plain, "custom": {**held.get("custom", {}), **own}} if own else plain

    def _update(self, object: str, row: Row, values: Mapping[str, Any]) -> None:
        at = self._at.stamp_now()
        if object in LINKS:
            raise ValueError("a tie between two records holds nothing that could be changed")
        self._at.tables[object].update(row.id, self._split(values, row.values), at)
        if object in OWNERS:
            self._touch_owner(object, row, at)

    def _touch_owner(self, object: str, row: Row, at: datetime) -> None:
        owner = self._at.find(OWNERS[object][0], row.values[OWNERS[object][1]])
        if owner is not None:
            self._at.touch(OWNERS[object][0], owner, at)

    def _delete(self, object: str, row: Row) -> None:
        if object == "companies":
            self._writes.gone_company(row)
            return
        at = self._at.stamp_now()
        self._at.tables[object].delete(row.id, at)
        if object in OWNERS:
            self._touch_owner(object, row, at)

    def _merge(self, object: str, row: Row, loser: str) -> None:
        if object != "contacts":
            raise ValueError(f"nobody can merge {object} in Intercom")
        if row.values["role"] != "user":
            raise ValueError("contacts are merged into users")
        self._writes.merged(self._at.tables["contacts"].require(loser), row)

    def _field(self, op: str, object: str, values: Mapping[str, Any]) -> dict[str, Any]:
        name, attributes = str(values["name"]).removeprefix("cf_"), self._at.attributes
        if object not in MODELS:
            raise ValueError(f"the fields of {object} do not come and go here")
        held = attributes.of[MODELS[object]]
        if op == "remove_field":
            held[name].archived = True
        elif name in held:
            held[name].archived = False
        else:
            attributes.add(MODELS[object], name, str(values.get("type", "string")))
        return {"name": f"cf_{name}"}

    # -- the truth -------------------------------------------------------------------------------------------------

    def dump(self, object: str) -> list[dict[str, Any]]:
        """Every record, times spelt out, as the definition names the fields."""
        if object not in self._at.tables:
            raise KeyError(f"there is no object {object}")
        rows = [row for row in self._at.tables[object].order if not row.purged]
        return [
            _spelt(self._told(object, row)) | {"_deleted": self._is_gone(object, row), "_merged_into": row.merged_into}
            for row in rows
        ]

    def _is_gone(self, object: str, row: Row) -> bool:
        if object in OWNERS:
            owner, field = OWNERS[object]
            if self._at.find(owner, row.values[field]) is None:
                return True
            if object == "contact_companies" and self._at.find("companies", row.values["company_id"]) is None:
                return True
            return not row.live or (object == "company_notes" and self._is_gone("companies", self._owner(object, row)))
        if object == "companies" and row.live:
            # no list shows a company that nobody belongs to
            return self._at.variants["companies_without_users"] != "shown" and not self._at.users_of(row)
        return not row.live

    def _owner(self, object: str, row: Row) -> Row:
        owner, field = OWNERS[object]
        return self._at.tables[owner].require(row.values[field])

    def _told(self, object: str, row: Row) -> dict[str, Any]:
        at = self._at
        match object:
            case "contacts":
                told = at.contact(row, history=True)
                counts = {f"{name}_count": told[name]["total_count"] for name in ("companies", "tags", "notes")}
                merged = [each["source_contact_id"] for each in told.get("merge_history", ())]
                return {
                    **self._own(told, "custom_attributes", at.attributes, "contact"),
                    **counts,
                    "merged_ids": merged or None,
                }
            case "companies":
                told = at.company(row)
                told["plan"] = told["plan"].get("name")
                return self._own(told, "custom_attributes", at.attributes, "company")
            case "conversations":
                told = self._own(at.conversation(row), "custom_attributes", at.attributes, "conversation")
                source = told.pop("source")
                author = source.get("author") or {}
                figures = told["statistics"] or {}
                return {**told, "contact_id": row.values["contact_id"], "source_type": source.get("type"),
                        **{name: figures.get(name) for name in ("first_admin_reply_at", "last_admin_reply_at",
                                                                "last_contact_reply_at", "last_close_at")},
                        "tag_names": [each["name"] for each in told["tags"]["tags"]] or None,
                        "ticket_id": None, "company_id": (told["company"] or {}).get("id"),
                        "source_subject": source.get("subject"), "source_body": source.get("body"),
                        "source_author_type": author.get("type"), "source_author_id": author.get("id"),
                        "source_url": source.get("url")}  # fmt: skip
            case "tickets":
                told = self._own(
                    at.ticket(row), "ticket_attributes", at.attributes, f"ticket {row.values['ticket_type_id']}"
                )
                state, type = told.pop("ticket_state"), told.pop("ticket_type")
                return {**told, "contact_id": row.values["contact_id"], "ticket_state_id": state["id"],
                        "state": state["category"], "state_label": state["internal_label"],
                        "ticket_type_id": type["id"], "type_name": type["name"]}  # fmt: skip
            case "conversation_parts" | "ticket_parts":
                told, author = at.part(row), row.values["author"]
                owner = OWNERS[object][1]
                if object == "ticket_parts":
                    return {**told, owner: row.values[owner]}
                return {**told, owner: row.values[owner], "author_type": author["type"], "author_id": author["id"]}
            case "contact_notes" | "company_notes":
                owner = OWNERS[object][1]
                return {"id": row.id, "created_at": at.note(row)["created_at"], owner: row.values[owner],
                        "author_id": row.values["admin_id"], "body": row.values["body"]}  # fmt: skip
            case "contact_companies" | "contact_segments":
                return {"contact_id": row.values["contact_id"], LINKS[object]: row.values[LINKS[object]]}
            case "contact_tags":
                return {**row.values, "applied_at": int(row.created_at.timestamp())}
        if object == CUSTOM:
            told = at.instance(row)
            return {**told, **{f"cf_{name}": value for name, value in told.pop("custom_attributes").items()}}
        return at.small(object, row)

    def _own(self, told: dict[str, Any], at: str, attributes: Attributes, model: str) -> dict[str, Any]:
        """The workspace's own fields beside the record's, those that hold moments spelt out."""
        own = told.pop(at)
        known = attributes.of[model]
        return {**told, **{f"cf_{name}": _iso(value) if known[name].type in _DATED else value
                           for name, value in own.items() if name in known}}  # fmt: skip


def _iso(value: Any) -> Any:
    return datetime.fromtimestamp(value, UTC).isoformat() if isinstance(value, int) and value else None


def _spelt(told: dict[str, Any]) -> dict[str, Any]:
    return {name: _iso(value) if name in _TIMES else value for name, value in told.items()}
