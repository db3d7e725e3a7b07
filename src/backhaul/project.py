"""The Python way in: a project, its customers, and what can be done for each. The command line calls nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from backhaul.config.project import ProjectConfig
from backhaul.telemetry.progress import SILENT, Progress

if TYPE_CHECKING:
    import pyarrow as pa

    from backhaul.agent.reader import Reader as AgentReader
    from backhaul.auth.consent import Consent
    from backhaul.config.questions import Question
    from backhaul.fleet.access import Access
    from backhaul.fleet.outcome import Outcome
    from backhaul.fleet.runs import Fleet
    from backhaul.fleet.status import ConnectionStatus
    from backhaul.pipeline.checking import Checked
    from backhaul.pipeline.connecting import Connected, Way
    from backhaul.pipeline.context import Context
    from backhaul.pipeline.discovering import Discovery
    from backhaul.pipeline.forgetting import Receipt
    from backhaul.pipeline.planning import ConfigurationPlan
    from backhaul.pipeline.proposing import Decision
    from backhaul.pipeline.rejects import Rejects
    from backhaul.pipeline.run import RunReport
    from backhaul.pipeline.tracing import Trace
    from backhaul.publish.query import QueryResult
    from backhaul.push.audit import Attempt
    from backhaul.push.audit import Query as LedgerQuery
    from backhaul.push.entries import DeadLetter
    from backhaul.push.plan import Plan
    from backhaul.push.report import PushReport
    from backhaul.state.budgets import Priority
    from backhaul.state.proposals import Proposal
    from backhaul.state.runs import Run
    from backhaul.state.state import State
    from backhaul.state.usage import UsageDay
    from backhaul.transform.suggest import Suggestion


class Project:
    """A folder of pipelines, opened. Use it as a context manager, or `close` it: what was counted is written then.

    >>> with Project(".") as project:
    ...     project.customer("acme").run()
    """

    def __init__(self, root: Path | str = ".", *, environment: str | None = None, progress: Progress = SILENT) -> None:
        """Raises ConfigError where there is no project."""
        self.config = ProjectConfig.open(root, environment)
        self.progress = progress
        self.stop = threading.Event()
        self.lease_wait = 30.0
        """Seconds to wait for another run that is writing the same customer, before Busy."""
        self._state: State | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        if self._state is not None:
            self._state.store.close()
            self._state = None

    @property
    def state(self) -> State:
        """The control store, opened when first asked for."""
        if self._state is None:
            from backhaul.state.state import State
            from backhaul.state.store import ControlStore
            from backhaul.telemetry import redact

            place = self.config.control
            if isinstance(place, str):
                redact.register(place)
            self._state = State(ControlStore(place))
        return self._state

    def customers(self) -> tuple[Customer, ...]:
        return tuple(Customer(self, name) for name in self.config.customers())

    def customer(self, name: str) -> Customer:
        """Raises ConfigError, with the nearest name, where there is none."""
        if name not in self.config.customers():
            self.config.pipeline(name)
        return Customer(self, name)

    def run(self, customers: Sequence[str] = (), *, workers: int = 2, check_deletes: bool = False) -> Iterator[Outcome]:
        """Run these customers, or all, side by side; each outcome as it comes. One's failure is not another's."""
        from backhaul.fleet.runs import Job

        names = [self.customer(name).name for name in customers] or list(self.config.customers())
        return self._fleet(workers, check_deletes).run([Job(name) for name in names])

    def run_due(
        self, customers: Sequence[str] = (), *, workers: int = 2, check_deletes: bool = False
    ) -> Iterator[Outcome]:
        """Run the connections and pushes whose schedule says so; a run that fails calls the customer's `on_failure`."""
        names = [self.customer(name).name for name in customers]
        return self._fleet(workers, check_deletes).run_due(names)

    def watch(
        self, customers: Sequence[str] = (), *, workers: int = 2, check_deletes: bool = False
    ) -> Iterator[Outcome]:
        """As `run_due`, whenever something is due, until `stop` is set."""
        names = [self.customer(name).name for name in customers]
        return self._fleet(workers, check_deletes).watch(names)

    def _fleet(self, workers: int, check_deletes: bool) -> Fleet:
        from backhaul.fleet.runs import Fleet

        return Fleet(
            self.config, self.state, self.progress, self.stop, workers, check_deletes, lease_wait=self.lease_wait
        )

    def status(self, customers: Sequence[str] = ()) -> list[ConnectionStatus]:
        """How each connection is doing, from what is written down; no vendor is asked."""
        from backhaul.fleet.status import status

        return status(self.config, self.state, customers)

    def connections(self, customers: Sequence[str] = ()) -> list[Access]:
        """What access each connection has: scopes, age of its token, last probe, quota left; no vendor is asked."""
        from backhaul.fleet.access import accesses

        return accesses(self.config, self.state, customers)

    def runs(self, customer: str | None = None, *, limit: int = 20) -> list[Run]:
        """What ran, newest first."""
        name = self.customer(customer).name if customer else None
        return self.state.runs.latest(name, limit)

    def usage(self, customer: str | None = None, *, since: str = "") -> list[UsageDay]:
        """What was asked of the vendors, by day (UTC) from `since` (as 2026-01-31) on, newest first."""
        name = self.customer(customer).name if customer else None
        return self.state.usage.days(name, since)


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer of a project."""

    project: Project = field(repr=False)
    name: str

    def sync(
        self,
        objects: Sequence[str] = (),
        *,
        since: datetime | None = None,
        full: bool = False,
        check_deletes: bool = False,
        census: bool = False,
        approve_deletes: bool = False,
    ) -> RunReport:
        """Read what changed and load it. objects: `crm.contacts`, or `contacts`; empty: all.

        check_deletes: ask what the vendors list as deleted, due or not. census: compare every key with theirs.
        Failures of a connection or object are in the report; the others' work lands. Raises Busy, ConfigError,
        StorageError.
        """
        from backhaul.pipeline.reading import Wanted
        from backhaul.pipeline.run import run_customer

        wanted = Wanted(tuple(objects), full, since, check_deletes, census)
        with self.context() as context:
            return run_customer(
                context, wanted, kind="sync", transform=False, publish=False, approve_deletes=approve_deletes
            )

    def run(self, *, check_deletes: bool = False, approve_deletes: bool = False) -> RunReport:
        """Sync, transform, publish. Raises as `sync`."""
        from backhaul.pipeline.reading import Wanted
        from backhaul.pipeline.run import run_customer

        with self.context() as context:
            return run_customer(
                context, Wanted(check_deletes=check_deletes), kind="run", approve_deletes=approve_deletes
            )

    def refetch(self, connection: str, object: str, keys: Sequence[str]) -> RunReport:
        """Read these records again by their keys, with their children, whatever the watermark."""
        from backhaul.pipeline.refetch import refetch

        with self.context() as context:
            return refetch(context, connection, object, keys)

    def discover(self, connection: str, objects: Sequence[str] = ()) -> Discovery:
        """What the connection's account has, what the pipeline asks of it, what has drifted. Asks the vendor anew.

        Raises ConfigError, Reauthorise, VendorDown.
        """
        from backhaul.pipeline.discovering import discover_connection

        with self.context() as context:
            return discover_connection(context, connection, objects)

    def way_in(self, connection: str) -> Way:
        """How the connection is connected: by a person's consent, by secrets to enter, or by those it has."""
        from backhaul.pipeline.connecting import way_of

        with self.context() as context:
            return way_of(context, connection)

    def connect(
        self, connection: str, credentials: Mapping[str, str] | None = None, *, other_account: bool = False
    ) -> Connected:
        """Keep these credentials once the vendor has accepted them; without any, prove those that are given elsewhere.

        other_account: accept that they open another account than before. Raises Reauthorise, ConfigError, VendorDown;
        nothing is kept then.
        """
        from backhaul.pipeline.connecting import connect_given, connect_with

        with self.context() as context:
            if credentials is None:
                return connect_given(context, connection, other_account=other_account)
            return connect_with(context, connection, credentials, other_account=other_account)

    def begin_consent(self, connection: str) -> Consent:
        """A consent to ask a person for: send them to its `url`, and keep it until they come back."""
        from backhaul.pipeline.connecting import begin_consent

        with self.context() as context:
            return begin_consent(context, connection)

    def finish_consent(
        self, connection: str, consent: Consent, address: str, *, other_account: bool = False
    ) -> Connected:
        """Keep what the person consented to. address: the one that they came back to. Raises as `connect`."""
        from backhaul.pipeline.connecting import finish_consent

        with self.context() as context:
            return finish_consent(context, connection, consent, address, other_account=other_account)

    def rejects(self, object: str | None = None, *, limit: int = 50) -> Rejects:
        """Values that could not be read as their type, newest first."""
        from backhaul.pipeline.rejects import list_rejects

        with self.context() as context:
            return list_rejects(context, object, limit)

    def transform(self, *, full: bool = False, select: Sequence[str] = ()) -> RunReport:
        """Bring the entities and marts up to date with the raw tables; no vendor is asked.

        select: only these, as `deals`, `deals+` (and what reads it) or `+account_360` (and what it reads).
        """
        return self._shape(transform=True, publish=False, full=full, select=select)

    def plan(self) -> ConfigurationPlan:
        """What the files as they are now would make of the data; nothing is changed, no vendor is asked.

        Raises ConfigError for a configuration that does not fit.
        """
        from backhaul.pipeline.planning import plan_configuration

        with self.context() as context:
            return plan_configuration(context)

    def check_mappings(self) -> Checked:
        """What is wrong with the mappings, beside what discovery knows of the fields; no vendor is asked.

        Raises ConfigError for a configuration that is wrong otherwise.
        """
        from backhaul.pipeline.checking import check_mappings

        with self.context() as context:
            return check_mappings(context)

    def trace(self, entity: str, id: str, column: str | None = None) -> Trace:
        """Where a row of an entity comes from: connection, raw table, record, fields, values and run."""
        from backhaul.pipeline.tracing import trace

        with self.context() as context:
            return trace(context, entity, id, column)

    def forget(self, entity: str, id: str) -> Receipt:
        """Erase a record from every store of ours, old snapshots too, and keep it away; the vendor is not asked.

        id: the entity row's, `connection:object:key`. Raises ConfigError where there is no such record.
        """
        from backhaul.pipeline.forgetting import forget

        with self.context() as context:
            return forget(context, entity, id)

    def apply_plan(self, hash: str) -> RunReport:
        """Transform and publish, if the plan is still the one of that hash. Raises ConfigError if it is not."""
        from backhaul.pipeline.planning import apply_configuration

        with self.context() as context:
            return apply_configuration(context, hash)

    def publish(self) -> RunReport:
        """Publish a snapshot of what is in the entities and raw tables now."""
        return self._shape(transform=False, publish=True)

    def _shape(self, *, transform: bool, publish: bool, full: bool = False, select: Sequence[str] = ()) -> RunReport:
        from backhaul.pipeline.reading import Wanted
        from backhaul.pipeline.run import run_customer

        kind = "transform" if transform else "publish"
        with self.context() as context:
            return run_customer(
                context,
                Wanted(),
                kind=kind,
                sync=False,
                transform=transform,
                publish=publish,
                full_transform=full,
                select=select,
            )

    def query(
        self, sql: str, *, limit: int | None = 1000, as_of: datetime | None = None, raw: bool = False
    ) -> QueryResult:
        """Run one select on the published snapshot; `warnings` names its sums over several currencies.

        Raises ConfigError for SQL that does not run.
        """
        from backhaul.pipeline.querying import query_snapshot

        return query_snapshot(self.project.config.layout, self.name, sql, limit, as_of=as_of, raw=raw)

    def query_arrow(self, sql: str, *, as_of: datetime | None = None, raw: bool = False) -> pa.Table:
        """All rows of one select on the published snapshot as an Arrow table, for data frames, charts and notebooks.

        Raises ConfigError for SQL that does not run.
        """
        from backhaul.publish.query import query_arrow

        return query_arrow(self.project.config.layout, self.name, sql, as_of=as_of, raw=raw)

    def suggest_mappings(self, *, connection: str | None = None, entity: str | None = None) -> tuple[Suggestion, ...]:
        """What custom fields that fill nothing yet may fill, by names, labels, types and values; no vendor is asked.

        Raises ConfigError where nothing was read yet.
        """
        from backhaul.pipeline.suggesting import suggest_mappings

        with self.context() as context:
            return suggest_mappings(context, connection=connection, entity=entity)

    def questions(self) -> tuple[Question, ...]:
        """What the product asks of this customer and nobody has answered: which of its fields plays a part."""
        from backhaul.config.questions import open_questions

        return tuple(open_questions(self.project.config.pipeline(self.name)))

    def answer(self, question: str, field: str) -> Question:
        """Write the answer into the customer's file. question: its name, `accounts.crm.tier`. Raises ConfigError."""
        from backhaul.pipeline.answering import answer

        with self.context() as context:
            return answer(context, question, field)

    def plan_push(self, push: str, *, overwrite: bool = False, fresh: bool = False) -> Plan:
        """What a push would write, field by field; nothing is written.

        overwrite: also what the vendor changed since we wrote it, whatever the push's `conflict` says. fresh: the
        records that would be written are read from the vendor first.
        """
        from backhaul.pipeline.pushing import plan_push

        with self.context() as context:
            return plan_push(context, push, overwrite=overwrite, fresh=fresh)

    def push(
        self, push: str, *, plan: Plan | None = None, limit: int | None = None, overwrite: bool = False,
        approve: bool = False, who: str | None = None, priority: Priority = "bulk",
    ) -> PushReport:  # fmt: skip
        """Write what the plan says; without one, plan first. limit: at most so many rows, for a first look.

        approve: also where the plan waits for approval. who: on whose behalf, as `token:t7` or `proposal:42`; without
        it, the user. priority: `interactive` goes before everything that runs in bulk.
        """
        from backhaul.pipeline.pushing import apply_push

        with self.context() as context:
            return apply_push(
                context, push, plan, limit=limit, overwrite=overwrite, approve=approve, who=who, priority=priority
            )

    def undo_push(self, run: str, *, apply: bool = False, who: str | None = None) -> list[Plan | PushReport]:
        """Take back what a run wrote: plans of it, or with `apply` what came of them. The pushes are paused then."""
        from backhaul.pipeline.pushing import undo_push

        with self.context() as context:
            return undo_push(context, run, apply=apply, who=who)

    def pause_push(self, push: str, *, reason: str = "", who: str | None = None) -> None:
        """Nothing more is sent by this push until it is resumed."""
        from backhaul.pipeline.pushing import pause_push

        with self.context() as context:
            pause_push(context, push, reason=reason, who=who)

    def resume_push(self, push: str) -> bool:
        """False where it was not paused."""
        from backhaul.pipeline.pushing import resume_push

        with self.context() as context:
            return resume_push(context, push)

    def ledger(self, query: LedgerQuery | None = None, *, limit: int = 50) -> tuple[list[Attempt], int]:
        """What was written to vendors, newest first, and how much there is in all."""
        from backhaul.pipeline.pushing import written
        from backhaul.push.audit import Query

        with self.context() as context:
            return written(context, query or Query(), limit)

    def retry_push(self, push: str | None = None, *, limit: int | None = None, force: bool = False) -> list[PushReport]:
        """Send dead letters again; a report for each push that has some. force: also those given up."""
        from backhaul.pipeline.pushing import retry_push

        with self.context() as context:
            return retry_push(context, push, limit=limit, force=force)

    def dead_letters(self, push: str | None = None) -> list[DeadLetter]:
        """Rows that could not be written, oldest first."""
        from backhaul.pipeline.pushing import dead_letters

        with self.context() as context:
            return dead_letters(context, push)

    def agent(self, role: str | None = None) -> AgentReader:
        """What agents of a role are answered, without a server around it. Close it at the end.

        Raises ConfigError where nothing is published, or there is no such role.
        """
        from backhaul.pipeline.agents import reader_for

        with self.context() as context:
            return reader_for(context, role)

    def proposals(self, status: str | None = None, *, limit: int = 100) -> list[Proposal]:
        """What agents proposed, newest first."""
        from backhaul.pipeline.proposing import list_proposals

        with self.context() as context:
            return list_proposals(context, status, limit)

    def proposal(self, id: str) -> Proposal:
        """Raises ConfigError where there is none."""
        from backhaul.pipeline.proposing import find_proposal

        with self.context() as context:
            return find_proposal(context, id)

    def approve(self, id: str, *, who: str | None = None) -> Decision:
        """Write a proposal, if the vendor still holds what it held then. who: who decides; else the login name.

        Raises ConfigError where it is decided already.
        """
        from backhaul.pipeline.proposing import approve

        with self.context() as context:
            return approve(context, id, who)

    def reject(self, id: str, *, who: str | None = None, note: str = "") -> Proposal:
        """Decide that a proposal is not to be written. Raises ConfigError where it is decided already."""
        from backhaul.pipeline.proposing import reject

        with self.context() as context:
            return reject(context, id, who, note)

    @contextmanager
    def context(self, **more: Any) -> Iterator[Context]:
        """One run's context, with its id bound to every log line within."""
        from backhaul.pipeline.context import Context
        from backhaul.state.runs import new_run_id
        from backhaul.telemetry.context import bound

        run_id = new_run_id()
        with bound(customer=self.name, run=run_id):
            yield Context(
                self.project.config,
                self.project.state,
                self.name,
                run_id,
                self.project.progress,
                self.project.stop,
                lease_wait=self.project.lease_wait,
                **more,
            )
