"""`forget`: one person's or company's record leaves every store of ours, stays away, and a receipt says so."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backhaul.errors import Bug, ConfigError
from backhaul.load.database import opened
from backhaul.load.tables import literal, quoted
from backhaul.pipeline.context import Context
from backhaul.pipeline.publishing import publish_customer
from backhaul.pipeline.run import RunReport, recorded
from backhaul.pipeline.transforming import transform_customer
from backhaul.push.erasing import erase_record
from backhaul.transform.work import prepare


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased where. The record is named by a hash alone: the receipt must not remember it."""

    customer: str
    entity: str
    record: str
    """SHA-256 of the id."""
    run: str
    at: datetime
    erased: dict[str, int] = field(default_factory=dict)
    snapshots_deleted: int = 0
    version: int = 0
    path: Path | None = None


def forget(context: Context, entity: str, id: str) -> Receipt:
    """Erase the record behind an entity's row from raw tables, entities, rejects, ledger and all snapshots.

    It stays away: when the vendor gives it again, the next transform drops it before anyone sees it. Rows that only
    name it by key stay. Raises ConfigError where it is not there, or where parts of an unfinished read hold it.
    """
    connection, _, rest = id.partition(":")
    object_name, _, source_id = rest.partition(":")
    if not source_id or connection not in context.pipeline.connections:
        raise ConfigError(
            f"{id} is no id of a record: those are connection:object:key",
            next_step=f'find it: backhaul query {context.customer} "select id, name from {entity} where ..."',
            customer=context.customer,
        )
    report = RunReport(context.customer, context.run_id)
    lease = context.state.leases.lease(context.customer, run=context.run_id, wait=context.lease_wait)
    with lease, recorded(context, "forget", report):
        _refuse_unfinished(context, connection, object_name, source_id)
        erased = _erase_work(context, entity, id, connection, object_name, source_id)
        for name, count in erase_record(
            context.layout.ledger(context.customer), connection, object_name, source_id
        ).items():
            erased[f"ledger {name}"] = count
        report.transform = transform_customer(context)
        _rewrite(context.work)
        # the views and search indexes that agents read are made anew: by this publish, or when one is next read
        views = context.layout.agent(context.customer).parent
        erased["agents' views"] = len(list(views.iterdir())) if views.is_dir() else 0
        shutil.rmtree(views, ignore_errors=True)
        report.publish = publish_customer(context, anew=True)
    receipt = Receipt(
        customer=context.customer,
        entity=entity,
        record=hashlib.sha256(id.encode()).hexdigest(),
        run=context.run_id,
        at=datetime.now(UTC),
        erased={name: count for name, count in erased.items() if count},
        snapshots_deleted=report.publish.deleted_versions,
        version=report.publish.version,
        path=context.layout.hidden / "receipts" / context.customer / f"{context.run_id}.json",
    )
    _write(receipt)
    return receipt


def _erase_work(context: Context, entity: str, id: str, connection: str, object_name: str, key: str) -> dict[str, int]:
    source = context.source_of(connection)
    with opened(context.work, memory_limit="256MB", threads=context.destination.threads) as work:
        prepare(work)
        tables = {str(name) for (name,) in work.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'raw'").fetchall()}  # fmt: skip
        table = f"{connection}__{object_name}"
        known = table in tables and work.execute(f"SELECT 1 FROM raw.{quoted(table)} WHERE _key = ?", [key]).fetchone()
        if not known:
            raise ConfigError(
                f"{entity} has no record {id} in {table}",
                next_step=f"name the id as `backhaul query {context.customer}` shows it",
                customer=context.customer,
            )
        work.execute("BEGIN")
        erased = {f"raw {table}": _delete(work, f"raw.{quoted(table)}", "_key = ?", [key])}
        for other in sorted(tables):
            child = (
                source.definition(other.removeprefix(f"{connection}__"))
                if other.startswith(f"{connection}__")
                else None
            )
            if child is not None and child.parent is not None and child.parent.object == object_name:
                erased[f"raw {other}"] = _delete(work, f"raw.{quoted(other)}", "_parent_key = ?", [key])
        for rejects in ("raw._rejects", "meta.rejects"):
            if rejects == "meta.rejects" or "_rejects" in tables:
                where = "connection = ? AND object = ? AND key = ?"
                erased["rejects"] = erased.get("rejects", 0) + _delete(
                    work, rejects, where, [connection, object_name, key]
                )
        erased["seen changes"] = _delete(work, "meta.seen", "record_id = ?", [id])
        work.execute("INSERT INTO meta.forgotten VALUES (?, ?, sha256(?))", [connection, object_name, key])
        work.execute("COMMIT")
    return erased


def _refuse_unfinished(context: Context, connection: str, object_name: str, key: str) -> None:
    """Parts that wait to be loaded cannot be changed: their manifest vouches for them."""
    import duckdb

    parts = sorted(context.layout.spool(context.customer).rglob("*.parquet"))
    for part in parts:
        with duckdb.connect() as db:
            place = f"read_parquet({literal(str(part))})"
            columns = {row[0] for row in db.execute(f"DESCRIBE SELECT * FROM {place}").fetchall()}
            if "_key" in columns and db.execute(f"SELECT 1 FROM {place} WHERE _key = ?", [key]).fetchone():
                raise ConfigError(
                    "parts of an unfinished read still hold the record",
                    next_step=f"finish it with `backhaul run {context.customer}`, then forget",
                    customer=context.customer,
                    connection=connection,
                    object=object_name,
                )


def _rewrite(path: Path) -> None:
    """Write the file anew: what was deleted still lies in its free blocks."""
    fresh = path.with_name(f"{path.name}.fresh")
    fresh.unlink(missing_ok=True)
    with opened(path) as work:
        (name,) = work.execute("SELECT current_database()").fetchone() or ("",)
        work.execute(f"ATTACH {literal(str(fresh))} AS fresh")
        work.execute(f"COPY FROM DATABASE {quoted(str(name))} TO fresh")
        comments = work.execute(
            "SELECT schema_name, table_name, NULL, comment FROM duckdb_tables()"
            " WHERE database_name = current_database() AND comment IS NOT NULL"
            " UNION ALL SELECT schema_name, table_name, column_name, comment FROM duckdb_columns()"
            " WHERE database_name = current_database() AND comment IS NOT NULL"
        ).fetchall()
        for schema, table, column, text in comments:
            place = f"fresh.{quoted(schema)}.{quoted(table)}"
            what = f"COLUMN {place}.{quoted(column)}" if column else f"TABLE {place}"
            work.execute(f"COMMENT ON {what} IS {literal(text)}")
        work.execute("DETACH fresh")
    fresh.replace(path)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)


def _delete(work: Any, table: str, where: str, values: list[str]) -> int:
    row = work.execute(f"DELETE FROM {table} WHERE {where}", values).fetchone()
    return int(row[0]) if row else 0


def _write(receipt: Receipt) -> None:
    if receipt.path is None:
        raise Bug("a receipt without a path")
    receipt.path.parent.mkdir(parents=True, exist_ok=True)
    receipt.path.write_text(json.dumps(asdict(receipt), default=str, indent=1), encoding="utf-8")
