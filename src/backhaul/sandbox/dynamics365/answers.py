"""Dataverse's words: JSON answers, its error bodies, and how it spells times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

import msgspec
from starlette.responses import Response

from backhaul.sandbox.vendor import Refused

JSON = "application/json; odata.metadata=minimal"
ABSENT, DUPLICATE_KEY, DUPLICATE, PRIVILEGE = "0x80040217", "0x80040237", "0x80040333", "0x80040220"
UNSUPPORTED, EXPIRED = "0x80040800", "0x80044352"


def reply(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), status, {"OData-Version": "4.0", **(headers or {})}, JSON)


def nothing(headers: Mapping[str, str] | None = None) -> Response:
    return Response(status_code=204, headers={"OData-Version": "4.0", **(headers or {})})


def error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return reply({"error": {"code": code, "message": message}}, status, headers)


def refuse(status: int, code: str, message: str) -> NoReturn:
    raise Refused(error(status, code, message))


def bad(message: str) -> NoReturn:
    """What the OData layer says before the platform sees the request."""
    refuse(400, "0x0", message)


def no_property(name: str, table: str) -> NoReturn:
    bad(f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{table}'.")


def not_there(table: str, id: str) -> NoReturn:
    refuse(404, ABSENT, f"{table} With Id = {id} Does Not Exist")


def no_segment(name: str) -> Response:
    return error(404, "0x8006088a", f"Resource not found for the segment '{name}'.")


def stamp(moment: datetime) -> str:
    """Whole seconds in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: object) -> datetime | None:
    """The time of an ISO text with its zone; None where it is none."""
    if not isinstance(text, str) or "T" not in text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def label(text: str) -> dict[str, Any]:
    """A text in the organization's one language."""
    one = {"Label": text, "LanguageCode": 1033, "IsManaged": True, "MetadataId": None, "HasChanged": None}
    return {"LocalizedLabels": [one], "UserLocalizedLabel": one}
