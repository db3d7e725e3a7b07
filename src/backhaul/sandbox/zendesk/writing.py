"""Creates, changes and deletes single records, checked as Zendesk checks them: for requests, jobs, the backdoor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backhaul.sandbox.tables import Row
from backhaul.sandbox.zendesk.account import Account
from backhaul.sandbox.zendesk.answers import Invalid, moment_of, stamp
from backhaul.sandbox.zendesk.kinds import TICKETS, Kind
from backhaul.sandbox.zendesk.talk import audit, comment, ticket_values

# Of a ticket's update, beside its fields.
_ACTS = {"comment", "safe_update", "updated_stamp", "additional_tags", "remove_tags", "id", "description", "requester"}
_PERSON: dict[str, Any] = {
    "name": None, "email": None, "external_id": None, "alias": None, "phone": None, "role": "end-user",
    "locale": "en-US", "time_zone": "UTC", "iana_time_zone": "Etc/UTC", "verified": False, "suspended": False,
    "notes": "", "details": "", "signature": None, "organization_id": None, "default_group_id": None,
    "last_login_at": None, "tags": [],
}  # fmt: skip
_NEW: dict[str, dict[str, Any]] = {
    "users": _PERSON,
    "organizations": {
        "name": None, "external_id": None, "details": "", "notes": "", "group_id": None, "shared_tickets": False,
        "shared_comments": False, "domain_names": [], "tags": [],
    },
    "groups": {"name": None, "description": "", "is_public": True, "default": False},
}  # fmt: skip


class NotThere(Exception):
    """There is no live record of this id."""


class Conflicting(Exception):
    """A safe update of a ticket that somebody else changed."""


class Writing:
    def __init__(self, account: Account) -> None:
        self._account = account

    def create(self, name: str, given: Mapping[str, Any]) -> Row:
        """Raises Invalid."""
        account, now = self._account, self._account.clock.now()
        if name == "tickets":
            return self._open(given, now)
        values, custom = self._checked(name, given, None)
        base = _NEW.get(name, {"name": None, "external_id": None})
        return account.insert(name, {**base, **values, "custom": custom}, now)

    def update(self, name: str, id: object, given: Mapping[str, Any]) -> Row:
        """Raises NotThere, Invalid, Conflicting."""
        account, now = self._account, self._account.clock.now()
        row = account.find(name, id)
        if row is None:
            raise NotThere
        if name == "tickets":
            self._change(row, given, now)
            return row
        values, custom = self._checked(name, given, row)
        account.update(name, row, {**values, "custom": {**row.values["custom"], **custom}}, now)
        return row

    def upsert(self, name: str, given: Mapping[str, Any], *fields: str) -> tuple[Row, bool]:
        """By the first of these unique fields that is given; whether the record was made. Raises Invalid."""
        field = next((each for each in fields if given.get(each)), None)
        if field is None:
            raise Invalid({"base": [f"One of {', '.join(fields)} is needed"]})
        found = self._account.by_unique(name, field, given[field])
        if found is None:
            return self.create(name, given), True
        return self.update(name, found.id, given), False

    def delete(self, name: str, id: object) -> Row:
        """Raises NotThere. Tickets and users stay behind as deleted ones; of the others the lists know nothing."""
        account, now = self._account, self._account.clock.now()
        row = account.find(name, id)
        if row is None:
            raise NotThere
        row.values["_generated"] = now
        account.tables[name].delete(row.id, now)
        return row

    # -- tickets ------------------------------------------------------------------------------------------------

    def _open(self, given: Mapping[str, Any], now: datetime) -> Row:
        account = self._account
        said = self._said(given)
        values, custom = self._checked("tickets", given, None)
        body = str(given.get("description") or said.get("body") or said.get("html_body") or "")
        if not body:
            raise Invalid({"base": ["Description: cannot be blank"]})
        values.setdefault("requester_id", self._asker(given) or int(account.me))
        values.setdefault("submitter_id", int(account.me))
        requester = account.find("users", values["requester_id"])
        if requester is not None and "organization_id" not in values:
            values["organization_id"] = requester.values["organization_id"]
        subject = values.get("subject") or body[:80]
        made = ticket_values(**{**values, "subject": subject, "description": body, "custom": custom})
        row = account.insert("tickets", made, now)
        author = str(said.get("author_id") or values["submitter_id"])
        comment(account, row, author, body, now, public=said.get("public", True), first=True,
                html=said.get("html_body"))  # fmt: skip
        return row

    def _change(self, row: Row, given: Mapping[str, Any], now: datetime) -> None:
        account = self._account
        safe = str(given.get("safe_update", "false")).lower() == "true"
        if safe and "updated_stamp" not in given:
            raise Invalid({"updated_stamp": ["Updated stamp: cannot be blank"]})
        if safe and moment_of(given["updated_stamp"]) != moment_of(stamp(row.changed_at)):
            raise Conflicting
        if row.values["status"] == "closed":
            raise Invalid({"status": ["Status: closed prevents ticket update"]})
        values, custom = self._checked("tickets", given, row)
        tags = list(values.get("tags", row.values["tags"]))
        tags += [tag for tag in given.get("additional_tags", ()) if tag not in tags]
        values["tags"] = [tag for tag in tags if tag not in given.get("remove_tags", ())]
        said = self._said(given)
        if "comment" in given and not (said.get("body") or said.get("html_body")):
            raise Invalid({"base": ["Comment: cannot be blank"]})
        changes = [
            {"type": "Change", "field_name": field, "value": value, "previous_value": row.values.get(field)}
            for field, value in values.items()
            if value != row.values.get(field)
        ]
        account.update("tickets", row, {**values, "custom": {**row.values["custom"], **custom}}, now)
        if said:
            body = str(said.get("body") or said.get("html_body"))
            comment(account, row, str(said.get("author_id") or account.me), body, now,
                    public=said.get("public", True), html=said.get("html_body"), changes=changes)  # fmt: skip
        elif changes:
            audit(account, row, account.me, changes, now)

    def _said(self, given: Mapping[str, Any]) -> dict[str, Any]:
        found = given.get("comment")
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise Invalid({"comment": ["Comment: must be an object"]})
        unknown = set(found) - {"body", "html_body", "public", "author_id", "uploads"}
        if unknown and self._account.variants["unknown_parameters"] == "refused":
            raise Invalid({"comment": [f"Comment: unknown attribute {sorted(unknown)[0]}"]})
        author = found.get("author_id")
        if author is not None and self._account.find("users", author) is None:
            raise Invalid({"comment": [f"Author: {author} is not a user"]})
        return found

    def _asker(self, given: Mapping[str, Any]) -> int | None:
        """The requester who is told by name and e-mail address, made where there is none."""
        person = given.get("requester")
        if not isinstance(person, dict):
            return None
        return int(self.upsert("users", person, "email")[0].id)

    # -- checks -------------------------------------------------------------------------------------------------

    def _checked(self, name: str, given: Mapping[str, Any], row: Row | None) -> tuple[dict[str, Any], dict[str, Any]]:
        """The values and the custom values, as they are kept."""
        account, kind = self._account, self._account.kind(name)
        values: dict[str, Any] = {}
        wrong: dict[str, list[str]] = {}
        for field, value in given.items():
            takes = kind.writable.get(field)
            if takes is None:
                if not self._passed_over(kind, field):
                    wrong[field] = [f"{field}: is not an attribute of {kind.label}"]
                continue
            problem = self._wrong(takes, value)
            if problem is not None:
                wrong[field] = [f"{_title(field)}: {problem}"]
            else:
                values[field] = _kept(takes, value)
        for field in kind.required:
            if (field in given or row is None) and not given.get(field):
                wrong[field] = [f"{_title(field)}: cannot be blank"]
        for field in kind.unique:
            held = account.by_unique(name, field, given[field]) if given.get(field) else None
            if held is not None and (row is None or held.id != row.id):
                wrong[field] = [f"{_title(field)}: {given[field]} has already been taken"]
        custom = self._custom(name, kind, given.get(kind.custom), wrong) if kind.custom else {}
        if wrong:
            raise Invalid(wrong)
        return values, custom

    def _passed_over(self, kind: Kind, field: str) -> bool:
        acts = _ACTS if kind is TICKETS else {"id", "skip_verify_email"}
        return field == kind.custom or field in acts or self._account.variants["unknown_parameters"] == "ignored"

    def _wrong(self, takes: str | tuple[str, ...], value: Any) -> str | None:
        if value is None:
            return None
        if isinstance(takes, tuple):
            return None if value == "" or value in takes else f"{value} is not valid; it is one of {', '.join(takes)}"
        if takes.startswith(">"):
            found = self._account.find(takes[1:], value)
            return None if found is not None else f"{value} is invalid"
        right = {
            "text": isinstance(value, str),
            "boolean": isinstance(value, bool),
            "list": isinstance(value, list),
            "time": value == "" or moment_of(value) is not None,
        }
        return None if right[takes] else f"{value!r} is not valid"

    def _custom(self, name: str, kind: Kind, given: Any, wrong: dict[str, list[str]]) -> dict[str, Any]:
        if given is None:
            return {}
        if name == "tickets":
            if not isinstance(given, list) or not all(isinstance(one, dict) and "id" in one for one in given):
                wrong[kind.custom] = [f"{kind.custom}: must be a list of objects with id and value"]
                return {}
            given = {str(one["id"]): one.get("value") for one in given}
        if not isinstance(given, dict):
            wrong[kind.custom] = [f"{kind.custom}: must be an object"]
            return {}
        kept: dict[str, Any] = {}
        for key, value in given.items():
            field = self._account.fields[name].get(str(key))
            if field is None or field.system:
                if self._account.variants["unknown_parameters"] == "refused":
                    wrong[str(key)] = [f"{key}: is not a field of {kind.label}"]
                continue
            problem = field.wrong(value)
            if problem is not None:
                wrong[str(key)] = [problem]
            else:
                kept[str(key)] = field.kept(value)
        return kept


def _title(field: str) -> str:
    return field.replace("_", " ").capitalize()


def _kept(takes: str | tuple[str, ...], value: Any) -> Any:
    if value == "" and takes != "text":
        return None
    if value is not None and isinstance(takes, str) and takes.startswith(">"):
        return int(value)
    if value is not None and takes == "time":
        moment = moment_of(value)
        return None if moment is None else stamp(moment)
    return value
