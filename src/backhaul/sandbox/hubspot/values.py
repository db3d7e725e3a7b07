"""What HubSpot accepts as a property's value, and how it keeps it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from backhaul.sandbox.hubspot import pipelines
from backhaul.sandbox.hubspot.answers import encode, stamp
from backhaul.sandbox.hubspot.portal import Portal
from backhaul.sandbox.hubspot.shapes import ObjectType, Property
from backhaul.sandbox.tables import Row

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
PIPELINE_OF = {"pipeline": "dealstage", "hs_pipeline": "hs_pipeline_stage"}


class Invalid(Exception):
    """Values that HubSpot refuses: each with its code, its name and HubSpot's words."""

    def __init__(self, faults: list[tuple[str, str, str]]) -> None:
        super().__init__(faults)
        self.faults = faults

    @property
    def message(self) -> str:
        listed = [
            {"isValid": False, "message": words, "error": code, "name": name, "localizedErrorMessage": words}
            for code, name, words in self.faults
        ]
        return f"Property values were not valid: {encode(listed).decode()}"

    @property
    def details(self) -> list[dict[str, Any]]:
        return [
            {"message": words, "code": code, "context": {"propertyName": [name]}} for code, name, words in self.faults
        ]


class _Bad(Exception):
    def __init__(self, code: str, words: str) -> None:
        super().__init__(code, words)
        self.code, self.words = code, words


def accepted(portal: Portal, of: ObjectType, given: Mapping[str, Any], row: Row | None) -> dict[str, str | None]:
    """The values as they will be kept; `row` is the record they change, None for a new one."""
    faults: list[tuple[str, str, str]] = []
    kept: dict[str, str | None] = {}
    for name, value in given.items():
        try:
            prop = _writable(of, name)
            # null changes nothing; the empty string clears
            if value is not None:
                kept[name] = _kept(portal, of, prop, _text(value), row, given)
        except _Bad as bad:
            faults.append((bad.code, name, bad.words))
    if faults:
        raise Invalid(faults)
    return kept


def _writable(of: ObjectType, name: str) -> Property:
    prop = of.properties.get(name)
    if prop is None:
        raise _Bad("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
    if prop.read_only or prop.calculated:
        raise _Bad("READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.')
    return prop


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise _Bad("INVALID_TYPE", f"{encode(value).decode()} is not a value of a property")


def _kept(
    portal: Portal, of: ObjectType, prop: Property, value: str, row: Row | None, given: Mapping[str, Any]
) -> str | None:
    if value == "":
        return "" if portal.variants["cleared_reads_as"] == "empty" else None
    if prop.name == "email":
        if not EMAIL.fullmatch(value.strip()):
            raise _Bad("INVALID_EMAIL", f"Email address {value} is invalid")
        return value.strip().lower()
    match prop.type:
        case "number":
            if not NUMBER.fullmatch(value.strip()):
                raise _Bad("INVALID_DOUBLE", f'"{value}" was not a valid number.')
            return value.strip()
        case "date":
            return _date(value)
        case "datetime":
            return _datetime(value)
        case "bool" | "enumeration":
            return _option(portal, of, prop, value, row, given)
        case _:
            return value


def _date(value: str) -> str:
    if value.lstrip("-").isdigit():
        moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(value))
        if moment != moment.replace(hour=0, minute=0, second=0, microsecond=0):
            raise _Bad("INVALID_DATE", f"{value} is at {moment:%H:%M:%S.%f} UTC, not midnight!")
        return moment.date().isoformat()
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise _Bad("INVALID_DATE", f'"{value}" was not a valid date.') from None


def _datetime(value: str) -> str:
    moment = parsed(value)
    if moment is None:
        raise _Bad("INVALID_LONG", f'"{value}" was not a valid long.')
    return stamp(moment)


def parsed(value: str) -> datetime | None:
    """A time given as ISO 8601 or in milliseconds since 1970."""
    try:
        if value.lstrip("-").isdigit():
            return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(value))
        moment = datetime.fromisoformat(value)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _option(
    portal: Portal, of: ObjectType, prop: Property, value: str, row: Row | None, given: Mapping[str, Any]
) -> str:
    allowed = _allowed(portal, of, prop, row, given)
    many = prop.field_type == "checkbox"
    chosen = [part for part in value.split(";") if part] if many else [value]
    for part in chosen:
        if part not in allowed:
            raise _Bad("INVALID_OPTION", f"{part} was not one of the allowed options: [{', '.join(allowed)}]")
    if many and value.startswith(";") and row is not None:
        # A leading semicolon adds to what is chosen already.
        chosen = list(dict.fromkeys([*filter(None, (row.values.get(prop.name) or "").split(";")), *chosen]))
    return ";".join(chosen)


def _allowed(portal: Portal, of: ObjectType, prop: Property, row: Row | None, given: Mapping[str, Any]) -> list[str]:
    match prop.external:
        case None:
            return [value for _, value in prop.options]
        case "owners":
            return [owner.id for owner in portal.tables["owners"].live()]
        case "pipelines":
            return [pipeline.id for pipeline in pipelines.PIPELINES[of.name]]
        case _:
            # Stages: those of the pipeline that the record is in, or is put into.
            holder = next(name for name, stage in PIPELINE_OF.items() if stage == prop.name and name in of.properties)
            chosen = given.get(holder) or (row.values.get(holder) if row else None)
            return [
                stage.id
                for pipeline in pipelines.PIPELINES[of.name]
                if chosen in (None, "", pipeline.id)
                for stage in pipeline.stages
            ]
