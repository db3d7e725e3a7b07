"""Writes requests: bindings fill placeholders, and what holds an unbound one falls away."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode
from uuid import NAMESPACE_OID, UUID, uuid5

from backhaul.config.calls import Call, Query, Values
from backhaul.config.placeholders import Placeholder, parse
from backhaul.protocol import xml
from backhaul.protocol.languages import JOINTS, identifier, literal
from backhaul.protocol.schema import Field
from backhaul.protocol.values import ISO, spell


class _Unbound:
    def __repr__(self) -> str:
        return "UNBOUND"


UNBOUND: Any = _Unbound()


class Unspellable(ValueError):
    """A value that a placeholder's format cannot say; the text tells which."""


# In a query these are values, to be escaped; every other placeholder there is a name or the author's own text.
_LITERALS = {"since", "until", "last", "key", "keys", "parents", "parent", "match"}
_NAMES = {"changed", "object"}


@dataclass(frozen=True)
class Bindings:
    """What placeholders stand for in one request; None is unbound. Fields are typed, for `columns`."""

    names: Mapping[str, Any] = field(default_factory=dict)
    fields: tuple[Field, ...] = ()
    values: Values = ISO
    zone: str = "UTC"

    def with_(self, **names: Any) -> Bindings:
        """More of them; a double underscore stands for the dot."""
        more = {name.replace("__", "."): value for name, value in names.items()}
        return Bindings({**self.names, **more}, self.fields, self.values, self.zone)

    def reading(self, fields: tuple[Field, ...], values: Values | None, zone: str) -> Bindings:
        return Bindings(self.names, fields, values or self.values, zone)

    def get(self, placeholder: Placeholder) -> Any:
        if placeholder.name == "fields":
            return [each.name for each in self.fields] or UNBOUND
        if placeholder.name.startswith("values."):
            value = self.names.get("values", {}).get(placeholder.name.removeprefix("values."))
        else:
            value = self.names.get(placeholder.name, UNBOUND)
        if value is None or value is UNBOUND:
            return UNBOUND
        if value == "" and placeholder.format in _PARTS_OF_A_DAY:
            return UNBOUND  # a day that is cleared has none
        return _formatted(value, placeholder.format)


def _formatted(value: Any, how: str | None) -> Any:
    match how:
        case None:
            return value
        case "upper":
            return str(value).upper()
        case "lower":
            return str(value).lower()
        case "host":
            return str(value).lower().replace("_", "-")
        case "unix":
            if not isinstance(value, datetime):
                raise Unspellable(f"{_short(value)} is no moment")
            return int(value.timestamp())
        case "url":
            return quote(str(value), safe="")
        case "integer":
            try:
                return [int(each) for each in value] if isinstance(value, list | tuple) else int(value)
            except (TypeError, ValueError) as error:
                raise Unspellable(f"{_short(value)} is no whole number") from error
        case "year" | "month" | "day":
            return _part_of_day(str(value), _PARTS_OF_A_DAY[how])
        case "doubled":
            return str(value).replace("'", "''")
        case "guid":
            return str(_uuid(str(value)))
        case "quoted":
            values = value if isinstance(value, list | tuple) else [value]
            return ",".join(json.dumps(str(each), ensure_ascii=False) for each in values)
        case _:
            raise ValueError(f"unknown format {how}")


_PARTS_OF_A_DAY = {"year": "%Y", "month": "%m", "day": "%d"}


def _part_of_day(text: str, pattern: str) -> str:
    try:
        found = date.fromisoformat(text[:10])
    except ValueError as error:
        raise Unspellable(f"{_short(text)} is no day") from error
    return found.strftime(pattern)


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _uuid(text: str) -> UUID:
    """The one that the text is; of a text that is none, one that is always the same."""
    try:
        return UUID(text)
    except ValueError:
        return uuid5(NAMESPACE_OID, text)


def text(template: str, bindings: Bindings, *, encode: bool = False) -> Any:
    """A text with its placeholders filled, or UNBOUND. `encode` escapes each value for a URL's path."""
    parsed = parse(template)
    if parsed.alone is not None and not encode:
        value = bindings.get(parsed.alone)
        return UNBOUND if value is UNBOUND else spelt(value, bindings)
    pieces: list[str] = []
    for part in parsed.parts:
        if isinstance(part, str):
            pieces.append(part)
            continue
        value = bindings.get(part)
        if value is UNBOUND:
            return UNBOUND
        piece = _joined(spelt(value, bindings))
        # a whole address (a base URL, an instance) is inserted as it is
        pieces.append(quote(piece, safe="") if encode and part.root not in ("settings", "auth") else piece)
    return "".join(pieces)


def spelt(value: Any, bindings: Bindings) -> Any:
    if isinstance(value, datetime | date | Decimal):
        return spell(value, bindings.values, bindings.zone)
    if isinstance(value, list | tuple):
        return [spelt(each, bindings) for each in value]
    return value


def _joined(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(_joined(each) for each in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


PACKED = "=base64"
"""The name of a map's only entry that stands for its text: JSON, in base64."""


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def body(value: Any, bindings: Bindings) -> Any:
    """A JSON-like value with its placeholders filled.

    A map's entry falls away with its unbound placeholder; an item of a list falls away as soon as anything in it is
    unbound; a container that was emptied so falls away itself. A map of one entry `=base64` is that entry's JSON in
    base64: a request within a request.
    """
    if isinstance(value, str):
        return text(value, bindings)
    if isinstance(value, Mapping):
        if PACKED in value:
            inside = body(value[PACKED], bindings)
            return UNBOUND if inside is UNBOUND else base64.b64encode(_json(inside)).decode()
        filled: dict[str, Any] = {}
        for key, inner in value.items():
            if key == "...":
                spread = text(inner, bindings)
                if spread is not UNBOUND:
                    filled.update(spread)
                continue
            name, content = text(key, bindings), body(inner, bindings)
            if name is not UNBOUND and content is not UNBOUND:
                filled[str(name)] = content
        return UNBOUND if value and not filled else filled
    if isinstance(value, list):
        items = [body(each, bindings) for each in value if not _has_unbound(each, bindings)]
        items = [each for each in items if each is not UNBOUND]
        return UNBOUND if value and not items else items
    return value


def _has_unbound(value: Any, bindings: Bindings) -> bool:
    """Whether an entry of this map, not of the lists within it, is unbound."""
    if isinstance(value, str):
        return text(value, bindings) is UNBOUND
    if isinstance(value, Mapping):
        return any(_has_unbound(inner, bindings) for inner in value.values())
    return False


def query(definition: Query, bindings: Bindings) -> Any:
    """The query text: select, the bound `where` clauses joined by and, then the order. UNBOUND where it is empty.

    Raises ValueError where its zone, or a placeholder of its text, is not bound.
    """
    zone = bindings.zone if definition.zone is None else text(definition.zone, bindings)
    if zone is UNBOUND:
        raise ValueError(
            f"moments in it are of the zone {definition.zone}, which the vendor does not tell: the user has none"
        )

    def clause(template: str) -> Any:
        pieces: list[str] = []
        for part in parse(template).parts:
            if isinstance(part, str):
                pieces.append(part)
            elif part.name == "fields":
                pieces.append(_columns(definition, bindings.fields))
            else:
                value = bindings.get(part)
                if value is UNBOUND:
                    return UNBOUND
                if part.name == "match.field" or part.root in _NAMES:
                    pieces.append(identifier(str(value)))
                elif part.root in _LITERALS:
                    pieces.append(literal(value, definition.language, zone))
                else:
                    pieces.append(_joined(value))
        return "".join(pieces)

    written = clause(definition.text)
    if written is UNBOUND:
        raise ValueError(f"the query text {definition.text!r} has an unbound placeholder")
    clauses = [each for each in map(clause, definition.where) if each is not UNBOUND]
    joints = JOINTS[definition.language]
    if clauses and written:
        written += joints.where
    written += joints.between.join(clauses)
    order = clause(definition.order) if definition.order else UNBOUND
    if order is UNBOUND:
        return written or UNBOUND
    return f"{written}{joints.order}{order}" if written else order


def _columns(definition: Query, fields: tuple[Field, ...]) -> str:
    separator = "," if definition.language == "odata" else ", "
    return separator.join(
        definition.columns[each.type].replace("{field}", identifier(each.name))
        if each.type in definition.columns
        else identifier(each.name)
        for each in fields
    )


@dataclass(frozen=True, slots=True)
class Rendered:
    """A request as text and bytes, before limits, signing and sending."""

    method: str
    url: str
    params: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def length(self) -> int:
        """Of the URL with its query string, in characters."""
        return len(self.url) + (1 + len(urlencode(self.params)) if self.params else 0)


def param(raw: Any, bindings: Bindings) -> str | None:
    """A parameter's value; None where it falls away."""
    value = body(raw, bindings)
    return None if value is UNBOUND or value is None else _joined(value)


def call(definition: Call, bindings: Bindings, base_url: str, headers: Mapping[str, str]) -> Rendered:
    """Render a request. Raises ValueError where its path holds an unbound placeholder."""
    if definition.query is not None:
        bindings = bindings.with_(query=query(definition.query, bindings))
    path = text(definition.url, bindings, encode=True)
    if path is UNBOUND:
        raise ValueError(f"the path {definition.url!r} has an unbound placeholder")
    url = path if path.startswith(("http://", "https://")) else base_url.rstrip("/") + path
    params = [
        (str(text(name, bindings)), value)
        for name, raw in definition.params.items()
        if (value := param(raw, bindings)) is not None
    ]
    written = {name: _joined(value) for name, raw in headers.items() if (value := body(raw, bindings)) is not UNBOUND}
    for name, raw in definition.headers.items():
        if (value := body(raw, bindings)) is not UNBOUND:
            written[name] = _joined(value)
    content: bytes | None = None
    kind: str | None = None
    if definition.json_body is not None:
        filled = body(definition.json_body, bindings)
        content = _json({} if filled is UNBOUND else filled)
        kind = "application/json"
    elif definition.form is not None:
        filled = body(definition.form, bindings)
        pairs = {} if filled is UNBOUND else {name: _joined(value) for name, value in filled.items()}
        content, kind = urlencode(pairs).encode(), "application/x-www-form-urlencoded"
    elif definition.xml is not None:
        filled = body(definition.xml, bindings)
        content, kind = xml.write({} if filled is UNBOUND else filled), "application/xml"
    elif definition.csv is not None:
        content = bindings.names["items"]
        kind = "text/csv"
    if kind and not any(name.lower() == "content-type" for name in written):
        written["Content-Type"] = kind
    return Rendered(definition.method, url, tuple(params), written, content)
