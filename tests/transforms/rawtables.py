"""Raw tables made by hand, and the entities that the catalog's staging makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from backhaul.transform.build import TransformResult, transform
from backhaul.transform.compile import RawConnection, RawField
from backhaul.transform.models import Models
from backhaul.transform.plan import Customer

SYSTEM = {
    "_key": "VARCHAR",
    "_parent_key": "VARCHAR",
    "_changed_at": "TIMESTAMPTZ",
    "_read_at": "TIMESTAMPTZ",
    "_deleted_at": "TIMESTAMPTZ",
    "_merged_into": "VARCHAR",
    "_run_id": "VARCHAR",
}
# What a field's name ends with says its type, so that tables stay short: `amount:decimal`.
TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DECIMAL(38, 9)",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
}


@dataclass
class Work:
    """One customer with one connection, and its raw tables."""

    models: Models
    source: str
    connection: duckdb.DuckDBPyConnection = field(default_factory=lambda: duckdb.connect(":memory:"))
    objects: dict[str, tuple[RawField, ...]] = field(default_factory=dict)
    runs: int = 0

    def table(self, name: str, key: str, fields: str, *rows: Sequence[Any], custom: Sequence[str] = ()) -> None:
        """One raw table. fields: `name[:type]`, parted by spaces, `_deleted_at` too; key: fields joined by `:`."""
        types = {each.partition(":")[0]: each.partition(":")[2] or "text" for each in fields.split()}
        columns = {each: TYPES[kind] for each, kind in types.items() if each not in SYSTEM} | SYSTEM
        quoted = ", ".join(f'"{each}" {type_}' for each, type_ in columns.items())
        self.connection.execute("CREATE SCHEMA IF NOT EXISTS raw")
        self.connection.execute(f'CREATE TABLE raw."it__{name}" ({quoted}, PRIMARY KEY (_key))')
        self.objects[name] = tuple(
            RawField(each, kind, custom=each in custom) for each, kind in types.items() if each not in SYSTEM
        )
        for row in rows:
            self.put(name, key, dict(zip(types, row, strict=True)))

    def put(self, name: str, key: str, values: Mapping[str, Any]) -> None:
        """Write one record as the loader does: whole, with fresh system columns."""
        self.runs += 1
        row = {
            "_changed_at": "2026-03-01 00:00:00+00",
            "_read_at": f"2026-03-02 00:00:00.{self.runs:06d}+00",
            "_run_id": f"r{self.runs}",
            **values,
            "_key": ":".join(str(values[part]) for part in key.split(":")),
        }
        names = ", ".join(f'"{each}"' for each in row)
        marks = ", ".join("?" for _ in row)
        self.connection.execute(f'INSERT OR REPLACE INTO raw."it__{name}" ({names}) VALUES ({marks})', [*row.values()])

    def build_all(self) -> TransformResult:
        """Every entity and mart, as a run does."""
        return self._transform()

    def build(self) -> TransformResult:
        """The entities that the tables fill, those that they refer to, and the links; no others and no marts."""
        made = {
            each.entity for each in self.models.staging if each.source == self.source and each.object in self.objects
        }
        more = made | {"links"}
        while more:
            made |= more
            columns = [column for name in more for column in self.models.contracts[name].columns.values()]
            more = {column.references for column in columns if column.references} - made
        return self._transform(*sorted(made))

    def _transform(self, *select: str) -> TransformResult:
        customer = Customer("acme", {"it": RawConnection("it", self.source, self.objects)}, {})
        return transform(self.connection, self.models, customer, run_id="run", select=select)

    def rows(self, entity: str, columns: str) -> list[tuple[Any, ...]]:
        """The entity's rows by id; decimals as short text, times as ISO text in UTC."""
        names = ", ".join(f'"{each}"' for each in columns.split())
        found = self.connection.execute(f"SELECT {names} FROM entities.{entity} ORDER BY id").fetchall()
        return [tuple(_short(value) for value in row) for row in found]


def _short(value: Any) -> Any:
    if hasattr(value, "normalize"):
        return format(value.normalize(), "f")
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    return value
