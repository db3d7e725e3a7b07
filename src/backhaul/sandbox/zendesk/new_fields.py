"""Custom fields made by the API: an administrator's right, which `forbidden` takes away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.zendesk import asked
from backhaul.sandbox.zendesk.account import Account
from backhaul.sandbox.zendesk.answers import Invalid, not_found, reply
from backhaul.sandbox.zendesk.fields import TYPES_OF_FIELDS, CustomField
from backhaul.sandbox.zendesk.kinds import FIELDS_OF

_CHOICES = ("tagger", "dropdown", "multiselect")
_KNOWN = {"key", "type", "title", "description", "active", "regexp_for_validation", "custom_field_options",
          "relationship_target_type"}  # fmt: skip
_KEY = re.compile(r"(?!\d+$)[A-Za-z0-9_]+")
_TAG = re.compile(r"[^\s&%,]+")


class NewFields:
    def __init__(self, account: Account) -> None:
        self._account = account

    async def create(self, request: Request) -> Response:
        """Of tickets, users or organizations."""
        name = request.path_params["name"]
        return await self._create(request, FIELDS_OF[name], name, name.removesuffix("s"))

    async def create_of_custom_object(self, request: Request) -> Response:
        name = request.path_params["key"]
        if name not in self._account.objects:
            return not_found()
        return await self._create(request, name, f"custom_objects/{name}/fields", "custom_object_field")

    async def _create(self, request: Request, of: str, path: str, wrapper: str) -> Response:
        account = self._account
        asked.parameters(account.variants, request)
        given = await asked.wrapped(request, wrapper)
        wrong = self._wrong(of, given)
        if wrong:
            return Invalid(wrong).answer()
        id = str(360000000900 + sum(map(len, account.fields.values())))
        options = tuple(str(each["value"]) for each in given.get("custom_field_options") or ())
        made = CustomField(
            id, str(given.get("key", id)), str(given["type"]), str(given["title"]), options,
            str(given.get("regexp_for_validation") or ""), str(given.get("relationship_target_type") or ""),
        )  # fmt: skip
        account.fields[of][made.name(of)] = made
        return reply({wrapper: made.shown(of, f"{account.url}/api/v2/{path}", account.clock.now())}, 201)

    def _wrong(self, of: str, given: Mapping[str, Any]) -> dict[str, list[str]]:
        wrong: dict[str, list[str]] = {}
        known = _KNOWN - {"key"} if of == "tickets" else _KNOWN
        if self._account.variants["unknown_parameters"] == "refused":
            wrong |= {each: [f"{each}: is not a property of a field"] for each in given if each not in known}
        if not given.get("title"):
            wrong["title"] = ["Title: cannot be blank"]
        kind = given.get("type")
        if kind not in TYPES_OF_FIELDS or kind == ("dropdown" if of == "tickets" else "tagger"):
            wrong["type"] = [f"Type: {kind!r} is not a type of field here"]
        if of != "tickets":
            key = given.get("key")
            if not isinstance(key, str) or not _KEY.fullmatch(key):
                wrong["key"] = ["Key: must consist of letters, numbers and underscores, and not of numbers only"]
            elif key in self._account.fields[of]:
                wrong["key"] = [f"Key: {key} has already been taken"]
        if kind in _CHOICES:
            wrong |= _wrong_choices(given.get("custom_field_options"))
        return wrong


def _wrong_choices(options: Any) -> dict[str, list[str]]:
    if not isinstance(options, list) or not options:
        return {"custom_field_options": ["Custom field options: cannot be blank"]}
    for each in options:
        if not isinstance(each, dict) or not each.get("name") or not _TAG.fullmatch(str(each.get("value", ""))):
            return {"custom_field_options": [f"Custom field options: {each!r} needs a name and a tag as value"]}
    values = [each["value"] for each in options]
    if len(set(values)) < len(values):
        return {"custom_field_options": ["Custom field options: values must be unique"]}
    return {}
