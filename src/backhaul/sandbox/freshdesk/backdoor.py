"""Changes behind the API's back, for the control API and tests: what people do in Freshdesk's own screens."""

from __future__ import annotations

from typing import Any

from backhaul.sandbox.freshdesk.account import Account, Schema
from backhaul.sandbox.freshdesk.answers import moment_of, stamp
from backhaul.sandbox.freshdesk.kinds import KINDS, PARENTS, CustomField
from backhaul.sandbox.freshdesk.writes import said
from backhaul.sandbox.tables import Row, Table

REPLIES = "replies"


class Backdoor:
    """Values are taken as they are. `_changed_at` may be among them."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def do(self, op: str, name: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        if op == "add_object":
            return self._add_object(name, values)
        account = self._account
        if name not in account.tables:
            raise KeyError(f"there is no object {name}")
        if op in ("add_field", "remove_field"):
            return self._field(op, name, values)
        now, table = account.stamp_now(), account.tables[name]
        if op == "create":
            return {"id": self._create(name, values).id}
        if id is None:
            raise ValueError(f"{op} needs the id of a record")
        row = table.require(id)
        match op:
            case "update":
                self._update(name, row, values)
            case "delete":
                self._delete(name, row)
            case "restore" if name in ("tickets", "contacts"):
                table.restore(id, now)
            case "purge":
                self._purge(name, row)
            case "merge" if name == "contacts":
                table.merge(str(values["loser"]), id, now)
            case "merge" if name == "tickets":
                self._merge_tickets(row, table.require(str(values["loser"])))
            case _:
                raise ValueError(f"Freshdesk's simulator cannot {op} {name}")
        return {
            "id": id,
            "updated_at": stamp(row.changed_at),
            "trace": op != "purge" and name in ("tickets", "contacts"),
        }

    def _create(self, name: str, values: dict[str, Any]) -> Row:
        account, at = self._account, self._account.stamp_now()
        if name == "conversations":
            ticket = account.tables["tickets"].require(str(values["ticket_id"]))
            usual = {"source": 2, "private": True, "incoming": False, "user_id": int(account.me)}
            return said(account, ticket, {**usual, **values}, at)
        own, custom = self._split(name, values)
        empty = KINDS[name].empty if name in KINDS else {}
        held = {"custom": custom} if name in account.fields else {}
        return account.insert(name, {**empty, **own, **held}, at)

    def _update(self, name: str, row: Row, values: dict[str, Any]) -> None:
        account = self._account
        own, custom = self._split(name, values)
        at = moment_of(values.get("_changed_at")) or account.stamp_now()
        if custom:
            own["custom"] = {**row.values["custom"], **custom}
        account.tables[name].update(row.id, own, at)
        if name == "conversations":
            account.touch(account.tables["tickets"].require(str(row.values["ticket_id"])), at)

    def _delete(self, name: str, row: Row) -> None:
        account, at = self._account, self._account.stamp_now()
        account.delete(name, row, at)
        if name == "conversations":
            account.touch(account.tables["tickets"].require(str(row.values["ticket_id"])), at)

    def _purge(self, name: str, row: Row) -> None:
        """Gone for good. Of tickets nothing tells that: they are in the trash first."""
        if name == "tickets" and row.live:
            raise ValueError("a ticket of Freshdesk's is in the trash before it is gone for good")
        self._account.tables[name].purge(row.id)

    def _merge_tickets(self, kept: Row, gone: Row) -> None:
        """The loser is closed; nothing but its last note tells of the winner."""
        account, at = self._account, self._account.stamp_now()
        account.tables["tickets"].update(gone.id, {"status": 5}, at)
        usual = {"source": 2, "private": True, "incoming": False, "user_id": int(account.me)}
        said(account, gone, {**usual, "body": f"This ticket is closed and merged into ticket {kept.id}"}, at)
        said(account, kept, {**usual, "body": f"Ticket with ID {gone.id} is merged into this ticket"}, at)

    def _split(self, name: str, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        fields = self._account.fields.get(name, {})
        known = {own for each in fields.values() for own in (each.name, *each.nested)}
        custom = {each: value for each, value in values.items() if each in known}
        return {each: value for each, value in values.items() if each not in known and each[0] != "_"}, custom

    # -- what there is ------------------------------------------------------------------------------------------

    def _field(self, op: str, name: str, values: dict[str, Any]) -> dict[str, Any]:
        """`values`: {"name", "type", "choices"}; of tickets, contacts and companies names begin with `cf_`."""
        account, given = self._account, str(values["name"])
        if name.startswith("custom_"):
            fields: dict[str, Any] = account.schemas[int(name.removeprefix("custom_"))].fields
            made: Any = (given.title(), str(values.get("type", "TEXT")), False, ())
        elif name in account.fields:
            fields, given = account.fields[name], f"cf_{given.removeprefix('cf_')}"
            choices = tuple(str(each) for each in values.get("choices", ()))
            made = CustomField(
                given, given.removeprefix("cf_").title(), str(values.get("type", "custom_text")), choices
            )
        else:
            raise ValueError(f"{name} has no fields of its own")
        if (given in fields) == (op == "add_field"):
            raise ValueError(f"{name} has {'already ' if op == 'add_field' else 'no '}field {given}")
        if op == "add_field":
            fields[given] = made
        else:
            del fields[given]
        for row in account.tables[name].order if op == "remove_field" else ():
            row.values.pop(given, None)
            row.values.get("custom", {}).pop(given, None)
        return {"name": given}

    def _add_object(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        """`values`: {"title", "fields": [{"name", "type"}, ...]}; the answer tells what it is called."""
        account = self._account
        schema = Schema(max(account.schemas, default=0) + 1, str(values.get("title", name)), name.upper()[:3])
        schema.fields["name"] = ("Name", "PRIMARY", True, ())
        for each in values.get("fields", ()):
            schema.fields[str(each["name"])] = (str(each["name"]), str(each.get("type", "TEXT")), False, ())
        account.schemas[schema.id] = schema
        account.tables[schema.table] = Table(schema.table)
        return {"name": schema.table}

    # -- the truth ----------------------------------------------------------------------------------------------

    def dump(self, name: str) -> list[dict[str, Any]]:
        """Records as the API shows them, with their custom fields beside the others."""
        of = "conversations" if name == REPLIES else name
        if of not in self._account.tables:
            raise KeyError(f"there is no object {name}")
        rows = [row for row in self._account.tables[of].order if not row.purged]
        told = [self._whole(of, row) for row in rows]
        return [each for each in told if name != REPLIES or (each["source"] == 0 and not each["incoming"])]

    def _whole(self, name: str, row: Row) -> dict[str, Any]:
        account = self._account
        told = account.shown(name, row, include=("description", "stats"))
        told |= told.pop("custom_fields", {})
        told |= told.pop("data", {})
        if name.startswith("custom_"):
            told |= {"created_time": row.created_at.isoformat(), "updated_time": row.changed_at.isoformat()}
        told.pop("version", None)
        if name == "agents":
            contact = told.pop("contact")
            told |= {each: contact[each] for each in ("name", "email", "active", "job_title", "phone", "mobile",
                                                      "language", "time_zone")}  # fmt: skip
        gone = not row.live or bool(name == "tickets" and row.values["spam"])
        if name in PARENTS:
            field = {"conversations": "ticket_id", "solution_folders": "category_id"}.get(name, "folder_id")
            parent = account.live(PARENTS[name], row.values[field])
            gone = gone or parent is None or bool(parent.values.get("spam"))
        for each in ("deleted", "ticket_cc_emails"):
            told.pop(each, None)
        return {**told, "_deleted": gone, "_merged_into": row.merged_into}
