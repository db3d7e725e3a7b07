"""The ledger's attempts as rows for the snapshot: a row a field, private fields without their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from backhaul.pipeline.context import Context
from backhaul.publish.ledger import SCHEMA, Attempts
from backhaul.push.audit import Attempt
from backhaul.push.ledger import Ledger


def attempts_of(context: Context) -> Attempts | None:
    """None where nothing was ever pushed."""
    path = context.layout.ledger(context.customer)
    if not path.exists():
        return None

    def attempts(after: int, seqs: Sequence[int]) -> Iterator[pa.Table]:
        with Ledger(path) as ledger:
            if seqs:
                yield _table(context, ledger.audit.of(seqs))
            for page in ledger.audit.after(after):
                yield _table(context, page)

    return attempts


def _table(context: Context, attempts: Sequence[Attempt]) -> pa.Table:
    rows = [row for each in attempts for row in _rows(each, _private(context, each))]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _rows(each: Attempt, private: frozenset[str]) -> Iterator[dict[str, Any]]:
    key = each.key
    shared = {
        "seq": each.seq,
        "id": f"{each.connection}:{each.object}:{key}" if key is not None else None,
        "push": each.push,
        "connection_id": each.connection,
        "source_object": each.object,
        "source_id": key,
        "row_name": each.row,
        "action": each.action,
        "state": each.state,
        "code": each.code,
        "message": each.message,
        "who": each.who,
        "run_id": each.run,
        "intended_at": each.intended_at,
        "receipt_at": each.receipt_at,
    }
    for name, value in each.values.items():
        known = name in each.before
        hidden = name in private
        yield {
            **shared,
            "field": name,
            "before": None if hidden else each.before.get(name),
            "after": None if hidden else value,
            "before_known": known and not hidden,
        }
    if not each.values:
        yield {**shared, "field": None, "before": None, "after": None, "before_known": False}


def _private(context: Context, each: Attempt) -> frozenset[str]:
    connection = context.pipeline.connections.get(each.connection)
    if connection is None or connection.objects == "all" or each.object not in connection.objects:
        return frozenset()
    return frozenset(connection.objects[each.object].private)
