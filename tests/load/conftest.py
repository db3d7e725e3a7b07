"""A customer's destination, fed with parts made by hand and loaded for real."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from backhaul.load.loader import Loader
from backhaul.load.tables import LoadResult, RawTable, TableResult, Type, WatermarkRow
from backhaul.spool.parts import Kind, Part, WindowId, WindowMeta
from backhaul.spool.spool import Spool

START = datetime(2026, 1, 1, tzinfo=UTC)
TIME = pa.timestamp("us", "UTC")
ARROW: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "decimal": pa.decimal128(38, 9),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": TIME,
    "time": pa.time64("us"),
    "json": pa.string(),
}


def at(minute: float | None) -> datetime | None:
    return None if minute is None else START + timedelta(minutes=minute)


class Customer:
    """Times are minutes after START. A row is a dict: `key`, `changed`, `read`, and values by field."""

    def __init__(self, root: Path) -> None:
        self.database = root / "work" / "work.duckdb"
        self.folder = root / "work" / "dlt"
        self.spool_root = root / "spool"
        self.spool = Spool(self.spool_root)
        self.tables: dict[tuple[str, str], RawTable] = {}
        self._windows = count()

    def has(self, object: str = "contacts", parent: str | None = None, **fields: Type) -> None:
        self.tables["crm", object] = RawTable("crm", object, tuple(fields.items()), ("id",), parent)

    def _part(self, object: str, kind: Kind, columns: Mapping[str, pa.Array], window: str | None = None) -> Part:
        name = window or f"w{next(self._windows)}"
        meta = WindowMeta(read="list", fingerprint="f", run_id="r", started_at=START)
        with self.spool.open(WindowId("crm", object, name), meta) as opened:
            return opened.write(pa.table(dict(columns)), kind=kind)

    def rows(
        self, *rows: Mapping[str, Any], object: str = "contacts", window: str | None = None, **types: Type
    ) -> Part:
        """types: of the part's fields; those of the table when none are given."""
        table = self.tables["crm", object]
        fields: Mapping[str, Type] = types or dict(table.fields)
        columns = {name: pa.array([row.get(name) for row in rows], ARROW[kind]) for name, kind in fields.items()}
        columns["_key"] = pa.array([row["key"] for row in rows], pa.string())
        if table.parent:
            columns["_parent_key"] = pa.array([row["parent"] for row in rows], pa.string())
        columns["_changed_at"] = pa.array([at(row.get("changed")) for row in rows], TIME)
        columns["_read_at"] = pa.array([at(row["read"]) for row in rows], TIME)
        columns["_deleted_at"] = pa.array([at(row.get("deleted")) for row in rows], TIME)
        columns["_merged_into"] = pa.array([row.get("merged") for row in rows], pa.string())
        columns["_run_id"] = pa.array(["r"] * len(rows), pa.string())
        return self._part(object, "rows", columns, window)

    def deletes(self, *rows: Mapping[str, Any], object: str = "contacts") -> Part:
        columns = {
            "_key": pa.array([row["key"] for row in rows], pa.string()),
            "_deleted_at": pa.array([at(row["deleted"]) for row in rows], TIME),
            "_read_at": pa.array([at(row["read"]) for row in rows], TIME),
            "_merged_into": pa.array([row.get("merged") for row in rows], pa.string()),
            "_run_id": pa.array(["r"] * len(rows), pa.string()),
        }
        return self._part(object, "deletes", columns)

    def parents(self, *keys: str, read: float, object: str, window: str | None = None) -> Part:
        columns = {
            "_parent_key": pa.array(keys, pa.string()),
            "_read_at": pa.array([at(read)] * len(keys), TIME),
            "_from": pa.nulls(len(keys), TIME),
            "_until": pa.nulls(len(keys), TIME),
        }
        return self._part(object, "parents", columns, window)

    def loader(self) -> Loader:
        return Loader(database=self.database, folder=self.folder)

    def load(
        self, *parts: Part, watermarks: Sequence[WatermarkRow] = (), rejects: pa.Table | None = None
    ) -> LoadResult:
        return self.loader().load(parts, tables=self.tables, watermarks=watermarks, rejects=rejects)

    def load_one(self, *parts: Part, object: str = "contacts") -> TableResult:
        return self.load(*parts).of("crm", object)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(sql).fetchall()

    def values(self, field: str, object: str = "contacts") -> dict[str, Any]:
        return dict(self.ask(f'SELECT _key, "{field}" FROM raw."crm__{object}" ORDER BY _key'))

    def live(self, object: str = "contacts") -> set[str]:
        return {key for (key,) in self.ask(f'SELECT _key FROM raw."crm__{object}" WHERE _deleted_at IS NULL')}


@pytest.fixture
def customer(tmp_path: Path) -> Customer:
    return Customer(tmp_path)


@pytest.fixture(scope="session")
def new_customer() -> Callable[[Path], Customer]:
    return Customer
