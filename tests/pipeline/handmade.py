"""A project with one customer whose raw tables were made by hand: no vendor runs, so none can be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from backhaul.project import Customer, Project

PIPELINE = """
customer: acme
destination: duckdb
connections:
  crm: {source: hubspot, auth: private_app, credentials: {token: "${TOKEN}"}, objects: {companies: {}, owners: {}}}
  erp: {source: netsuite, auth: tba, settings: {account: 1_SB1}, credentials: {consumer_key: "${A}",
        consumer_secret: "${A}", token_id: "${A}", token_secret: "${A}"}, objects: {customer: {}}}
"""
SYSTEM = (
    "_key VARCHAR NOT NULL, _parent_key VARCHAR, _changed_at TIMESTAMPTZ, _read_at TIMESTAMPTZ,"
    " _deleted_at TIMESTAMPTZ, _merged_into VARCHAR, _run_id VARCHAR"
)


class Handmade:
    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "pipelines").mkdir(parents=True)
        self.configure("")
        self.project = Project(root)
        self.acme: Customer = self.project.customer("acme")
        self.work = self.project.config.layout.work("acme")
        self.work.parent.mkdir(parents=True)

    def configure(self, more: str) -> None:
        (self.root / "pipelines" / "acme.yaml").write_text(PIPELINE + more, encoding="utf-8")

    def mart(self, name: str, sql: str) -> None:
        folder = self.root / "transforms" / "marts"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.sql").write_text(sql, encoding="utf-8")

    def table(self, name: str, fields: Mapping[str, str], rows: Sequence[Sequence[Any]], run: str = "run1") -> None:
        """rows: the key, then the fields' values."""
        listed = "".join(f'"{field}" {type_}, ' for field, type_ in fields.items())
        with duckdb.connect(str(self.work)) as db:
            db.execute("SET TimeZone = 'UTC'; CREATE SCHEMA IF NOT EXISTS raw")
            db.execute(f'CREATE TABLE IF NOT EXISTS raw."{name}" ({listed}{SYSTEM})')
            names = ", ".join(f'"{field}"' for field in fields)
            for key, *values in rows:
                db.execute(f'DELETE FROM raw."{name}" WHERE _key = ?', [key])
                db.execute(
                    f'INSERT INTO raw."{name}" (_key, {names}, _run_id, _read_at, _changed_at)'
                    f" VALUES (?, {', '.join('?' for _ in values)}, ?, now(), TIMESTAMPTZ '2026-01-01 00:00:00+00')",
                    [key, *values, run],
                )

    def shape(self) -> None:
        assert self.acme.transform().exit_code == 0
        assert self.acme.publish().exit_code == 0

    def snapshot(self) -> Path:
        return self.project.config.layout.snapshot("acme").resolve()

    def read(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.snapshot()), read_only=True) as db:
            return db.execute(sql).fetchall()
