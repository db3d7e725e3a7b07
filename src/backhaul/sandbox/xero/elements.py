"""The elements of a write as Xero reads them: what is no such JSON refuses the whole request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from backhaul.sandbox.xero.answers import bad_body
from backhaul.sandbox.xero.kinds import Field, Kind

_MS = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_JSON = msgspec.json.Decoder(float_hook=Decimal)
_NOISE = frozenset(
    {"HasErrors", "HasValidationErrors", "ValidationErrors", "Warnings", "StatusAttributeString", "UpdatedDateUTC",
     "UpdatedDateUTCString", "CreatedDateUTC", "Attachments", "DateString", "DueDateString", "ExpiryDateString",
     "DeliveryDateString"}
)  # fmt: skip
_LINE = frozenset(
    {"LineItemID", "Description", "Quantity", "UnitAmount", "ItemCode", "AccountCode", "AccountID", "TaxType",
     "TaxAmount", "LineAmount", "Tracking", "DiscountRate", "DiscountAmount", "Item", "ValidationErrors"}
)  # fmt: skip
_JOURNAL_LINE = frozenset({"LineAmount", "AccountCode", "AccountID", "Description", "TaxType", "Tracking", "TaxAmount",
                           "IsBlank", "ValidationErrors"})  # fmt: skip
_NUMBERS = frozenset({"Quantity", "UnitAmount", "TaxAmount", "LineAmount", "DiscountRate", "DiscountAmount"})


def elements_of(of: Kind, body: bytes, *, strict: bool) -> list[dict[str, Any]]:
    """What a body asks to write: one element, or a list under the endpoint's name. Raises Refused.

    strict: an element's name that Xero does not know is an error.
    """
    try:
        content = _JSON.decode(body)
    except msgspec.DecodeError as error:
        raise bad_body(str(error)) from None
    given = content.get(of.name, [content]) if isinstance(content, dict) else None
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise bad_body(f"{of.name} is no list of objects")
    return [_element(of, each, f"{of.name}[{place}]", strict=strict) for place, each in enumerate(given)]


def _element(of: Kind, given: Mapping[str, Any], at: str, *, strict: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name == of.id:
            found[name] = value
        elif name in of.fields:
            found[name] = _value(of.fields[name], value, f"{at}.{name}")
        elif strict and name not in _NOISE:
            raise bad_body(f"Could not find member '{name}' on object of type '{of.name}'. Path '{at}.{name}'")
    if of.lines and of.lines in found:
        known = _LINE if of.lines == "LineItems" else _JOURNAL_LINE
        lines = found[of.lines] or []
        found[of.lines] = [_line(each, known, f"{at}.{of.lines}[{n}]", strict=strict) for n, each in enumerate(lines)]
    return found


def _line(line: Any, known: frozenset[str], at: str, *, strict: bool) -> dict[str, Any]:
    if not isinstance(line, dict):
        raise bad_body(f"Error converting value to type 'LineItem'. Path '{at}'")
    unknown = sorted(set(line) - known)
    if strict and unknown:
        raise bad_body(f"Could not find member '{unknown[0]}' on object of type 'LineItem'. Path '{at}'")
    found = {name: value for name, value in line.items() if name in known and value is not None}
    for name in _NUMBERS & set(found):
        found[name] = _number(found[name], f"{at}.{name}")
    return found


def _value(of: Field, value: Any, at: str) -> Any:
    if value is None or value == "":
        return value
    match of.kind:
        case "number":
            return _number(value, at)
        case "boolean":
            if str(value).lower() not in ("true", "false"):
                raise bad_body(f"Could not convert to boolean: {value}. Path '{at}'")
            return str(value).lower() == "true"
        case "date":
            return _day(value, at)
        case "object":
            if not isinstance(value, dict):
                raise bad_body(f"Error converting value to an object. Path '{at}'")
            return value
        case "list":
            if not isinstance(value, list):
                raise bad_body(f"Cannot deserialize a value into a list. Path '{at}'")
            return value
    if isinstance(value, dict | list):
        raise bad_body(f"Error reading string. Path '{at}'")
    return value if isinstance(value, str) else str(value)


def _number(value: Any, at: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        raise bad_body(f"Could not convert string to decimal: {value}. Path '{at}'") from None
    if isinstance(value, bool) or not number.is_finite():
        raise bad_body(f"Could not convert to decimal: {value}. Path '{at}'")
    return number


def _day(value: Any, at: str) -> str:
    try:
        return iso_day(str(value))
    except ValueError:
        raise bad_body(f"Could not convert string to DateTime: {value}. Path '{at}'") from None


def iso_day(text: str) -> str:
    """The day of either spelling, as ISO. Raises ValueError."""
    told = _MS.fullmatch(text)
    if told is not None:
        return (_EPOCH + timedelta(milliseconds=int(told[1]))).date().isoformat()
    return date.fromisoformat(text[:10]).isoformat()
