"""One workspace at Intercom: its tables, what hangs on what, and how a record is shown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.intercom.answers import seconds
from backhaul.sandbox.intercom.attributes import Attributes
from backhaul.sandbox.tables import Row, Table

WORKSPACE, NAME, ZONE = "ax7q2k9d", "Acme", "America/New_York"
CUSTOM = "Subscription"
SMALL = ("admins", "teams", "tags", "segments", "ticket_types", "ticket_states", "subscription_types", "brands",
         "articles", "collections")  # fmt: skip
LINKS = {"contact_companies": "company_id", "contact_tags": "tag_id", "contact_segments": "segment_id"}
TABLES = (*SMALL, "contacts", "companies", "conversations", "conversation_parts", "tickets", "ticket_parts",
          "contact_notes", "company_notes", *LINKS, CUSTOM)  # fmt: skip
# The table whose records own those of another, and the field that names them.
OWNERS = {
    "conversation_parts": ("conversations", "conversation_id"),
    "ticket_parts": ("tickets", "ticket_id"),
    "contact_notes": ("contacts", "contact_id"),
    "company_notes": ("companies", "company_id"),
    **dict.fromkeys(LINKS, ("contacts", "contact_id")),
}
MOST_PARTS, MOST_EMBEDDED = 500, 10
_TIMES = ("signed_up_at", "last_seen_at", "last_replied_at", "last_contacted_at", "last_email_opened_at",
          "last_email_clicked_at")  # fmt: skip
_UNTOLD = ("language_override", "browser", "browser_version", "browser_language", "os", "utm_campaign", "utm_content",
           "utm_medium", "utm_source", "utm_term", "referrer", *(f"{of}_{name}" for of in ("android", "ios") for name in
           ("app_name", "app_version", "device", "os_version", "sdk_version", "last_seen_at")))  # fmt: skip


class Workspace:
    """The state that all endpoints share. Of records that hang on others, `of` knows which."""

    def __init__(self, clock: Clock, variants: Mapping[str, str], controls: Mapping[str, Any]) -> None:
        self.clock = clock
        self.variants = variants
        self.controls = controls
        self.attributes = Attributes()
        self.tables: dict[str, Table] = {name: Table(name) for name in TABLES}
        self._of: dict[str, dict[str, list[Row]]] = {name: defaultdict(list) for name in OWNERS}
        self.me = ""
        self._users: tuple[tuple[int, int], Counter[str]] = (-1, -1), Counter()

    def find(self, name: str, id: object) -> Row | None:
        row = self.tables[name].get(str(id))
        return row if row is not None and row.live else None

    def put(
        self, name: str, values: Mapping[str, Any], id: str, at: datetime, changed_at: datetime | None = None
    ) -> Row:
        """A new record, among those of its owner where it has one."""
        row = self.tables[name].insert(dict(values), id=id, at=at, changed_at=changed_at)
        if name in OWNERS:
            self._of[name][str(values[OWNERS[name][1]])].append(row)
        return row

    def of(self, name: str, owner: str) -> list[Row]:
        """Those that live, oldest first."""
        return [row for row in self._of[name].get(owner, ()) if row.live]

    def next_id(self, name: str) -> str:
        order = self.tables[name].order
        if name == "contacts":
            return f"66f0c0de{len(order) + 1:016x}"
        if name == "companies":
            return f"66f0c0fe{len(order) + 1:016x}"
        return str(max((int(row.id) for row in order if row.id.isdigit()), default=1000) + 1)

    def touch(self, name: str, row: Row, at: datetime) -> None:
        """It counts as changed, because something that hangs on it did."""
        self.tables[name].update(row.id, {}, at)

    def link(self, name: str, contact: str, other: str, at: datetime) -> Row:
        """Tie them together, again where they were before. Tags know when that was."""
        id = f"{contact}:{other}"
        row = self.tables[name].get(id)
        if row is None:
            row = self.put(name, {"contact_id": contact, LINKS[name]: other}, id, at)
        elif not row.live:
            self.tables[name].restore(id, at)
            row.created_at = at
        return row

    def unlink(self, name: str, contact: str, other: str, at: datetime) -> bool:
        row = self.find(name, f"{contact}:{other}")
        if row is not None:
            self.tables[name].delete(row.id, at)
        return row is not None

    def stamp_now(self) -> datetime:
        """The stamp of a change of people's: `index_lag` seconds ago, as of one that was not shown for so long."""
        return self.clock.now() - timedelta(seconds=float(self.controls["index_lag"]))

    def users_of(self, company: Row) -> int:
        """How many people belong to it. Lists leave out those without."""
        links, contacts = self.tables["contact_companies"], self.tables["contacts"]
        now = (links.version, contacts.version)
        if self._users[0] != now:
            held = (row.values for row in links.live())
            self._users = (
                now,
                Counter(each["company_id"] for each in held if self.find("contacts", each["contact_id"]) is not None),
            )
        return self._users[1][company.id]

    # -- contacts and companies ------------------------------------------------------------------------------------

    def contact(self, row: Row, *, history: bool = False) -> dict[str, Any]:
        values = row.values
        own = {name: value for name, value in values.items() if name not in ("custom", "merge_history")}
        told: dict[str, Any] = {
            "type": "contact",
            "id": row.id,
            "workspace_id": WORKSPACE,
            **dict.fromkeys((*_TIMES, *_UNTOLD)),
            **own,
            "has_hard_bounced": False,
            "marked_email_as_spam": False,
            "created_at": seconds(row.created_at),
            "updated_at": seconds(row.changed_at),
            "social_profiles": {"type": "list", "data": []},
            "location": {"type": "location", "country": values.get("country"), "region": None, "city": None,
                         "country_code": None, "continent_code": None},
            "custom_attributes": self._attributes("contact", values["custom"]),
            "tags": self._few(row.id, "tag", self.of("contact_tags", row.id), "tag_id"),
            "companies": self._few(row.id, "company", self.of("contact_companies", row.id), "company_id"),
            "notes": self._few(row.id, "note", self.of("contact_notes", row.id), None),
            "opted_out_subscription_types": self._few(row.id, "subscription", [], None),
            "opted_in_subscription_types": self._few(row.id, "subscription", [], None),
        }  # fmt: skip
        told.pop("country", None)
        if history and values["role"] == "user":
            told["merge_history"] = values["merge_history"]
        return told

    def _attributes(self, model: str, held: Mapping[str, Any]) -> dict[str, Any]:
        """Those that were ever set: one that never was is absent, as one that is archived is."""
        known = self.attributes.of[model]
        return {name: value for name, value in held.items() if name in known and not known[name].archived}

    def _few(self, contact: str, type: str, rows: Iterable[Row], other: str | None) -> dict[str, Any]:
        """At most ten of what hangs on a contact, and where the rest is."""
        found = list(rows)
        plural = {"company": "companies", "subscription": "subscriptions"}.get(type, f"{type}s")
        data = [
            {"id": id, "type": type, "url": f"/{plural}/{id}"}
            for row in found[:MOST_EMBEDDED]
            for id in (row.id if other is None else row.values[other],)
        ]
        return {
            "type": "list",
            "data": data,
            "url": f"/contacts/{contact}/{plural}",
            "total_count": len(found),
            "has_more": len(found) > MOST_EMBEDDED,
        }

    def company(self, row: Row) -> dict[str, Any]:
        own = {
            name: value for name, value in row.values.items() if name not in ("custom", "plan") and value is not None
        }
        plan = row.values.get("plan")
        return {
            "type": "company",
            "id": row.id,
            "app_id": WORKSPACE,
            **own,
            "created_at": seconds(row.created_at),
            "updated_at": seconds(row.changed_at),
            "session_count": 0,
            "user_count": self.users_of(row),
            "tags": {"type": "tag.list", "tags": []},
            "segments": {"type": "segment.list", "segments": []},
            "plan": {"type": "plan", "id": "1", "name": plan} if plan else {},
            "custom_attributes": self._attributes("company", row.values["custom"]),
        }

    def note(self, row: Row) -> dict[str, Any]:
        of = "contact" if "contact_id" in row.values else "company"
        return {
            "type": "note",
            "id": row.id,
            "created_at": seconds(row.created_at),
            of: {"type": of, "id": row.values[f"{of}_id"]},
            "author": self.small("admins", self.tables["admins"].require(row.values["admin_id"])),
            "body": row.values["body"],
        }

    # -- conversations and tickets ---------------------------------------------------------------------------------

    def conversation(self, row: Row, *, parts: bool = False) -> dict[str, Any]:
        values = row.values
        told = {
            "type": "conversation",
            "id": row.id,
            "created_at": seconds(row.created_at),
            "updated_at": seconds(row.changed_at),
            **{name: value for name, value in values.items() if name not in ("custom", "contact_id", "tags")},
            "contacts": self._contacts(values["contact_id"]),
            "tags": {"type": "tag.list", "tags": [self._tag(each) for each in values["tags"]]},
            "custom_attributes": self._attributes("conversation", values["custom"]),
            "topics": {},
            "ticket": None,
            "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
            "ai_agent": None,
            "ai_agent_participated": False,
        }
        if parts:
            shown = [self.part(each) for each in self.of("conversation_parts", row.id)]
            told["conversation_parts"] = {"type": "conversation_part.list", "conversation_parts": shown[-MOST_PARTS:],
                                          "total_count": len(shown)}  # fmt: skip
        return told

    def _tag(self, id: str) -> dict[str, Any]:
        row = self.tables["tags"].get(id)
        return {"type": "tag", "id": id, "name": row.values["name"] if row is not None else ""}

    def _contacts(self, id: str) -> dict[str, Any]:
        row = self.tables["contacts"].get(id)
        external = row.values["external_id"] if row is not None else None
        return {"type": "contact.list", "contacts": [{"type": "contact", "id": id, "external_id": external}]}

    def part(self, row: Row) -> dict[str, Any]:
        told = {
            "type": "conversation_part",
            "id": row.id,
            "created_at": seconds(row.created_at),
            "updated_at": seconds(row.changed_at),
            **row.values,
            "attachments": [],
            "external_id": None,
            "redacted": False,
        }
        if told.pop("ticket_id", None) is not None:
            return {**told, "type": "ticket_part"}
        del told["conversation_id"]
        return {**told, "notified_at": seconds(row.created_at), "email_message_metadata": None, "tags": [],
                "event_details": None, "app_package_code": None}  # fmt: skip

    def ticket(self, row: Row) -> dict[str, Any]:
        values = row.values
        type = self.tables["ticket_types"].require(values["ticket_type_id"])
        shown = [self.part(each) for each in self.of("ticket_parts", row.id)]
        return {
            "type": "ticket",
            "id": row.id,
            "ticket_id": values["number"],
            "category": type.values["category"],
            "ticket_attributes": values["custom"],
            "ticket_state": self.small(
                "ticket_states", self.tables["ticket_states"].require(values["state"]), brief=True
            ),
            "ticket_type": self.small("ticket_types", type),
            "contacts": self._contacts(values["contact_id"]),
            "admin_assignee_id": values["admin_assignee_id"],
            "team_assignee_id": values["team_assignee_id"],
            "company_id": values["company_id"],
            "created_at": seconds(row.created_at),
            "updated_at": seconds(row.changed_at),
            "open": values["open"],
            "snoozed_until": values["snoozed_until"],
            "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
            "is_shared": values["is_shared"],
            "previous_ticket_state_id": values["previous"],
            "ticket_parts": {
                "type": "ticket_part.list",
                "ticket_parts": shown[-MOST_PARTS:],
                "total_count": len(shown),
            },
        }

    # -- the rest --------------------------------------------------------------------------------------------------

    def small(self, name: str, row: Row, *, brief: bool = False) -> dict[str, Any]:
        """A record of a short list. brief: as it stands within another."""
        kind = {"admins": "admin", "teams": "team", "tags": "tag", "segments": "segment", "ticket_types": "ticket_type",
                "ticket_states": "ticket_state", "subscription_types": "subscription", "brands": "brand",
                "articles": "article", "collections": "collection"}[name]  # fmt: skip
        told: dict[str, Any] = {"type": kind, "id": row.id, **row.values}
        if name in ("segments", "ticket_types", "brands", "articles", "collections"):
            told |= {"created_at": seconds(row.created_at), "updated_at": seconds(row.changed_at)}
        if name == "ticket_types":
            held = self.attributes.of[f"ticket {row.id}"].values()
            data = [
                {"type": "ticket_type_attribute", "id": str(each.id), "workspace_id": WORKSPACE, "name": each.name,
                 "description": each.label, "data_type": each.type, "order": n, "required_to_create": each.required,
                 "required_to_create_for_contacts": False, "visible_on_create": True, "visible_to_contacts": True,
                 "default": False, "ticket_type_id": int(row.id), "archived": each.archived,
                 "input_options": {"list_options": [{"label": one} for one in each.options]} if each.options else None}
                for n, each in enumerate(held)
            ]  # fmt: skip
            told["ticket_type_attributes"] = {"type": "list", "data": data}
        if brief:
            told.pop("archived", None)
        return told

    def instance(self, row: Row) -> dict[str, Any]:
        return {
            "id": row.id,
            "type": CUSTOM,
            "external_id": row.values["external_id"],
            "external_created_at": row.values["external_created_at"],
            "external_updated_at": row.values["external_updated_at"],
            "created_at": seconds(row.created_at),
            "updated_at": seconds(row.changed_at),
            "custom_attributes": row.values["custom"],
        }
