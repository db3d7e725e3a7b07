"""Records as the vendor writes them: JSON objects with attributes, or CSV lines with every value quoted.

A row keeps its latest encoding, so that reading the same fields again costs a look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from backhaul.sandbox.salesforce.describe import Field
from backhaul.sandbox.salesforce.org import Org
from backhaul.sandbox.salesforce.select import Column
from backhaul.sandbox.salesforce.values import csv_writer
from backhaul.sandbox.tables import Row

DELIMITERS = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
_encoder = msgspec.json.Encoder()


class Projections:
    """One encoder for each choice of columns; its number marks the rows that it has encoded."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._known: dict[tuple[Any, ...], Callable[[Row], bytes]] = {}

    def json(self, object: str, columns: Sequence[Column], version: int) -> Callable[[Row], bytes]:
        key = ("json", object, tuple(columns), version, self._org.schema)
        return self._encoder(key, columns, lambda: _json(self._org, object, columns, version))

    def csv(self, columns: Sequence[Column], delimiter: str, ending: str) -> Callable[[Row], bytes]:
        key = ("csv", tuple(columns), delimiter, ending, self._org.schema)
        return self._encoder(key, columns, lambda: _csv(self._org, columns, delimiter, ending))

    def _encoder(
        self, key: tuple[Any, ...], columns: Sequence[Column], make: Callable[[], Callable[[Row], bytes]]
    ) -> Callable[[Row], bytes]:
        known = self._known.get(key)
        if known is None:
            known = make()
            # A parent's change does not touch the child's row, so its encoding cannot be kept there.
            if not any(column.parent for column in columns):
                known = _kept(len(self._known), known)
            self._known[key] = known
        return known


def record(org: Org, object: str, columns: Sequence[Column], version: int, row: Row) -> dict[str, Any]:
    """One record as a JSON object."""
    values = row.values
    found: dict[str, Any] = {"attributes": attributes(object, row.id, version)}
    for column in columns:
        if column.parent is None:
            found[column.name] = _value(column.field, values)
            continue
        relation = column.parent.relationship or ""
        above = org.lookup(values.get(column.parent.name))
        if above is None:
            found[relation] = None
            continue
        parent = org.by_id(above.id)
        if relation not in found and parent is not None:
            found[relation] = {"attributes": attributes(parent.name, above.id, version)}
        found[relation][column.name] = _value(column.field, above.values)
    return found


def attributes(object: str, id: str, version: int) -> dict[str, str]:
    return {"type": object, "url": f"/services/data/v{version}.0/sobjects/{object}/{id}"}


def csv_header(columns: Sequence[Column], delimiter: str, ending: str) -> bytes:
    return (delimiter.join(f'"{column.header}"' for column in columns) + ending).encode()


def csv_line(cells: Sequence[str], delimiter: str, ending: str) -> str:
    return delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells) + ending


def _value(field: Field, values: dict[str, Any]) -> Any:
    return compound(field.name, values) if field.type == "address" else values.get(field.name)


def compound(name: str, values: dict[str, Any]) -> dict[str, Any] | None:
    """An address out of its parts; null when all of them are."""
    prefix = name.removesuffix("Address")
    parts = {key: values.get(prefix + key[:1].upper() + key[1:]) for key in ("city", "country", "postalCode", "state")}
    street = values.get(f"{prefix}Street")
    if street is None and not any(parts.values()):
        return None
    return {
        "city": parts["city"],
        "country": parts["country"],
        "geocodeAccuracy": None,
        "latitude": None,
        "longitude": None,
        "postalCode": parts["postalCode"],
        "state": parts["state"],
        "street": street,
    }


def _kept(number: int, make: Callable[[Row], bytes]) -> Callable[[Row], bytes]:
    def encoded(row: Row) -> bytes:
        held: tuple[int, bytes] | None = row.encoded
        if held is not None and held[0] == number:
            return held[1]
        made = make(row)
        row.encoded = (number, made)
        return made

    return encoded


def _json(org: Org, object: str, columns: Sequence[Column], version: int) -> Callable[[Row], bytes]:
    encode = _encoder.encode
    if any(column.parent or column.field.type == "address" for column in columns):
        return lambda row: encode(record(org, object, columns, version, row))
    names = [column.name for column in columns]

    def plain(row: Row) -> bytes:
        get = row.values.get
        found: dict[str, Any] = {"attributes": attributes(object, row.id, version)}
        for name in names:
            found[name] = get(name)
        return encode(found)

    return plain


def _csv(org: Org, columns: Sequence[Column], delimiter: str, ending: str) -> Callable[[Row], bytes]:
    between = f'"{delimiter}"'
    plan = [(column.name, column.parent, csv_writer(column.field)) for column in columns]

    def line(row: Row) -> bytes:
        cells: list[str] = []
        for name, parent, write in plan:
            values = row.values
            if parent is not None:
                above = org.lookup(values.get(parent.name))
                values = {} if above is None else above.values
            held = values.get(name)
            if held is None:
                cells.append("")
            elif write is not None:
                cells.append(write(held))
            else:
                cells.append(held.replace('"', '""') if '"' in held else held)
        return f'"{between.join(cells)}"{ending}'.encode()

    return line
