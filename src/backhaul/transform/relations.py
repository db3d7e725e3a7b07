"""What is derived into entities beside their slices: pairs of the same in links, changes that syncs saw."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import duckdb

from backhaul.transform.before import are_told, changed_shown
from backhaul.transform.derived import Derived, Made, keep_made, last_made, state_of, write_derived
from backhaul.transform.entity import Built
from backhaul.transform.identity import decide, find_among, find_doubtful, identity_links, told_doubts
from backhaul.transform.inputs import Customer
from backhaul.transform.models import Models
from backhaul.transform.plan import EntityPlan
from backhaul.transform.seen import CHANGES, seen_changes
from backhaul.transform.slices import SliceResult

LINKS = "links"
_PAIRED = {"from_entity", "from_id", "to_entity", "to_id", "role", "method", "confidence"}


class Relations:
    """Adds the derived rows to the entities that hold some, after the slices of all are built."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        models: Models,
        customer: Customer,
        plans: Sequence[EntityPlan],
        seq: int,
        *,
        full: bool,
    ) -> None:
        """full: make everything that is derived anew."""
        self._connection = connection
        self._full = full
        self._customer = customer
        self._shapes = {plan.shape.name: plan.shape for plan in plans}
        self._seq = seq
        self._identities = decide(models.identity, customer.identity, self._shapes)

    def build(self, built: Built) -> Built:
        """The entity with its derived rows, written where what they are made of has changed."""
        name = built.plan.shape.name
        if name == LINKS and set(built.plan.shape.columns) >= _PAIRED:
            return self._links(built)
        if name == CHANGES:
            sources = {each.name: each.source for each in self._customer.connections.values()}
            row = self._connection.execute("SELECT count(*), max(seq) FROM meta.seen").fetchone()
            seen = seen_changes(built.plan.shape, self._customer.name, sources)
            return self._seen(seen, str(row), built)
        return built

    def _links(self, built: Built) -> Built:
        there = [each for each in self._identities if self._exists(each.entity)]
        entities = [each.entity for each in there]
        links = identity_links(there, built.plan.shape, self._customer.name)
        made = Made(_hash(repr((links, there))), state_of(self._connection, entities), self._seq)
        last = None if built.anew or self._full else last_made(self._connection, LINKS)
        done = built
        if last is None or (last.by, last.of) != (made.by, made.of):
            told = last is not None and last.by == made.by and are_told(self._connection, entities, last.seq)
            with self._transaction():
                if last is not None and told:
                    with changed_shown(self._connection, entities, last.seq):
                        find_among(self._connection, there)
                        find_doubtful(self._connection, there, among=True)
                        links = identity_links(there, built.plan.shape, self._customer.name, among=True)
                else:
                    find_doubtful(self._connection, there)
                done = self._written(links, LINKS, made, built)
        return replace(done, warnings=(*done.warnings, *told_doubts(self._connection, there)))

    def _seen(self, seen: Derived, made_of: str, built: Built) -> Built:
        made = Made(_hash(seen.select), made_of, self._seq)
        last = None if built.anew or self._full else last_made(self._connection, CHANGES)
        if last is not None and (last.by, last.of) == (made.by, made.of):
            return built
        with self._transaction():
            return self._written(seen, CHANGES, made, built)

    def _written(self, derived: Derived, name: str, made: Made, built: Built) -> Built:
        written = write_derived(self._connection, derived, seq=self._seq)
        keep_made(self._connection, name, made)
        return replace(built, parts=(*built.parts, SliceResult(written.changed, written.removed)))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            self._connection.execute("UPDATE meta.work SET seq = ?", [self._seq])
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _exists(self, entity: str) -> bool:
        row = self._connection.execute(
            "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'entities' AND table_name = ?"
            " AND database_name = current_database()",
            [entity],
        ).fetchone()
        return row is not None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
