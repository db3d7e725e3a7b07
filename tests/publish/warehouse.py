"""A project on disk with one customer's work.duckdb: raw tables of one connection, one entity over them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from backhaul.config.layout import Layout
from backhaul.publish.snapshot import Publication, PublishResult, publish
from backhaul.publish.versions import Retention
from backhaul.publish.words import Words
from backhaul.transform.build import transform
from backhaul.transform.compile import RawConnection, RawField
from backhaul.transform.models import Models, read_models
from backhaul.transform.plan import Customer

CONTRACT = """
entity: accounts
description: Companies.
columns:
  name: {type: text, description: Its name.}
  size: {type: integer}
"""
STAGING = "select src.name as name, src.size as size from companies as src"
EARLY = datetime(2026, 1, 1, tzinfo=UTC)


class Warehouse:
    """What a run does around publish, in as few words as possible."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root)
        self.layout.work_folder("acme").mkdir(parents=True)
        self.db = duckdb.connect(str(self.layout.work("acme")))
        self.db.execute("SET TimeZone = 'UTC'; SET threads = 1; CREATE SCHEMA raw")
        self.db.execute(
            'CREATE TABLE raw."crm__companies" (name VARCHAR, size BIGINT, _key VARCHAR NOT NULL, _parent_key VARCHAR,'
            " _changed_at TIMESTAMPTZ, _read_at TIMESTAMPTZ, _deleted_at TIMESTAMPTZ, _merged_into VARCHAR,"
            " _run_id VARCHAR)"
        )
        self.contract = CONTRACT
        self.staging = STAGING
        self.runs = 0
        self.words: dict[str, Words] = {}

    @property
    def models(self) -> Models:
        return read_models({"accounts": self.contract}, {("hub", "accounts.companies"): self.staging})

    def put(self, key: str, name: str, size: int = 1) -> None:
        self.drop(key)
        self.db.execute(
            'INSERT INTO raw."crm__companies" (name, size, _key, _changed_at, _read_at, _run_id)'
            " VALUES (?, ?, ?, now(), now(), ?)",
            [name, size, key, f"run{self.runs + 1}"],
        )

    def drop(self, key: str) -> None:
        self.db.execute('DELETE FROM raw."crm__companies" WHERE _key = ?', [key])

    def tombstone(self, key: str) -> None:
        self.db.execute(
            'UPDATE raw."crm__companies" SET _deleted_at = now(), _run_id = ? WHERE _key = ?',
            [f"run{self.runs + 1}", key],
        )

    def read_again(self, key: str) -> None:
        self.db.execute(
            'UPDATE raw."crm__companies" SET _read_at = now(), _run_id = ? WHERE _key = ?', [f"run{self.runs + 1}", key]
        )

    def run(self, *, retention: Retention | None = None, as_of: datetime = EARLY) -> PublishResult:
        self.runs += 1
        fields = tuple(RawField(name, "text") for name in ("name", "size"))
        customer = Customer("acme", {"crm": RawConnection("crm", "hub", {"companies": fields})}, {})
        transform(self.db, self.models, customer, run_id=f"run{self.runs}")
        return publish(
            self.db,
            self.layout,
            Publication(
                "acme",
                f"run{self.runs}",
                "cfg",
                {"crm": {"companies": as_of}},
                retention or Retention(),
                words=lambda: self.words,
            ),
        )

    def read(self, sql: str, path: Path | None = None) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(path or self.layout.snapshot("acme")), read_only=True) as reader:
            return reader.execute(sql).fetchall()

    def read_raw(self, sql: str) -> list[tuple[Any, ...]]:
        return self.read(sql, self.layout.raw_snapshot("acme"))
