"""Proposes what a customer's own fields may fill: by their names, their labels, their types and their values.

Nothing here decides: a proposal says how sure it is and why, and a person commits it, or does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from types import MappingProxyType
from typing import Any

from backhaul.transform.contracts import Column, ColumnType

LIKELY = 0.6
"""From this likeness on a field is proposed for a column that there is; below, for one of its own."""
_PARSED = 0.95
"""Of a text field's values, the share that must be numbers (dates, truths) for it to count as such."""

# what systems put round the names of custom fields: arr__c, custentity_arr, cf_2
_AROUND = re.compile(r"__c$|^(custentity|custbody|custitem|custrecord|custcol|custom|cf|udf|x)_+|^c_(?=[a-z])")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SAME: Mapping[str, tuple[str, ...]] = {
    "arr": ("annual", "recurring", "revenue"), "mrr": ("monthly", "recurring", "revenue"), "rev": ("revenue",),
    "turnover": ("revenue",), "yearly": ("annual",), "qty": ("quantity",), "amt": ("amount",), "num": ("number",),
    "no": ("number",), "tel": ("phone",), "telephone": ("phone",), "mobile": ("phone",), "vat": ("tax", "number"),
    "headcount": ("employees",), "staff": ("employees",), "url": ("website",), "site": ("website",),
    "sector": ("industry",), "vertical": ("industry",), "rep": ("owner",), "manager": ("owner",), "prio": ("priority",),
    "desc": ("description",), "descr": ("description",), "firstname": ("first", "name"), "lastname": ("last", "name"),
    "surname": ("last", "name"), "mail": ("email",), "closing": ("close",), "prob": ("probability",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """What the raw table holds of a field. rows: of the object; filled: of them, those with a value.

    values: the most frequent, with how often each stands there. numbers, dates, truths: of the filled, as many read
    as one.
    """

    rows: int
    filled: int
    distinct: int
    values: Sequence[tuple[str, int]]
    numbers: int = 0
    dates: int = 0
    truths: int = 0

    @property
    def share(self) -> float:
        return self.filled / self.rows if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class OwnField:
    """A custom field that nothing fills a column from. type: as discovery knows it."""

    name: str
    label: str
    type: str
    options: tuple[str, ...]
    sample: Sample


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One field for one column. new: the entity does not have the column by itself; its type is said then."""

    entity: str
    connection: str
    object: str
    column: str
    field: str
    expression: str
    """What the mapping says: the field, or an expression that makes its values fit."""
    type: ColumnType
    new: bool
    values: Mapping[str, str] | None
    unmapped: tuple[str, ...]
    """Values that no value of the column resembles: a person must say what they are."""
    confidence: float
    """From 0 to 1; of a column of its own nothing is compared, and it is 0."""
    why: str

    @property
    def written(self) -> str | dict[str, Any]:
        """As it stands in a pipeline's mappings."""
        if not self.new and self.values is None:
            return self.expression
        block: dict[str, Any] = {"from": self.expression}
        if self.values is not None:
            block["values"] = dict(self.values)
        if self.new:
            block["type"] = self.type
        return block


def suggest(
    entity: str, connection: str, object: str, columns: Mapping[str, Column], taken: Iterable[str],
    fields: Iterable[OwnField], added: Mapping[str, Column] = MappingProxyType({}),
) -> list[Suggestion]:  # fmt: skip
    """For each field the column that it resembles most, or one of its own; surest first.

    columns: those of the entity. taken: columns that the customer's mapping fills already. added: columns that
    mappings of other connections add.
    """
    every = {**columns, **added}
    open_ = {name: each for name, each in every.items() if name not in set(taken) and not each.references}
    some = [each for each in fields if each.sample.filled]
    pairs = sorted(
        (
            (likeness * fit, name, each)
            for each in some
            for name, column in open_.items()
            if (likeness := _likeness(each, name)) and (fit := _fit(each, column))
        ),
        key=lambda pair: (-pair[0], pair[1], pair[2].name),
    )
    found: list[Suggestion] = []
    done: set[str] = set()
    filled: set[str] = set()
    for confidence, name, each in pairs:
        if confidence < LIKELY or each.name in done or name in filled:
            continue
        done.add(each.name)
        filled.add(name)
        values, unmapped = _value_map(each, open_[name])
        kind = open_[name].type
        found.append(
            Suggestion(
                entity, connection, object, name, each.name, _expression(each, kind), kind, name in added, values,
                unmapped,
                round(confidence, 2), _why(each),
            )
        )  # fmt: skip
    known = {*every, *(each.column for each in found)}
    for each in some:
        if each.name not in done:
            kind = _own_type(each)
            name = _free(own_name(each), known)
            known.add(name)
            found.append(
                Suggestion(
                    entity, connection, object, name, each.name, _expression(each, kind), kind, True, None, (), 0.0,
                    _why(each),
                )
            )  # fmt: skip
    return found


def words(text: str) -> tuple[str, ...]:
    """Those of a name or a label, in lower case, short forms written out: `ARR__c` -> annual, recurring, revenue."""
    parts = _WORDS.findall(_AROUND.sub("", text).replace("_", " "))
    if "".join(parts).lower() in _SAME:
        parts = ["".join(parts)]
    found: list[str] = []
    for each in parts:
        found += _SAME.get(each.lower(), (each.lower(),))
    return tuple(dict.fromkeys(found))


def own_name(field: OwnField) -> str:
    """A column's name for a field: its own without what vendors put round it, or its label where that is no word."""
    bare = _AROUND.sub("", field.name)
    text = bare if re.search(r"[A-Za-z]{2}", bare) and not re.fullmatch(r"[0-9a-f]{16,}", bare) else field.label
    found = "_".join(each.lower() for each in _WORDS.findall(text))
    return found if found and found[0].isalpha() else f"field_{found}".rstrip("_")


def _free(name: str, known: Iterable[str]) -> str:
    taken, number, free = set(known), 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _likeness(field: OwnField, column: str) -> float:
    """How much a field's name or label speaks of a column: from 0 to 1."""
    wanted = words(column)
    return max(_overlap(words(each), wanted) for each in (field.name, field.label) if each) if field.name else 0.0


def _overlap(some: Sequence[str], wanted: Sequence[str]) -> float:
    if not some or not wanted:
        return 0.0
    if "".join(some) == "".join(wanted):
        return 1.0
    alike = sum(max(_alike(one, other) for other in some) for one in wanted)
    # all of the column's words, and not too many others
    return alike / len(wanted) * (0.7 + 0.3 * len(wanted) / max(len(wanted), len(some)))


def _alike(one: str, other: str) -> float:
    if one == other or one.rstrip("s") == other.rstrip("s"):
        return 1.0
    ratio = SequenceMatcher(None, one, other).ratio()
    return ratio if ratio >= 0.85 else 0.0


def _fit(field: OwnField, column: Column) -> float:
    """Whether the field's values can be the column's: 1 as they are, 0.95 converted, 0 not."""
    if column.enum:
        values, _ = _value_map(field, column)
        return 1.0 if values else 0.0
    kind = _own_type(field)
    match column.type:
        case "money" | "number" | "integer":
            return 0.0 if kind not in ("number", "integer") else 1.0 if field.type != "text" else 0.95
        case "date" | "timestamp":
            return 0.0 if kind not in ("date", "timestamp") else 1.0 if field.type != "text" else 0.95
        case "boolean":
            return 0.0 if kind != "boolean" else 1.0 if field.type != "text" else 0.95
        case "json":
            return 1.0 if field.type == "json" else 0.0
        case _:
            return 1.0 if field.type == "text" else 0.5


def _own_type(field: OwnField) -> ColumnType:
    """What the field holds, by its type and, of texts, by its values."""
    by_type: dict[str, ColumnType] = {
        "integer": "integer", "decimal": "number", "float": "number", "boolean": "boolean", "date": "date",
        "timestamp": "timestamp", "json": "json",
    }  # fmt: skip
    if field.type in by_type:
        return by_type[field.type]
    sample = field.sample
    enough = max(1.0, sample.filled * _PARSED)
    if field.options or not sample.filled:
        return "text"
    if sample.truths >= enough and sample.distinct <= 2:
        return "boolean"
    # a text of digits that begins with zeros is a code
    coded = any(len(value) > 1 and value.startswith("0") and value.isdigit() for value, _ in sample.values)
    if sample.numbers >= enough and not coded:
        return "number"
    return "date" if sample.dates >= enough else "text"


def _expression(field: OwnField, kind: ColumnType) -> str:
    named = field.name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", field.name) else f'src."{field.name}"'
    if field.type != "text" or kind in ("text", "json"):
        return named
    macro = {"number": "to_decimal", "integer": "to_decimal", "money": "to_decimal", "date": "to_date",
             "timestamp": "to_timestamp", "boolean": "to_boolean"}.get(kind)  # fmt: skip
    return f"{macro}({named})" if macro else named


def _value_map(field: OwnField, column: Column) -> tuple[dict[str, str] | None, tuple[str, ...]]:
    """The field's values by the column's; those that resemble none are named."""
    if not column.enum:
        return None, ()
    values = field.options or tuple(value for value, _ in field.sample.values)
    found: dict[str, str] = {}
    left: list[str] = []
    for value in values:
        theirs = words(value)
        best = max(column.enum, key=lambda ours: _overlap(theirs, words(ours)))
        if _overlap(theirs, words(best)) >= LIKELY:
            found[value] = best
        else:
            left.append(value)
    return (found or None), tuple(left)


def _why(field: OwnField) -> str:
    sample = field.sample
    shown = ", ".join(value if len(value) <= 24 else f"{value[:23]}…" for value, _ in sample.values[:3])
    label = f'"{field.label}", ' if field.label and field.label.lower() != field.name.lower() else ""
    return f"{label}{field.type}, {sample.share:.0%} filled: {shown}"
