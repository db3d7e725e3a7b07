"""Custom fields made by the API: their hashes are Pipedrive's own, and two may have one name."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.pipedrive.answers import invalid, reply
from backhaul.sandbox.pipedrive.company import Company
from backhaul.sandbox.pipedrive.writes import body

# Of the official client, `AddDealFieldRequest`: no boolean, no whole number and no moment can be made.
_TYPES = ("varchar", "text", "double", "phone", "date", "daterange", "time", "timerange", "set", "enum", "varchar_auto",
          "address", "monetary", "org", "people", "user")  # fmt: skip
_KNOWN = ("field_name", "field_type", "options", "description", "ui_visibility", "important_fields", "required_fields")


class NewFields:
    def __init__(self, company: Company) -> None:
        self._company = company

    async def create(self, request: Request) -> Response:
        company, name = self._company, request.path_params["name"]
        given = await body(request)
        for each in given:
            if each not in _KNOWN and company.variants["unknown_parameters"] == "refused":
                invalid(f"{each} is not allowed")
        label, kind = given.get("field_name"), given.get("field_type")
        if not isinstance(label, str) or not label.strip():
            invalid("field_name is required")
        if kind not in _TYPES:
            invalid(f"field_type must be one of {', '.join(_TYPES)}")
        if not isinstance(given.get("description"), str | None):
            invalid("description must be a text")
        made = company.add_field(name, label, kind, _labels(kind, given.get("options")))
        return reply({**made.shown(), "description": given.get("description")})


def _labels(kind: str, options: Any) -> tuple[str, ...]:
    if kind not in ("enum", "set"):
        if options is not None:
            invalid(f"options are not allowed for the type {kind}")
        return ()
    if not isinstance(options, list) or not options:
        invalid(f"options are required for the type {kind}")
    if not all(isinstance(each, dict) and isinstance(each.get("label"), str) for each in options):
        invalid("options must be objects with a label")
    return tuple(str(each["label"]) for each in options)
