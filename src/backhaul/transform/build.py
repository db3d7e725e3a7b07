"""Transform: raw tables to entities in work.duckdb, at a cost that follows what changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb

from backhaul.errors import BackhaulError
from backhaul.transform.before import drop_all_before
from backhaul.transform.inputs import Customer
from backhaul.transform.models import Models
from backhaul.transform.names import quote
from backhaul.transform.results import EntityResult, Missing, TransformResult
from backhaul.transform.work import Signatures, drop_forgotten, prepare, raw_tables, scalar_functions

if TYPE_CHECKING:
    from backhaul.transform.plan import EntityPlan


def compile_customer(
    connection: duckdb.DuckDBPyConnection, models: Models, customer: Customer
) -> tuple[EntityPlan, ...]:
    """The customer's entities as SQL, against the raw tables that are there. Raises ConfigError."""
    return _compile(models, customer, raw_tables(connection))


def transform(
    connection: duckdb.DuckDBPyConnection,
    models: Models,
    customer: Customer,
    *,
    run_id: str,
    full: bool = False,
    select: Sequence[str] = (),
) -> TransformResult:
    """Bring every entity and mart up to date.

    full: look at every raw row again; what comes out the same is not written.
    select: only these, as `name`, `name+` (and all that read it) or `+name` (and all that it reads); empty: all.

    connection: work.duckdb, opened under the write lease. Each slice is one transaction: a killed transform
    leaves whole slices, and the next one does the rest.
    """
    seq = prepare(connection)
    tables = raw_tables(connection)
    drop_forgotten(connection, tables)
    signatures = Signatures(connection, tables)
    # marts may ask for the day, so that a new one is something new
    day = datetime.now(UTC).date().isoformat()
    inputs = hashlib.sha256(repr((models.fingerprint, customer, tables, day)).encode()).hexdigest()
    if not full and not select:
        unchanged = _nothing_new(connection, inputs, signatures, seq - 1)
        if unchanged is not None:
            return unchanged
    # what follows needs the SQL parser, which takes longer to import than a run with nothing new may last
    from backhaul.transform.entity import build_entity, finish_entity, told
    from backhaul.transform.martbuild import build_marts, drop_strangers
    from backhaul.transform.relations import Relations
    from backhaul.transform.selection import selected

    plans = _compile(models, customer, tables)
    chosen = selected(models, plans, select)
    relations = Relations(connection, models, customer, plans, seq, full=full)
    try:
        drop_strangers(connection, [*models.contracts, *(mart.name for mart in models.marts)])
        wanted = [plan for plan in plans if plan.shape.name in chosen]
        built = [build_entity(connection, plan, signatures, seq=seq, run_id=run_id, full=full) for plan in wanted]
        built = [relations.build(each) for each in built]
        results = [finish_entity(connection, each, seq=seq) for each in built]
        marts = [mart for mart in models.marts if mart.name in chosen]
        results += build_marts(connection, marts, {plan.shape.name: plan.shape for plan in plans}, seq=seq, full=full)
    except duckdb.Error as error:
        raise told(error, "the entities").within(customer=customer.name, run=run_id) from error
    except BackhaulError as error:
        error.within(customer=customer.name, run=run_id)
        raise
    missing = tuple(each for plan in plans for each in plan.missing)
    used = sorted({table for plan in plans for part in plan.slices for table in part.tables})
    connection.execute("BEGIN")
    connection.execute("DELETE FROM meta.latest")
    if not select:
        drop_all_before(connection)
        connection.execute(
            "INSERT INTO meta.latest VALUES (?, ?, ?)",
            [
                inputs,
                json.dumps({table: signatures.of(table) for table in used}),
                json.dumps([asdict(each) for each in missing]),
            ],
        )
    connection.execute("COMMIT")
    return TransformResult(tuple(results), missing, seq)


def _nothing_new(
    connection: duckdb.DuckDBPyConnection, inputs: str, signatures: Signatures, seq: int
) -> TransformResult | None:
    """The result of a transform that finds everything as the last one left it; None where there is work to do."""
    latest = connection.execute("SELECT inputs, signatures, missing FROM meta.latest").fetchone()
    if latest is None or latest[0] != inputs:
        return None
    if any(signatures.of(table) != before for table, before in json.loads(latest[1]).items()):
        return None
    results = []
    for (name,) in connection.execute("SELECT entity FROM meta.entities ORDER BY entity").fetchall():
        rows = connection.execute(f"SELECT count(*) FROM entities.{quote(name)}").fetchone()
        results.append(EntityResult(name, int(rows[0]) if rows else 0, 0, 0, (), 0))
    missing = tuple(Missing(**each) for each in json.loads(latest[2]))
    return TransformResult(tuple(results), missing, seq)


def _compile(models: Models, customer: Customer, tables: dict[str, dict[str, str]]) -> tuple[EntityPlan, ...]:
    from backhaul.transform.plan import compile_entities

    functions = scalar_functions() if customer.mappings else frozenset()
    return compile_entities(models, customer, tables, functions)


__all__ = ["Customer", "EntityResult", "Missing", "TransformResult", "compile_customer", "transform"]
