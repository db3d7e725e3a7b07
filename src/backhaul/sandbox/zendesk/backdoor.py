"""Changes behind the API's back, for the control API and tests: what people do in Zendesk's own screens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backhaul.sandbox.tables import Row
from backhaul.sandbox.zendesk.account import PLAIN, Account, CustomObject
from backhaul.sandbox.zendesk.answers import Invalid, moment_of, stamp
from backhaul.sandbox.zendesk.fields import CustomField
from backhaul.sandbox.zendesk.kinds import FIELDS_OF, TICKETS
from backhaul.sandbox.zendesk.reads import talk
from backhaul.sandbox.zendesk.talk import comment, metrics
from backhaul.sandbox.zendesk.writing import Writing

# What happened, which nobody changes afterwards.
ADDED = ("ticket_comments", "ticket_audits", "ticket_metric_events")
_TIMES = ("_created_at", "_changed_at", "_generated_at", "_indexed_at")


class Backdoor:
    """Values are taken as they are. A custom field is named by its id (tickets) or its key, with `cf_` before it.

    `values` may name times: `_created_at`, `_changed_at`, `_generated_at` (what the exports go by) and `_indexed_at`
    (before which search does not find the record). With `_system` only the exports' time moves.
    """

    def __init__(self, account: Account, writing: Writing) -> None:
        self._account = account
        self._writing = writing

    def do(self, op: str, name: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        if op == "add_object":
            return self._add_object(name, values)
        if name not in self._account.tables:
            raise KeyError(f"there is no object {name}")
        if op in ("add_field", "remove_field", "retype_field"):
            return self._field(op, name, values)
        if op == "create":
            return self._create(name, values)
        if id is None:
            raise ValueError(f"{op} needs the id of a record")
        table, now = self._account.tables[name], self._account.stamp_now()
        row = table.require(id)
        match op:
            case "update" if name not in ADDED:
                self._update(name, row, values)
            case "delete":
                row.values["_generated"] = now
                table.delete(id, now)
            case "restore" if name in ("tickets", "users"):
                row.values["_generated"] = now
                table.restore(id, now)
            case "purge":
                table.purge(id)
            case "merge" if name in ("users", "organizations"):
                table.merge(str(values["loser"]), id, now)
                row.values["_generated"] = table.require(str(values["loser"])).values["_generated"] = now
            case "merge" if name == "tickets":
                self._merge_tickets(row, table.require(str(values["loser"])), now)
            case _:
                raise ValueError(f"Zendesk's simulator cannot {op} {name}")
        return {"id": id, "updated_at": stamp(row.changed_at), "trace": self._leaves_a_trace(name)}

    def _leaves_a_trace(self, name: str) -> bool:
        """Whether anything but its absence tells that a record of this object was deleted."""
        variants = self._account.variants
        return (
            name in ("tickets", "users")
            or (name == "organizations" and variants["deleted_organizations"] == "exported")
            or (name == "groups" and variants["deleted_groups"] == "listed")
        )

    def _create(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        times, given, custom = self._split(name, values)
        if name == "ticket_comments":
            ticket = self._account.tables["tickets"].require(str(given["ticket_id"]))
            author, at = str(given.get("author_id", self._account.me)), self._account.stamp_now()
            row = comment(self._account, ticket, author, str(given["body"]), at, public=given.get("public", True))
            # the ticket's own place in the exports is the vendor's, whenever the comment was made
            self._account.update("tickets", ticket, {}, self._account.clock.now())
            return {"id": row.id}
        try:
            row = self._writing.create(name, given)
        except Invalid as invalid:
            raise ValueError(str(invalid)) from invalid
        row.values["custom"] = {**row.values.get("custom", {}), **custom}
        self._set_times(row, times)
        return {"id": row.id, "updated_at": stamp(row.changed_at)}

    def _update(self, name: str, row: Row, values: dict[str, Any]) -> None:
        times, given, custom = self._split(name, values)
        now = times.get("_changed_at", self._account.stamp_now())
        if values.get("_system"):
            self._account.touch(name, row, now)
        else:
            if custom:
                given["custom"] = {**row.values["custom"], **custom}
            self._account.update(name, row, given, now)
        self._set_times(row, times)

    def _set_times(self, row: Row, times: Mapping[str, datetime]) -> None:
        row.created_at = times.get("_created_at", row.created_at)
        row.changed_at = times.get("_changed_at", row.changed_at)
        row.values["_generated"] = times.get("_generated_at", max(row.values["_generated"], row.changed_at))
        row.indexed_at = times.get("_indexed_at")

    def _split(
        self, name: str, values: Mapping[str, Any]
    ) -> tuple[dict[str, datetime], dict[str, Any], dict[str, Any]]:
        times: dict[str, datetime] = {}
        given: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        for field, value in values.items():
            if field in _TIMES:
                moment = moment_of(value)
                if moment is None:
                    raise ValueError(f"{field} is no time: {value!r}")
                times[field] = moment
            elif field.startswith("cf_"):
                if field[3:] not in self._account.fields.get(name, {}):
                    raise ValueError(f"{name} has no field {field}")
                custom[field[3:]] = value
            elif field != "_system":
                given[field] = value
        return times, given, custom

    def _merge_tickets(self, kept: Row, gone: Row, now: datetime) -> None:
        """The loser is closed, with a tag; nothing but its last comment tells of the winner."""
        tags = [*gone.values["tags"], "closed_by_merge"]
        self._account.update("tickets", gone, {"status": "closed", "tags": tags}, now)
        words = f"This request was closed and merged into request #{kept.id}."
        comment(self._account, gone, self._account.me, words, now, public=False)
        comment(self._account, kept, self._account.me, f"Request #{gone.id} was closed and merged.", now, public=False)
        self._account.update("tickets", kept, {}, now)

    def _field(self, op: str, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """`values`: {"name": what records call it, "type", "title", "options": [value, ...]}."""
        fields, key = self._account.fields[name], str(values["name"]).removeprefix("cf_")
        if name == "tickets" and not key.isdigit():
            # theirs are told by their ids alone
            key = str(360000000800 + len(fields))
        if (key in fields) == (op == "add_field"):
            raise ValueError(f"{name} has {'already ' if op == 'add_field' else 'no '}field {key}")
        if op == "remove_field":
            del fields[key]
            for row in self._account.tables[name].order:
                row.values.get("custom", {}).pop(key, None)
            return {"name": f"cf_{key}"}
        id = key if name == "tickets" else str(360000000900 + sum(map(len, self._account.fields.values())))
        options = tuple(str(each) for each in values.get("options", ()))
        title = str(values.get("title", key))
        fields[key] = CustomField(id, key, str(values.get("type", "text")), title, options)
        return {"name": f"cf_{key}"}

    def _add_object(self, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """`values`: {"title", "fields": [{"name", "type"}, ...]}."""
        if name in self._account.tables:
            raise ValueError(f"there is an object {name} already")
        title = str(values.get("title", name.capitalize()))
        fields = tuple(
            CustomField(str(360000000700 + n), str(one["name"]), str(one.get("type", "text")), str(one["name"]))
            for n, one in enumerate(values.get("fields", ()))
        )
        self._account.add_object(CustomObject(name, title, f"{title}s"), fields)
        return {"name": name}

    # -- the truth ----------------------------------------------------------------------------------------------

    def dump(self, name: str) -> list[dict[str, Any]]:
        """Records as the API shows them, with their custom fields beside the others as `cf_...`."""
        account = self._account
        if name in FIELDS_OF:
            return account.field_list(name)
        if name == "ticket_metrics":
            rows = [row for row in account.tables["tickets"].order if not row.purged]
            return [{**metrics(account, row), "_deleted": not row.live, "_merged_into": None} for row in rows]
        if name not in account.tables:
            raise KeyError(f"there is no object {name}")
        return [self._whole(name, row) for row in account.tables[name].order if not row.purged]

    def _whole(self, name: str, row: Row) -> dict[str, Any]:
        if name in ("ticket_comments", "ticket_audits"):
            told = talk(self._account, name.removeprefix("ticket_"), row)
            ticket = self._account.tables["tickets"].get(str(row.values["ticket_id"]))
            # the list of a deleted ticket's audits is not served; of comments the stream of events told before
            gone = name == "ticket_audits" and (ticket is None or not ticket.live)
            return {**told, "ticket_id": row.values["ticket_id"], "_deleted": gone, "_merged_into": None}
        told = self._account.shown(name, row)
        if name == TICKETS.name:
            told.pop("fields")
            told |= {f"cf_{each['id']}": each["value"] for each in told.pop("custom_fields")}
        elif name in self._account.fields:
            told.pop(self._account.kind(name).custom)
            told |= {f"cf_{key}": value for key, value in self._account.custom(name, row, PLAIN).items()}
        locked = name == TICKETS.name and row.values["status"] == "closed"
        return {**told, "_deleted": row.deleted_at is not None, "_merged_into": row.merged_into, "_locked": locked}
