"""Columns of tables: their types as metadata tells them, and which values they take."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from backhaul.sandbox.dynamics365.answers import moment_of

# kind -> AttributeType, AttributeTypeName, and the metadata class.
TYPES = {
    "guid": ("Uniqueidentifier", "UniqueidentifierType", "AttributeMetadata"),
    "string": ("String", "StringType", "StringAttributeMetadata"),
    "memo": ("Memo", "MemoType", "MemoAttributeMetadata"),
    "entity": ("EntityName", "EntityNameType", "EntityNameAttributeMetadata"),
    "int": ("Integer", "IntegerType", "IntegerAttributeMetadata"),
    "big": ("BigInt", "BigIntType", "BigIntAttributeMetadata"),
    "decimal": ("Decimal", "DecimalType", "DecimalAttributeMetadata"),
    "money": ("Money", "MoneyType", "MoneyAttributeMetadata"),
    "double": ("Double", "DoubleType", "DoubleAttributeMetadata"),
    "bool": ("Boolean", "BooleanType", "BooleanAttributeMetadata"),
    "time": ("DateTime", "DateTimeType", "DateTimeAttributeMetadata"),
    "day": ("DateTime", "DateTimeType", "DateTimeAttributeMetadata"),
    "pick": ("Picklist", "PicklistType", "PicklistAttributeMetadata"),
    "multi": ("Virtual", "MultiSelectPicklistType", "MultiSelectPicklistAttributeMetadata"),
    "state": ("State", "StateType", "StateAttributeMetadata"),
    "status": ("Status", "StatusType", "StatusAttributeMetadata"),
    "lookup": ("Lookup", "LookupType", "LookupAttributeMetadata"),
    "customer": ("Customer", "CustomerType", "LookupAttributeMetadata"),
    "owner": ("Owner", "OwnerType", "LookupAttributeMetadata"),
    "virtual": ("Virtual", "VirtualType", "AttributeMetadata"),
    "image": ("Virtual", "ImageType", "ImageAttributeMetadata"),
}
PREFIX = "new_"
LOOKUPS = ("lookup", "customer", "owner")
CHOICES = ("pick", "state", "status", "multi")
LENGTHS = {"string": 400, "memo": 100_000, "entity": 64}


@dataclass(frozen=True, slots=True)
class Column:
    """One column. options: value -> label. targets: tables that a lookup may point at. of: the column it shadows."""

    name: str
    kind: str
    schema_name: str
    label: str
    targets: tuple[str, ...] = ()
    options: tuple[tuple[int, str], ...] = ()
    creatable: bool = True
    updatable: bool = True
    required: bool = False
    readable: bool = True
    custom: bool = False
    of: str | None = None

    @property
    def read_as(self) -> str:
        return f"_{self.name}_value" if self.kind in LOOKUPS else self.name

    def binds(self, table: str) -> dict[str, str]:
        """What writes may bind it by: navigation property -> the table that it leads to."""
        if self.kind not in LOOKUPS:
            return {}
        if len(self.targets) == 1 or self.kind == "owner":
            return {self.schema_name if self.custom else self.name: self.targets[0]}
        behind = f"_{table}" if self.name == "regardingobjectid" else ""
        return {f"{self.name}_{target}{behind}": target for target in self.targets}

    def fault(self, value: Any) -> str | None:
        """Why it does not take the value; None where it does."""
        if value is None or self._takes(value):
            return None
        if self.kind in ("pick", "state", "status", "multi") and not isinstance(value, bool):
            return f"A validation error occurred. The value {value} of '{self.name}' is outside of the accepted range."
        return f"Cannot convert the literal '{value}' to the expected type 'Edm.{_EDM.get(self.kind, 'String')}'."

    def _takes(self, value: Any) -> bool:
        match self.kind:
            case "guid":
                return is_guid(value)
            case "string" | "memo" | "entity":
                return isinstance(value, str) and len(value) <= LENGTHS[self.kind]
            case "int" | "big":
                return isinstance(value, int) and not isinstance(value, bool)
            case "decimal" | "money" | "double":
                return isinstance(value, int | float) and not isinstance(value, bool)
            case "bool":
                return isinstance(value, bool)
            case "time":
                return moment_of(value) is not None
            case "day":
                return _is_day(value)
            case "pick" | "state" | "status":
                return not isinstance(value, bool) and value in dict(self.options)
            case "multi":
                known = {str(each) for each, _ in self.options}
                return isinstance(value, str) and set(value.split(",")) <= known
        return False


_EDM = {"guid": "Guid", "int": "Int32", "big": "Int64", "decimal": "Decimal", "money": "Decimal", "double": "Double",
        "bool": "Boolean", "time": "DateTimeOffset", "day": "Date"}  # fmt: skip
_TOKEN = re.compile(r"([A-Za-z_0-9]+):([a-z]+)(?:\(([^)]*)\))?([!+-]*)")


def columns(text: str, *, options: dict[str, tuple[tuple[int, str], ...]] | None = None) -> Iterable[Column]:
    """`name:kind(targets)flags`, parted by spaces. `!`: required; `-`: read only; `+`: only when it is made.

    A name with the publisher's prefix is a custom one, and keeps the case of its schema name.
    """
    for name, kind, targets, flags in _TOKEN.findall(text):
        yield Column(
            name=name.lower(),
            kind=kind,
            schema_name=name if "_" in name else name[:1].upper() + name[1:],
            label=name.removeprefix(PREFIX).capitalize(),
            targets=tuple(targets.split(",")) if targets else (),
            options=(options or {}).get(name.lower(), ()),
            creatable="-" not in flags,
            updatable="-" not in flags and "+" not in flags,
            required="!" in flags,
            custom=name.startswith(PREFIX),
        )


def is_guid(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) == 36 and UUID(value) is not None
    except ValueError:
        return False


def _is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) == 10 and date.fromisoformat(value) is not None
    except ValueError:
        return False
