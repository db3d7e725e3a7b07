"""Records written one by one: each field is looked at, and all that do not fit are told at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.freshdesk import asked
from backhaul.sandbox.freshdesk.account import Account
from backhaul.sandbox.freshdesk.answers import (
    duplicate,
    error,
    invalid,
    markup,
    not_found,
    nothing,
    plain,
    reply,
    stamp,
    unexpected,
)
from backhaul.sandbox.freshdesk.kinds import KINDS, Kind, fault, mismatch
from backhaul.sandbox.tables import Row

REQUESTERS = ("requester_id", "email", "phone", "twitter_id", "facebook_id", "unique_external_id")
REACHED = ("email", "phone", "mobile", "twitter_id", "unique_external_id")
_REPLY = {"body": "text", "from_email": "text", "user_id": "integer", "cc_emails": "list", "bcc_emails": "list"}
_NOTE = {"body": "text", "private": "boolean", "incoming": "boolean", "user_id": "integer", "notify_emails": "list"}


class Writes:
    def __init__(self, account: Account) -> None:
        self._account = account

    # -- records ------------------------------------------------------------------------------------------------

    async def create(self, request: Request) -> Response:
        account, kind = self._account, KINDS[request.path_params["name"]]
        asked.parameters(account, request)
        row = self.made(kind, await asked.body(request), account.clock.now())
        return reply(account.shown(kind.name, row, alone=True), 201)

    def made(self, kind: Kind, given: Mapping[str, Any], now: datetime) -> Row:
        values, custom = self.checked(kind, given, kind.writable)
        missing = [
            error(each, "It should be a/an String", "missing_field") for each in kind.required if each not in given
        ]
        if kind.name == "tickets" and not any(given.get(each) for each in REQUESTERS):
            missing.append(error("requester_id", "It should be a/an Integer", "missing_field"))
        if kind.name == "contacts" and not any(given.get(each) for each in REACHED):
            words = f"Please fill at least 1 of {', '.join(REACHED)} fields."
            missing.append(error("email", words, "missing_field"))
        if missing:
            invalid(*missing)
        self._unique(kind, given, None)
        if kind.name == "tickets":
            values = self._ticket(values, now)
        return self._account.insert(kind.name, {**kind.empty, **values, "custom": custom}, now)

    def _ticket(self, values: dict[str, Any], now: datetime) -> dict[str, Any]:
        """With its requester, who is found or made by what is known of them."""
        account = self._account
        known = {each: values.pop(each) for each in (*REQUESTERS[1:], "name") if each in values}
        if values.get("requester_id") is None:
            field, value = next((each, known[each]) for each in REQUESTERS[1:] if known.get(each))
            contact = next((row for row in account.tables["contacts"].live() if row.values.get(field) == value), None)
            if contact is None:
                person = {"name": known.get("name", str(value).partition("@")[0]), field: value}
                contact = account.insert("contacts", {**KINDS["contacts"].empty, **person, "custom": {}}, now)
            values["requester_id"] = int(contact.id)
        requester = account.live("contacts", values["requester_id"])
        if values.get("company_id") is None and requester is not None:
            values["company_id"] = requester.values["company_id"]
        return {**values, "stats": _stats({}, None, values["status"], now)}

    async def update(self, request: Request) -> Response:
        account, kind = self._account, KINDS[request.path_params["name"]]
        asked.parameters(account, request)
        row = account.live(kind.name, request.path_params["id"])
        if row is None:
            return not_found()
        self.changed(kind, row, await asked.body(request), account.clock.now())
        return reply(account.shown(kind.name, row, alone=True))

    def changed(self, kind: Kind, row: Row, given: Mapping[str, Any], now: datetime) -> None:
        if not given:
            invalid(error("", "Request body is empty", "missing_field"))
        values, custom = self.checked(kind, given, kind.updatable or kind.writable)
        if any(each in given and given[each] in (None, "") for each in kind.required):
            invalid(
                *(
                    error(each, "It should not be blank", "invalid_value")
                    for each in kind.required
                    if not given.get(each)
                )
            )
        self._unique(kind, given, row)
        if "status" in values:
            values["stats"] = _stats(row.values.get("stats", {}), row.values["status"], values["status"], now)
        held = row.values.get("custom", {})
        self._account.tables[kind.name].update(row.id, {**values, "custom": {**held, **custom}}, now)

    async def delete(self, request: Request) -> Response:
        account, name = self._account, request.path_params["name"]
        asked.parameters(account, request)
        row = account.live(name, request.path_params["id"])
        if row is None:
            return not_found()
        account.delete(name, row, account.clock.now())
        return nothing()

    async def restore(self, request: Request) -> Response:
        account, name = self._account, request.path_params["name"]
        row = account.find(name, request.path_params["id"])
        if row is None or row.live:
            return not_found()
        account.tables[name].restore(row.id, account.clock.now())
        return nothing()

    async def hard_delete(self, request: Request) -> Response:
        """For good: only of a contact that is deleted, unless it is forced."""
        account = self._account
        found = asked.parameters(account, request, "force")
        row = account.find("contacts", request.path_params["id"])
        if row is None or (row.live and found.get("force", "").lower() != "true"):
            return not_found()
        account.tables["contacts"].purge(row.id)
        return nothing()

    async def merge(self, request: Request) -> Response:
        account, given = self._account, await asked.body(request)
        winner = account.live("contacts", given.get("primary_contact_id"))
        losers = [account.live("contacts", each) for each in given.get("secondary_contact_ids", [])]
        if winner is None or not losers or None in losers:
            invalid(error("primary_contact_id", "There is no contact matching the given ids", "invalid_value"))
        for loser in losers:
            assert loser is not None  # looked at above
            account.tables["contacts"].merge(loser.id, winner.id, account.clock.now())
        return nothing()

    # -- what is said on a ticket -------------------------------------------------------------------------------

    async def note(self, request: Request) -> Response:
        return await self._said(request, _NOTE, {"source": 2, "private": True, "incoming": False})

    async def reply(self, request: Request) -> Response:
        return await self._said(request, _REPLY, {"source": 0, "private": False, "incoming": False})

    async def _said(self, request: Request, rules: Mapping[str, str], usual: Mapping[str, Any]) -> Response:
        account = self._account
        asked.parameters(account, request)
        ticket = account.live("tickets", request.path_params["id"])
        if ticket is None:
            return not_found()
        given = await asked.body(request)
        values = self._fitting(given, rules)
        if not given.get("body"):
            invalid(error("body", "It should be a/an String", "missing_field"))
        values.pop("notify_emails", None)
        row = said(account, ticket, {"user_id": int(account.me), **usual, **values}, account.clock.now())
        return reply(account.shown("conversations", row), 201)

    async def edit(self, request: Request) -> Response:
        """Of a note; what was sent cannot be changed."""
        account = self._account
        row = account.live("conversations", request.path_params["id"])
        if row is None:
            return not_found()
        given = await asked.body(request)
        values = self._fitting(given, {"body": "text"})
        if row.values["source"] != 2:
            return Response(b"", 405, {"Allow": "DELETE"})
        now = account.clock.now()
        text = {"body": markup(values["body"]), "body_text": plain(values["body"])} if values else {}
        account.tables["conversations"].update(row.id, {**text, "last_edited_at": stamp(now)}, now)
        account.touch(account.tables["tickets"].require(str(row.values["ticket_id"])), now)
        return reply(account.shown("conversations", row))

    async def unsay(self, request: Request) -> Response:
        account = self._account
        row = account.live("conversations", request.path_params["id"])
        if row is None:
            return not_found()
        now = account.clock.now()
        account.delete("conversations", row, now)
        account.touch(account.tables["tickets"].require(str(row.values["ticket_id"])), now)
        return nothing()

    async def log_time(self, request: Request) -> Response:
        account, kind = self._account, KINDS["time_entries"]
        ticket = account.live("tickets", request.path_params["id"])
        if ticket is None:
            return not_found()
        values, _ = self.checked(kind, await asked.body(request), kind.writable)
        now = account.clock.now()
        own = {"agent_id": int(account.me), **values, "ticket_id": int(ticket.id)}
        row = account.insert(
            "time_entries", {**kind.empty, "executed_at": stamp(now), "start_time": stamp(now), **own}, now
        )
        return reply(account.shown("time_entries", row), 201)

    # -- checks -------------------------------------------------------------------------------------------------

    def _fitting(self, given: Mapping[str, Any], rules: Mapping[str, str]) -> dict[str, Any]:
        wrong, values = [], {}
        for name, value in given.items():
            if name not in rules:
                if self._account.variants["unknown"] == "refused":
                    wrong.append(unexpected(name))
                continue
            found = fault(rules[name], name, value)
            if found is not None:
                wrong.append(found)
            values[name] = value
        if wrong:
            invalid(*wrong)
        return values

    def checked(
        self, kind: Kind, given: Mapping[str, Any], rules: Mapping[str, str]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The values of a record and of its custom fields."""
        account, wrong = self._account, []
        custom = given.get("custom_fields") or {}
        if not isinstance(custom, dict):
            invalid(mismatch("custom_fields", custom, "Key/Value pair", False) or {})
        own = dict(given)
        if kind.name in account.fields:
            own.pop("custom_fields", None)
        for name, value in custom.items():
            found = self._custom_fault(kind.name, str(name), value)
            if found is not None:
                wrong.append(found)
        for name, value in own.items():
            rule = rules.get(name, "")
            if rule.startswith(">") and isinstance(value, int) and not self._named(rule[1:], value):
                label = name.removesuffix("_id").replace("_", " ")
                wrong.append(error(name, f"There is no {label} matching the given {name}", "invalid_value"))
        if wrong:
            invalid(*wrong)
        return self._fitting(own, rules), dict(custom)

    def _named(self, name: str, id: int) -> bool:
        """Whether there is such a record; an agent may ask for help, too."""
        names = (name, "agents") if name == "contacts" else (name,)
        return any(self._account.live(each, id) is not None for each in names)

    def _custom_fault(self, name: str, field: str, value: Any) -> dict[str, Any] | None:
        fields = self._account.fields[name]
        if field in fields:
            return fields[field].fault(value)
        if any(field in each.nested for each in fields.values()):
            return mismatch(field, value, "String", value is None or isinstance(value, str))
        return unexpected(field) if self._account.variants["unknown"] == "refused" else None

    def _unique(self, kind: Kind, given: Mapping[str, Any], own: Row | None) -> None:
        for field in kind.unique:
            value = given.get(field)
            if value in (None, ""):
                continue
            for row in self._account.tables[kind.name].live():
                if row is not own and str(row.values.get(field)).lower() == str(value).lower():
                    duplicate(field, additional_info={"user_id": int(row.id)} if kind.name == "contacts" else {})


def said(account: Account, ticket: Row, values: Mapping[str, Any], at: datetime) -> Row:
    """A reply or a note; the ticket is changed by it."""
    text = str(values["body"])
    whole = {
        "ticket_id": int(ticket.id), "category": 3, "support_email": None, "from_email": None, "to_emails": [],
        "cc_emails": [], "bcc_emails": [], "attachments": [], "last_edited_at": None, "last_edited_user_id": None,
        **values, "body": markup(text), "body_text": plain(text),
    }  # fmt: skip
    row = account.insert("conversations", whole, at)
    account.touch(ticket, at)
    return row


def _stats(held: Mapping[str, Any], before: int | None, after: int, now: datetime) -> dict[str, Any]:
    """What a ticket tells of its own course, after a change of status."""
    told = dict(held)
    if before == after:
        return told
    told["status_updated_at"] = stamp(now)
    told["resolved_at"] = (told.get("resolved_at") or stamp(now)) if after in (4, 5) else None
    told["closed_at"] = stamp(now) if after == 5 else None
    told["pending_since"] = stamp(now) if after == 3 else None
    return told
