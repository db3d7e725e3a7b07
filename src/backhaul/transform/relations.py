"""What is derived into entities beside their slices: pairs of the same in links, changes that syncs saw."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import duckdb

from backhaul.transform.derived import Derived, is_current, keep_fingerprint, state_of, write_derived
from backhaul.transform.entity import Built
from backhaul.transform.identity import decide, doubtful, identity_links
from backhaul.transform.inputs import Customer
from backhaul.transform.models import Models
from backhaul.transform.plan import EntityPlan
from backhaul.transform.seen import CHANGES, seen_changes
from backhaul.transform.slices import SliceResult

LINKS = "links"


class Relations:
    """Adds the derived rows to the entities that hold some, after the slices of all are built."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        models: Models,
        customer: Customer,
        plans: Sequence[EntityPlan],
        seq: int,
    ) -> None:
        self._connection = connection
        self._customer = customer
        self._shapes = {plan.shape.name: plan.shape for plan in plans}
        self._seq = seq
        self._identities = decide(models.identity, customer.identity, self._shapes)

    def build(self, built: Built) -> Built:
        """The entity with its derived rows, written where what they are made of has changed."""
        name = built.plan.shape.name
        if name == LINKS and {"role", "method", "confidence"} <= set(built.plan.shape.columns):
            there = [each for each in self._identities if self._exists(each.entity)]
            links = identity_links(there, built.plan.shape, self._customer.name)
            made_of = state_of(self._connection, [each.entity for each in there])
            done = self._write(links, f"{LINKS}:{name}", made_of, built)
            return replace(done, warnings=(*done.warnings, *doubtful(self._connection, there)))
        if name == CHANGES:
            sources = {each.name: each.source for each in self._customer.connections.values()}
            row = self._connection.execute("SELECT count(*), max(seq) FROM meta.seen").fetchone()
            seen = seen_changes(built.plan.shape, self._customer.name, sources)
            return self._write(seen, CHANGES, str(row), built)
        return built

    def _write(self, derived: Derived, name: str, made_of: str, built: Built) -> Built:
        state = hashlib.sha256(f"{derived.select}{made_of}".encode()).hexdigest()
        if not built.anew and is_current(self._connection, name, state):
            return built
        self._connection.execute("BEGIN")
        try:
            self._connection.execute("UPDATE meta.work SET seq = ?", [self._seq])
            written = write_derived(self._connection, derived, seq=self._seq)
            keep_fingerprint(self._connection, name, state)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        return replace(built, parts=(*built.parts, SliceResult(written.changed, written.removed)))

    def _exists(self, entity: str) -> bool:
        row = self._connection.execute(
            "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'entities' AND table_name = ?"
            " AND database_name = current_database()",
            [entity],
        ).fetchone()
        return row is not None
