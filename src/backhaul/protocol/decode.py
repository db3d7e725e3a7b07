"""Decodes pages into columns, without a dict a record.

For a read whose records lie at a plain path, a msgspec struct is made once from the fields: a page becomes structs,
structs become columns. Any other answer (nested lists, odd values where scalars were promised) is decoded as it
comes and read through paths: slower, the same columns.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

import msgspec

from backhaul.config import paths
from backhaul.config.calls import Cut
from backhaul.config.paths import MISSING, Answer
from backhaul.config.placeholders import parse as parse_template
from backhaul.config.reads import Read
from backhaul.http.rules import NOT_MODIFIED
from backhaul.protocol import xml
from backhaul.protocol.conditions import holds
from backhaul.protocol.read_answer import read
from backhaul.protocol.schema import Field
from backhaul.protocol.spread import Spreader

Scalar = str | int | float | bool | None
Column = "list[Any] | pa.ChunkedArray"


class NotAsPromised(ValueError):
    """The body is not what the definition says; `near` is where the decoder stopped."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """One answer: its columns by name, how many rows, and the answer's own facts for paging."""

    columns: Mapping[str, Any]
    rows: int
    answer: Answer
    """The decoded body around the records: what `next` and `total` read."""
    served: int | None = None
    """How many records the vendor served, where some of them were left out; what counts for paging."""


class Decoder:
    """Decodes the answers of one read of one object.

    fields: the columns wanted. extra: further columns by path on the record (`at`, `winner`, `parent`).
    constants: columns whose value the request knows. facts: paths on the whole answer that the caller reads.
    """

    def __init__(
        self,
        definition: Read,
        fields: Sequence[Field],
        key: Sequence[str],
        extra: Mapping[str, str],
        constants: Mapping[str, Any],
        facts: Sequence[str] = (),
    ) -> None:
        self.definition = definition
        self.facts = tuple(facts)
        self.spreader = Spreader(definition.spread) if definition.spread is not None else None
        self.fields = tuple(fields)
        self.key = tuple(key)
        self.constants = dict(constants)
        self.extra = dict(extra)
        for name, reader in definition.add.items():
            if isinstance(reader, Cut) or name in self.constants:
                continue
            if not parse_template(reader).names:
                self.extra[name] = reader
        self.wanted = tuple(
            each for each in self.fields if each.name not in self.constants and each.name not in self.extra
        )

    def decode(self, body: bytes, headers: Mapping[str, str], status: int) -> Decoded:
        """Raises NotAsPromised where the body is no such document."""
        if status == NOT_MODIFIED:
            return self.columns_of([], Answer({}, headers, status))
        if self.definition.format == "csv":
            return self._csv(body, headers, status)
        if self._structs is not None:
            try:
                page = self._structs.decoder.decode(body)
            except msgspec.ValidationError:
                return self._walk(body, headers, status)
            except msgspec.DecodeError as error:
                raise NotAsPromised(str(error)) from None
            return self._structs.columns(page, self, headers, status)
        return self._walk(body, headers, status)

    def exact(self, body: bytes, headers: Mapping[str, str], status: int) -> Decoded:
        """Decode once more with every number as a Decimal: for pages that hold more digits than a float."""
        return self._walk(body, headers, status)

    @cached_property
    def _structs(self) -> _Structs | None:
        return _Structs.build(self)

    def _csv(self, body: bytes, headers: Mapping[str, str], status: int) -> Decoded:
        import pyarrow as pa
        from pyarrow import csv

        if not body.strip():
            return Decoded({}, 0, Answer({}, headers, status))
        try:
            header = body[: body.find(b"\n") if b"\n" in body else len(body)].decode("utf-8-sig").strip()
            names = [name.strip('"') for name in header.split(",")]
            table = csv.read_csv(
                pa.BufferReader(body.replace(b"\x00", b"")),
                parse_options=csv.ParseOptions(newlines_in_values=True),
                convert_options=csv.ConvertOptions(
                    column_types={name: pa.string() for name in names},
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                    null_values=[""],
                ),
            )
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            raise NotAsPromised(str(error)) from None
        columns: dict[str, Any] = {name: table.column(name) for name in table.column_names}
        for name, value in self.constants.items():
            columns[name] = [value] * table.num_rows
        for name, path in self.extra.items():
            if path in columns:
                columns[name] = columns[path]
        return Decoded(columns, table.num_rows, Answer({}, headers, status))

    def _walk(self, body: bytes, headers: Mapping[str, str], status: int) -> Decoded:
        answer = Answer(self._document(body), headers, status)
        # a null stands for a record that was asked for by its key and is not there
        records = [record for record in paths.each(self.definition.records, answer) if record.body is not None]
        served = len(records)
        if self.definition.only is not None:
            records = [record for record in records if holds(self.definition.only, record)]
        return replace(self.columns_of(records, answer), served=served)

    def _document(self, body: bytes) -> Any:
        try:
            return xml.parse(body) if self.definition.format == "xml" else _EXACT.decode(body)
        except (msgspec.DecodeError, ValueError) as error:
            raise NotAsPromised(str(error)) from None

    def columns_of(self, records: Sequence[Answer], answer: Answer) -> Decoded:
        """Columns of records that are already decoded: of a page, or of a parent that holds its children."""
        lift = self.definition.lift
        bodies: list[Any] = [record.body for record in records]
        lifted = [paths.first(lift, record) for record in records] if lift else bodies
        columns: dict[str, Any] = {}
        for each in self.wanted:
            column = [inner.get(each.name) if isinstance(inner, Mapping) else None for inner in lifted]
            if lift and each.name in self.key:
                outer = [record.get(each.name) if isinstance(record, Mapping) else None for record in bodies]
                column = [above if above is not None else inner for above, inner in zip(outer, column, strict=True)]
            columns[each.name] = column if self.definition.format != "xml" else [paths.text_of(one) for one in column]
        if self.spreader is not None:
            around = [paths.first(self.spreader.at, record) for record in records]
            self.spreader.fill(columns, (each.name for each in self.wanted), around)
        for name, path in self.extra.items():
            columns[name] = [None if (value := paths.first(path, record)) is MISSING else value for record in records]
        for name, reader in self.definition.add.items():
            if isinstance(reader, Cut):
                columns[name] = [read(reader, record) for record in records]
        for name, value in self.constants.items():
            columns[name] = [value] * len(records)
        return Decoded(columns, len(records), answer)

    def elsewhere(self, body: bytes) -> str | None:
        """Where an answer without a record at the path that the definition gives does hold some; None where it is
        simply empty, for which many vendors leave the list out."""
        if self.definition.format != "json" or not body:
            return None
        document = self._document(body)
        ways = [path.steps for path in paths.parse(self.definition.records) if path.place == "body" and path.steps]
        names = {_name_of(way[0]) for way in ways}
        if not names or None in names:
            return None  # no plain name to begin with: what is looked for may be anywhere
        if isinstance(document, list):
            return "." if _are_records(document) else None
        if not isinstance(document, Mapping):
            return None
        for way in ways:
            name = _name_of(way[0])
            if name in document:
                # a list has no names within: `data.items` where `data` itself is the list
                listed = len(way) > 1 and _name_of(way[1]) is not None and _are_records(document[name])
                return name if listed else None
        for name, value in document.items():
            if name not in _BESIDE and _are_records(value):
                return str(name)
            for within, inner in value.items() if isinstance(value, Mapping) else ():
                if within not in _BESIDE and _are_records(inner):
                    return f"{name}.{within}"
        return None

    def unknown_fields(self, body: bytes) -> dict[str, Any]:
        """Fields that the first records of a page hold and the schema does not, with a value each."""
        if self.definition.format == "csv" or not body:
            return {}
        answer = Answer(self._document(body))
        known = {each.name for each in self.fields} | set(self.definition.drop) | set(self.constants)
        patterns = [each for each in self.definition.drop if "*" in each]
        found: dict[str, Any] = {}
        for record in paths.each(self.definition.records, answer)[:100]:
            inner = paths.first(self.definition.lift, record) if self.definition.lift else record.body
            for name, value in inner.items() if isinstance(inner, Mapping) else ():
                if name in known or value is None or any(fnmatchcase(name, each) for each in patterns):
                    continue
                found.setdefault(name, value)
            if self.spreader is not None:
                found.pop(self.spreader.at, None)
                for name, value in self.spreader.entries(paths.first(self.spreader.at, record)):
                    if name not in known and value is not None:
                        found.setdefault(name, value)
        return found


_BESIDE = frozenset({"links", "errors", "warnings", "messages", "included", "meta"})
"""Lists that stand beside records."""


def _name_of(step: str | int) -> str | None:
    special = (paths.EACH, paths.ENTRIES, paths.NAME, paths.UP)
    return None if isinstance(step, int) or step in special else step.removeprefix("=")


def _are_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, Mapping) for each in value)


_EXACT = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class _Structs:
    """The structs of a read whose records lie at a plain path."""

    decoder: msgspec.json.Decoder[Any]
    records: Callable[[Any], list[Any]]
    lift: Callable[[Any], Any] | None
    spread: Callable[[Any], Any] | None
    outer: Mapping[str, Callable[[Any], Any]]
    inner: Mapping[str, Callable[[Any], Any]]
    facts: Mapping[tuple[str, ...], Callable[[Any], Any]]

    @classmethod
    def build(cls, decoder: Decoder) -> _Structs | None:
        definition = decoder.definition
        alternatives = paths.parse(definition.records)
        at = alternatives[0].plain if len(alternatives) == 1 else None
        lift = paths.parse(definition.lift)[0].plain if definition.lift else ()
        extra = {
            name: paths.parse(path)[0].plain for name, path in decoder.extra.items() if len(paths.parse(path)) == 1
        }
        if (
            at is None
            or definition.format != "json"
            or definition.only is not None
            or lift is None
            or len(lift) > 1
            or len(extra) != len(decoder.extra)
            or any(path is None or len(path) != 1 for path in extra.values())
            or any(isinstance(reader, Cut) for reader in definition.add.values())
        ):
            return None
        spread = paths.parse(decoder.spreader.at)[0].plain if decoder.spreader is not None else ()
        if spread is None or len(spread) > 1 or (spread and lift):
            return None
        columns = {each.name: _wire(each) for each in decoder.wanted}
        outside = {name: Any for path in (*extra.values(), spread) if path for name in path}
        if lift:
            keys = {name: Scalar for name in decoder.key if name not in decoder.constants}
            inside = _struct("Fields", {name: kind for name, kind in columns.items() if name not in keys})
            record = _struct("Record", {**keys, **outside, lift[0]: inside | None})
            lifted: Callable[[Any], Any] | None = operator.attrgetter(_attribute(record, lift[0]))
            inner = {name: operator.attrgetter(_attribute(inside, name)) for name in columns if name not in keys}
            outer = {name: operator.attrgetter(_attribute(record, name)) for name in keys}
        else:
            record = _struct("Record", {**columns, **outside})
            lifted, inner = None, {}
            outer = {name: operator.attrgetter(_attribute(record, name)) for name in columns}
        for name, path in extra.items():
            outer[name] = operator.attrgetter(_attribute(record, path[0])) if path else operator.attrgetter("_")
        apart = operator.attrgetter(_attribute(record, spread[0])) if spread else None
        facts = _facts(definition, decoder.facts)
        if facts is None or any(fact[: len(at)] == at for fact in facts):
            return None
        if not at:
            return cls(msgspec.json.Decoder(list[record]), lambda page: page, lifted, apart, outer, inner, {})  # type: ignore[valid-type]
        tree: dict[str, Any] = {}
        for fact in facts:
            _place(tree, fact, Any)
        _place(tree, at, list[record] | None)  # type: ignore[valid-type]
        page = _tree("Page", tree)
        getters = {fact: _getter(page, fact) for fact in facts}
        return cls(msgspec.json.Decoder(page), _getter(page, at), lifted, apart, outer, inner, getters)

    def columns(self, page: Any, decoder: Decoder, headers: Mapping[str, str], status: int) -> Decoded:
        records = self.records(page) or []
        columns: dict[str, Any] = {name: list(map(get, records)) for name, get in self.outer.items()}
        if self.lift is not None:
            lifted = list(map(self.lift, records))
            if None in lifted:
                empty = next((each for each in lifted if each is not None), None)
                blank = type(empty)() if empty is not None else None
                lifted = [blank if each is None else each for each in lifted]
            columns.update({name: list(map(get, lifted)) for name, get in self.inner.items()})
        if self.spread is not None and decoder.spreader is not None:
            decoder.spreader.fill(columns, (each.name for each in decoder.wanted), list(map(self.spread, records)))
        for name, value in decoder.constants.items():
            columns[name] = [value] * len(records)
        around: dict[str, Any] = {}
        for path, get in self.facts.items():
            _place(around, path, get(page))
        return Decoded(columns, len(records), Answer(around, headers, status))


def _wire(each: Field) -> Any:
    return Any if each.type == "json" else Scalar


def _facts(definition: Read, more: Sequence[str]) -> list[tuple[str, ...]] | None:
    """The plain paths around the records that paging, the total and the caller read; None where one is not plain."""
    texts: list[str] = [*more, *([definition.total] if definition.total else [])]
    step = definition.next
    if step is not None:
        if step.type in ("token", "link", "scroll"):
            texts.append(step.source.source if isinstance(step.source, Cut) else step.source)
        texts += list(step.until or ()) if step.type != "scroll" else []
        texts += [step.last] if step.type == "page" and step.last is not None else []
    found = [path.plain for text in texts for path in paths.parse(text) if path.place == "body"]
    return None if None in found else [path for path in found if path]


def _struct(name: str, fields: Mapping[str, Any]) -> Any:
    names = {f"f{index}": (wire, kind) for index, (wire, kind) in enumerate(fields.items())}
    return msgspec.defstruct(
        name,
        [(attribute, kind, None) for attribute, (_, kind) in names.items()],
        rename={attribute: wire for attribute, (wire, _) in names.items()},
        gc=False,
    )


def _attribute(struct: Any, wire: str) -> str:
    return next(info.name for info in msgspec.structs.fields(struct) if info.encode_name == wire)


def _place(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for step in path[:-1]:
        inner = tree.get(step)
        tree[step] = tree = inner if isinstance(inner, dict) else {}
    tree[path[-1]] = value


def _tree(name: str, tree: Mapping[str, Any]) -> Any:
    return _struct(
        name, {key: _tree(key, inner) | None if isinstance(inner, dict) else inner for key, inner in tree.items()}
    )


def _getter(struct: Any, path: tuple[str, ...]) -> Callable[[Any], Any]:
    steps = []
    for step in path:
        attribute = _attribute(struct, step)
        steps.append(attribute)
        kind = next(info.type for info in msgspec.structs.fields(struct) if info.name == attribute)
        options = getattr(kind, "__args__", ())
        struct = next((each for each in options if isinstance(each, type) and issubclass(each, msgspec.Struct)), None)

    def get(page: Any) -> Any:
        for attribute in steps:
            if page is None:
                return None
            page = getattr(page, attribute)
        return page

    return get
