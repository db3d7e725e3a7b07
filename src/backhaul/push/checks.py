"""Whether the vendor can take a value, told before anything is sent: by what discovery says of the field."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from backhaul.protocol.schema import Field, ObjectSchema
from backhaul.push.rules import FieldRule
from backhaul.push.values import MANY

_KINDS = {
    "integer": "a whole number",
    "decimal": "a number",
    "float": "a number",
    "boolean": "true or false",
    "date": "a date",
    "timestamp": "a moment",
    "time": "a time of day",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot be written."""

    field: str
    code: str
    reason: str


Write = Literal["create", "update", "upsert"]


def column_fault(place: str, field: Field, write: Write, rule: FieldRule) -> Fault | None:
    """A field that nobody may write, or that the product's own guards keep from every push."""
    if rule.write == "never":
        why = f": {rule.why}" if rule.why else ""
        return Fault(field.name, "GUARDED", f"{place}.{field.name} is guarded, no push writes it{why}")
    if rule.write in ("create", "update") and write == "upsert":
        write = rule.write
    may = {"create": field.creatable, "update": field.updatable, "upsert": field.creatable or field.updatable}[write]
    return None if may else unwritable(place, field, write)


def unwritable(place: str, field: Field, write: Write) -> Fault:
    other = " (it can be set when a record is created)" if field.creatable and write != "create" else ""
    return Fault(field.name, "NOT_WRITABLE", f"{place}.{field.name} cannot be written{other}")


def value_fault(field: Field, text: str | None, *, misfit: bool) -> Fault | None:
    """What is wrong with one value."""
    if text is None or text == "":
        return None
    if misfit:
        return Fault(field.name, "WRONG_TYPE", f"{field.name}: {_short(text)} is not {_kind(field)}")
    if field.length is not None and field.type in ("text", "json") and len(text) > field.length:
        return Fault(field.name, "TOO_LONG", f"{field.name}: {len(text)} characters, the vendor takes {field.length}")
    if field.options and not field.open and text not in field.options:
        wrong = [part for part in text.split(MANY) if part.strip() and part.strip() not in field.options]
        if wrong:
            near = difflib.get_close_matches(wrong[0], field.options, n=1)
            some = ", ".join(field.options[:8]) + (", ..." if len(field.options) > 8 else "")
            hint = f"; did you mean {near[0]}?" if near else f"; they are {some}"
            return Fault(field.name, "NOT_AN_OPTION", f"{field.name}: {_short(wrong[0])} is none of its options{hint}")
    return None


def missing(schema: ObjectSchema, values: Mapping[str, str | None]) -> Fault | None:
    """A required field that a new record would lack."""
    lacking = [
        name for name, each in schema.fields.items() if each.required and each.creatable and not values.get(name)
    ]
    if not lacking:
        return None
    return Fault(lacking[0], "MISSING_REQUIRED", f"a new {schema.name} needs {', '.join(lacking)}")


def _kind(field: Field) -> str:
    return _KINDS.get(field.type, f"a value of type {field.type}")


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
