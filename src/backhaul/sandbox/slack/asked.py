"""What a request asks: its method's arguments, from the address, a form or a JSON body, checked by kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from backhaul.sandbox.slack.answers import error, refuse
from backhaul.sandbox.slack.methods import Kind, Method
from backhaul.sandbox.vendor import Refused

_TS = re.compile(r"\d{1,10}(\.\d{1,6})?")


@dataclass(frozen=True, slots=True)
class Asked:
    """One call. scopes: of who calls. warnings: what Slack finds odd, though it does what was asked."""

    method: Method
    arguments: Mapping[str, Any]
    scopes: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def sees_email(self) -> bool:
        return "users:read.email" in self.scopes

    def text(self, name: str) -> str:
        return str(self.arguments.get(name, ""))

    def flag(self, name: str) -> bool:
        return bool(self.arguments.get(name, False))


async def given(request: Request) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The arguments as they were sent, and the warnings. Raises Refused."""
    if request.method == "GET":
        return dict(request.query_params), ()
    body = await request.body()
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    query = dict(request.query_params)
    match kind.strip().lower():
        case "application/json":
            try:
                found = msgspec.json.decode(body) if body else {}
            except msgspec.DecodeError:
                refuse("invalid_json")
            if not isinstance(found, dict):
                refuse("json_not_object")
            return {**query, **found}, () if "charset" in parameters.lower() else ("missing_charset",)
        case "application/x-www-form-urlencoded":
            return {**query, **dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))}, ()
        case "" if not body:
            return query, ()
        case sent:
            raise Refused(error("invalid_post_type" if sent else "missing_post_type"))


def checked(method: Method, found: Mapping[str, Any], *, strict: bool) -> dict[str, Any]:
    """The arguments by their kinds. strict: one that the method does not have is refused, not passed over."""
    arguments: dict[str, Any] = {}
    faults: list[str] = []
    for name, value in found.items():
        kind = method.arguments.get(name)
        if name == "token" or value is None:
            continue
        if kind is None:
            if strict:
                faults.append(f"unsupported argument [json-pointer:/{name}]")
            continue
        try:
            arguments[name] = _read(kind, value)
        except ValueError as fault:
            faults.append(f"{fault} [json-pointer:/{name}]")
    faults += [f"missing required field: {name}" for name in method.needed if arguments.get(name) in (None, "")]
    if faults:
        refuse("invalid_arguments", *faults)
    return arguments


def _read(kind: Kind, value: Any) -> Any:
    """Raises ValueError, in the vendor's words."""
    match kind:
        case "text":
            if not isinstance(value, str | int | float) or isinstance(value, bool):
                raise ValueError("must provide a string")  # noqa: TRY004  its words are the vendor's
            return str(value)
        case "integer":
            if isinstance(value, bool) or not re.fullmatch(r"\d+", str(value)):
                raise ValueError("must be an integer")
            return int(value)
        case "boolean":
            if str(value).lower() not in ("0", "1", "true", "false"):
                raise ValueError("must be a boolean")
            return str(value).lower() in ("1", "true")
        case "ts":
            if not _TS.fullmatch(str(value)):
                raise ValueError("must be a timestamp")
            return str(value)
        case "list":
            return value if isinstance(value, list) else [each for each in str(value).split(",") if each]
        case "json":
            if isinstance(value, str):
                try:
                    return msgspec.json.decode(value)
                except msgspec.DecodeError:
                    raise ValueError("must be JSON") from None
            return value
