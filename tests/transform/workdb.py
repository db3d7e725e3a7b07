"""A work.duckdb in memory, with raw tables as the loader leaves them, and a small set of models over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from backhaul.config.pipeline import Mapped
from backhaul.transform.build import TransformResult, transform
from backhaul.transform.compile import RawConnection, RawField
from backhaul.transform.models import Models, read_models
from backhaul.transform.plan import Customer

CONTRACTS = {
    "accounts": """
entity: accounts
description: Companies.
columns:
  name: {type: text, description: Its name.}
  annual_revenue: {type: money}
  employees: {type: integer}
  founded_on: {type: date}
  seen_at: {type: timestamp}
  is_key_account: {type: boolean}
  status: {type: text, enum: [active, inactive]}
  owner_id: {type: text, references: users}
  region: {type: text}
""",
    "users": "{entity: users, columns: {name: {type: text}, email: {type: text}}}",
    "links": """
entity: links
columns: {from_id: {type: text}, to_id: {type: text}, role: {type: text}}
checks: [{not_null: [from_id, to_id]}, {unique: [from_id, to_id, role]}]
""",
}
STAGING = {
    ("hub", "accounts.companies"): """
-- One row per company.
select
    src.name as name,
    src.revenue as annual_revenue,
    src.currency as currency,
    to_decimal(src.headcount) as employees,
    to_date(src.founded) as founded_on,
    to_timestamp(src.seen) as seen_at,
    to_boolean(src.vip) as is_key_account,
    lower(src.state) as status,
    ref(users, src.owner) as owner_id,
    o.region as region
from companies as src
left join owners as o on o.id = src.owner
""",
    ("hub", "users.owners"): "select src.email as email, src.email as name from owners as src",
    ("hub", "links.tasks"): """
-- custom: none
select
    unnest([
        case when src.a is not null then src._key || ':a' end,
        case when src.b is not null then src._key || ':b' end
    ]) as source_id,
    src._key as from_id,
    unnest([ref(accounts, src.a), ref(accounts, src.b)]) as to_id,
    unnest(['about', 'with']) as role
from tasks as src
where not coalesce(src.hidden, false)
""",
}
SYSTEM = (
    "_key VARCHAR NOT NULL, _parent_key VARCHAR, _changed_at TIMESTAMPTZ, _read_at TIMESTAMPTZ,"
    " _deleted_at TIMESTAMPTZ, _merged_into VARCHAR, _run_id VARCHAR"
)
COMPANY = {
    "id": "VARCHAR",
    "name": "VARCHAR",
    "revenue": "DECIMAL(38,9)",
    "currency": "VARCHAR",
    "headcount": "VARCHAR",
    "founded": "VARCHAR",
    "seen": "VARCHAR",
    "vip": "VARCHAR",
    "state": "VARCHAR",
    "owner": "VARCHAR",
    "arr__c": "VARCHAR",
    "tier__c": "VARCHAR",
    "order": "VARCHAR",
    "extra__c": "VARCHAR",
}
OWNER = {"id": "VARCHAR", "email": "VARCHAR", "region": "VARCHAR"}
TASK = {"a": "VARCHAR", "b": "VARCHAR", "hidden": "BOOLEAN"}


class Work:
    """One customer's work.duckdb. Raw rows are written as the loader writes them: delete, then insert."""

    def __init__(self, connection: duckdb.DuckDBPyConnection | None = None) -> None:
        self.db = connection or duckdb.connect()
        self.db.execute("SET TimeZone = 'UTC'; SET threads = 1; CREATE SCHEMA IF NOT EXISTS raw")
        self.models = read_models(CONTRACTS, STAGING)
        self.fields: dict[str, tuple[RawField, ...]] = {}
        self.mappings: dict[str, dict[str, dict[str, str | Mapped]]] = {}
        self.clock = 0

    def standard(self) -> Work:
        self.table("companies", COMPANY)
        self.table("owners", OWNER)
        self.table("tasks", TASK)
        return self

    def table(self, name: str, columns: Mapping[str, str]) -> None:
        listed = "".join(f'"{column}" {type_}, ' for column, type_ in columns.items())
        self.db.execute(f'CREATE TABLE raw."crm__{name}" ({listed}{SYSTEM})')
        self.fields[name] = tuple(RawField(column, "text", column.endswith("__c")) for column in columns)

    def put(self, table: str, key: str, /, run: str = "run1", **values: Any) -> None:
        """Load one row: new, changed, or restored."""
        self.clock += 1
        self.db.execute(f'DELETE FROM raw."crm__{table}" WHERE _key = ?', [key])
        columns = ["_key", "_run_id", "_read_at", "_changed_at", *(f'"{column}"' for column in values)]
        moment = f"2026-01-01 00:00:00+00'::TIMESTAMPTZ + INTERVAL {self.clock} SECOND"
        self.db.execute(
            f"INSERT INTO raw.\"crm__{table}\" ({', '.join(columns)}) VALUES (?, ?, '{moment}, '{moment}"
            f"{', ?' * len(values)})",
            [key, run, *values.values()],
        )

    def read_again(self, name: str, key: str, run: str) -> None:
        """The same values, read by a later run."""
        self.clock += 1
        self.db.execute(
            f'UPDATE raw."crm__{name}" SET _run_id = ?, _read_at = _read_at + INTERVAL 1 HOUR WHERE _key = ?',
            [run, key],
        )

    def tombstone(self, name: str, key: str, run: str) -> None:
        self.db.execute(
            f"UPDATE raw.\"crm__{name}\" SET _deleted_at = TIMESTAMPTZ '2026-02-01 00:00:00+00', _run_id = ?"
            " WHERE _key = ?",
            [run, key],
        )

    def drop(self, name: str, key: str) -> None:
        self.db.execute(f'DELETE FROM raw."crm__{name}" WHERE _key = ?', [key])

    @property
    def customer(self) -> Customer:
        return Customer("acme", {"crm": RawConnection("crm", "hub", self.fields)}, self.mappings)

    def transform(
        self, run: str = "run1", *, full: bool = False, models: Models | None = None, select: Sequence[str] = ()
    ) -> TransformResult:
        return transform(self.db, models or self.models, self.customer, run_id=run, full=full, select=select)

    def rows(self, entity: str, columns: str = "*") -> list[tuple[Any, ...]]:
        return self.db.execute(f"SELECT {columns} FROM entities.{entity} ORDER BY id").fetchall()

    def row(self, entity: str, columns: str) -> tuple[Any, ...]:
        rows = self.rows(entity, columns)
        assert len(rows) == 1
        return rows[0]

    def dump(self, entity: str) -> list[tuple[Any, ...]]:
        """Every published column, bar when a row was read and by which run: that is of the reading, not of the row."""
        hidden = "_raw_key, _stamp, _hash, _seq, synced_at, sync_run_id"
        return self.rows(entity, f"* EXCLUDE ({hidden})")
