"""The way back: which vendor field an entity's column is written to, and how its value is spelt there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlglot import exp

from backhaul.errors import FixRecord
from backhaul.transform.compiled import Slice
from backhaul.transform.convert import TEXT
from backhaul.transform.expand import macro_of

_WRAPPERS = ("to_decimal", "to_date", "to_timestamp", "to_boolean")


@dataclass(frozen=True, slots=True)
class Inverse:
    """One column's way back to its field."""

    column: str
    field: str
    spells_text: bool
    """The vendor's field is text although the column is not: numbers, days and moments are spelt out."""
    values: Mapping[str, str] | None = None
    """Our value -> the vendor's."""
    prefix: str | None = None
    """A reference: what stands before the vendor's key in our id."""

    def vendor_value(self, value: object) -> object:
        """What to write into the field. Raises FixRecord for a value that the field cannot say."""
        if value is None:
            return None
        if self.values is not None:
            if str(value) not in self.values:
                known = ", ".join(sorted(self.values))
                raise FixRecord(f"{self.column}: the mapping has no vendor's value for {value!r}; it has {known}")
            return self.values[str(value)]
        if self.prefix is not None:
            text = str(value)
            if not text.startswith(self.prefix) or text == self.prefix:
                raise FixRecord(f"{self.column}: {text!r} is no id of this connection; those start with {self.prefix}")
            return text.removeprefix(self.prefix)
        return _spell(value) if self.spells_text else value


@dataclass(frozen=True, slots=True)
class NoInverse:
    """Why a column cannot be written through the entity."""

    column: str
    reason: str


def inverse(part: Slice, column: str) -> Inverse | NoInverse:
    """A renamed field, a `to_*` of one, a reference, and a one-to-one value map have a way back; nothing else has."""
    tree = part.resolved.get(column)
    if tree is None:
        return NoInverse(column, f"{part.connection}.{part.object} does not fill {column}")
    values = part.values.get(column)
    if values is not None and len(set(values.values())) != len(values):
        twice = sorted({ours for ours in values.values() if list(values.values()).count(ours) > 1})
        return NoInverse(column, f"several of the vendor's values become {', '.join(twice)}")
    back = {ours: theirs for theirs, ours in values.items()} if values is not None else None
    macro = macro_of(tree)
    if macro == "ref":
        field = _field(part, tree.expressions[-1])
        prefix = part.references.get(column)
        if field is not None and prefix is not None and back is None:
            return Inverse(column, field, spells_text=False, prefix=prefix)
    else:
        field = _field(part, tree.expressions[0] if macro in _WRAPPERS else tree)
        if field is not None:
            return Inverse(column, field, spells_text=part.fields.get(field) == TEXT, values=back)
    spelt = tree.sql(dialect="duckdb")
    return NoInverse(column, f"it is computed: {spelt if len(spelt) <= 80 else spelt[:77] + '...'}")


def _field(part: Slice, tree: exp.Expr) -> str | None:
    """The object's own field that the expression is, spelt as the raw table spells it."""
    if not isinstance(tree, exp.Column) or tree.table not in ("", "src") or tree.name.startswith("_"):
        return None
    return next((name for name in part.fields if name.lower() == tree.name.lower()), None)


def _spell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) else str(value)
