"""Push: what a select says is planned against the published snapshot, and written through the ledger."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from backhaul.config.push import Push
from backhaul.discovery.cache import distrust
from backhaul.errors import BackhaulError, Busy, ConfigError
from backhaul.pipeline.context import Context
from backhaul.pipeline.push_tasks import push_named, task_of
from backhaul.protocol.connection import Connection
from backhaul.publish.query import current_snapshot
from backhaul.publish.versions import Manifest, Versions
from backhaul.push.apply import Setting, apply_plan, check_fresh, settle_left
from backhaul.push.audit import Attempt, Query
from backhaul.push.entries import DeadLetter
from backhaul.push.ledger import Ledger
from backhaul.push.object_plan import Retry
from backhaul.push.plan import Plan
from backhaul.push.planning import make_plan
from backhaul.push.report import PushReport
from backhaul.push.standing import Pause
from backhaul.push.target import Task
from backhaul.push.undo import pushes_of_run, undo_plan
from backhaul.push.wanted import Engine, Snapshot
from backhaul.state.budgets import Priority
from backhaul.telemetry.context import bound
from backhaul.telemetry.progress import StageDone, StageStarted


def plan_push(
    context: Context, name: str, *, overwrite: bool = False, retry: Retry | None = None, fresh: bool = False
) -> Plan:
    """What the push would write now. Nothing is sent to the vendor but what discovery may lack.

    overwrite: plan as if the push said `conflict: overwrite`. retry: its dead letters only. fresh: the records that
    would be written are read from the vendor first. Raises ConfigError, ApprovalNeeded, StorageError, and what opening
    a connection raises.
    """
    with Pushing(context) as pushing, bound(customer=context.customer, run=context.run_id):
        return pushing.plan(pushing.task(name, overwrite=overwrite), retry, fresh=fresh)


def apply_push(
    context: Context, name: str, plan: Plan | None = None, *, limit: int | None = None, overwrite: bool = False,
    approve: bool = False, who: str | None = None, priority: Priority = "bulk", changed: Sequence[str] | None = None,
) -> PushReport:  # fmt: skip
    """Write what the plan says; without one, what a plan made now says.

    limit: at most so many rows. approve: also where the plan waits for approval. who: on whose behalf, as `user:ada`,
    `token:t7` or `proposal:42`; the ledger keeps it. priority: what others wait for. changed: ids of the rows that set
    it off. Failures of rows and objects are in the report. Raises Busy where this push runs already,
    ApprovalNeeded, and ConfigError for a stale plan or a push that is paused.
    """
    with (
        Pushing(context, priority) as pushing,
        bound(customer=context.customer, run=context.run_id),
        pushing.lease(name),
    ):
        pushing.check_not_paused(name, plan)
        task = pushing.task(name, overwrite=overwrite or (plan is not None and plan.conflict == "overwrite"))
        if changed is not None:
            task = replace(task, changed=tuple(changed))
        with recorded(context) as reports:
            reports.append(pushing.apply(task, plan, limit=limit, who=who, approve=approve))
        return reports[0]


def retry_push(
    context: Context, name: str | None = None, *, limit: int | None = None, force: bool = False, who: str | None = None
) -> list[PushReport]:
    """Plan the dead letters of a push (of all pushes without a name) again and send them. force: also given-up ones."""
    retry = Retry(below=1 << 30) if force else Retry()
    with Pushing(context) as pushing, bound(customer=context.customer, run=context.run_id):
        if name is not None:
            push_named(context, name)
            pushing.check_not_paused(name)
        paused = pushing.ledger.standing.pauses()
        names = [name] if name is not None else [each for each in context.pipeline.push if each not in paused]
        due = [each for each in names if pushing.ledger.dead.all(each)]
        if not due:
            return []
        with recorded(context) as reports:
            for each in due:
                with pushing.lease(each):
                    reports.append(pushing.apply(pushing.task(each), None, limit=limit, who=who, retry=retry))
        return reports


def undo_push(context: Context, run: str, *, apply: bool = False, who: str | None = None) -> list[Plan | PushReport]:
    """Take back what a run wrote: its plans, or with `apply` what came of them.

    The pushes are paused first: their selects still say what was just taken back.
    """
    with Pushing(context) as pushing, bound(customer=context.customer, run=context.run_id):
        names = pushes_of_run(pushing.ledger, run, context.customer)
        version = current_snapshot(context.layout, context.customer).version
        if not apply:
            return [undo_plan(pushing.task(name), run, version, pushing.ledger) for name in names]
        with recorded(context) as reports:
            for name in names:
                with pushing.lease(name):
                    task = pushing.task(name)
                    pushing.ledger.standing.pause(name, who or user(), f"the run {run} was undone")
                    plan = undo_plan(task, run, version, pushing.ledger)
                    reports.append(pushing.apply(task, plan, limit=None, who=who, approve=True))
        return list(reports)


def pause_push(context: Context, name: str, *, reason: str = "", who: str | None = None) -> None:
    """Nothing more is sent by this push until it is resumed."""
    push_named(context, name)
    with Ledger(context.layout.ledger(context.customer)) as ledger:
        ledger.standing.pause(name, who or user(), reason)


def resume_push(context: Context, name: str) -> bool:
    """False where it was not paused."""
    push_named(context, name)
    with Ledger(context.layout.ledger(context.customer)) as ledger:
        return ledger.standing.resume(name)


def is_paused(context: Context, name: str) -> bool:
    return any(each.push == name for each in pauses(context))


def pauses(context: Context) -> list[Pause]:
    if not context.layout.ledger(context.customer).exists():
        return []
    with Ledger(context.layout.ledger(context.customer)) as ledger:
        return list(ledger.standing.pauses().values())


def dead_letters(context: Context, name: str | None = None) -> list[DeadLetter]:
    """Rows that could not be written, oldest first."""
    path = context.layout.ledger(context.customer)
    if not path.exists():
        return []
    with Ledger(path) as ledger:
        return ledger.dead.all(name)


def written(context: Context, query: Query, limit: int) -> tuple[list[Attempt], int]:
    """The newest attempts, and how many there are in all."""
    path = context.layout.ledger(context.customer)
    if not path.exists():
        return [], 0
    with Ledger(path) as ledger:
        return ledger.audit.newest(query, limit), ledger.audit.count(query)


@contextmanager
def recorded(context: Context) -> Iterator[list[PushReport]]:
    """Keep the run in the control store; the block puts its reports into the list."""
    runs = context.state.runs
    runs.start(context.customer, "push", context.run_id)
    reports: list[PushReport] = []
    try:
        yield reports
    except BaseException as error:
        what = error.what if isinstance(error, BackhaulError) else type(error).__name__
        runs.finish(context.run_id, "failed", error=what)
        raise
    refused = sum(each.refused + each.unknown for each in reports)
    troubles = [each.what for report in reports for each in report.troubles]
    reasons = [*([f"{refused} rows refused or unknown"] if refused else []), *dict.fromkeys(troubles)]
    figures = {"pushes": [each.figures() for each in reports]}
    runs.finish(context.run_id, "partial" if reasons else "done", figures, "; ".join(reasons) or None)


class Pushing:
    """What the pushes of one run share: the ledger, and connections that are opened when first needed."""

    def __init__(self, context: Context, priority: Priority = "bulk") -> None:
        self.context = context
        self._priority = priority
        self._held = ExitStack()
        self._connections: dict[str, Connection] = {}
        self.ledger = self._held.enter_context(Ledger(context.layout.ledger(context.customer)))

    def __enter__(self) -> Pushing:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    @contextmanager
    def lease(self, push: str) -> Iterator[None]:
        """One run of a push at a time: what one has in flight must not look lost to another."""
        context = self.context
        leases = context.state.leases
        try:
            held = leases.lease(
                f"{context.customer}/push/{push}", run=context.run_id, wait=context.lease_wait, stop=context.stop
            )
        except Busy as busy:
            raise Busy(
                f"the push {push} of {context.customer} is running already",
                seconds=busy.seconds,
                customer=context.customer,
            ) from busy
        with held:
            yield

    def open(self, name: str) -> Connection:
        found = self._connections.get(name)
        if found is None:
            found = self._connections[name] = self.context.open(name, priority=self._priority)
            self._held.callback(found.close)
        return found

    def task(self, name: str, *, overwrite: bool = False) -> Task:
        return self.task_of(name, push_named(self.context, name), overwrite=overwrite)

    def task_of(self, name: str, push: Push, *, overwrite: bool = False) -> Task:
        """A push that need not stand in the pipeline."""
        return task_of(self.context, name, push, self.open, overwrite=overwrite)

    def check_not_paused(self, name: str, plan: Plan | None = None) -> None:
        """Raises ConfigError. What takes a run back is sent all the same."""
        pause = self.ledger.standing.pauses().get(name)
        if pause is None or (plan is not None and plan.undoes):
            return
        why = f": {pause.reason}" if pause.reason else ""
        raise ConfigError(
            f"the push {name} is paused by {pause.who} since {pause.at:%Y-%m-%d %H:%M} UTC{why}",
            next_step=f"backhaul push resume {self.context.customer} {name}",
            customer=self.context.customer,
        )

    def plan(self, task: Task, retry: Retry | None = None, *, fresh: bool = False) -> Plan:
        destination = self.context.destination
        engine = Engine(memory_limit=destination.memory_limit, threads=destination.threads)
        scratch = self.context.layout.work_folder(self.context.customer) / "scratch"
        opened = self.open if fresh else None
        return make_plan(task, self.snapshot(), self.ledger, scratch, engine=engine, retry=retry, fresh=opened)

    def apply(
        self, task: Task, plan: Plan | None, *, limit: int | None, who: str | None, retry: Retry | None = None,
        approve: bool = False,
    ) -> PushReport:  # fmt: skip
        context = self.context
        context.progress.on(StageStarted(context.customer, stage="push"))
        setting = Setting(context.run_id, self.open, who or user(), context.progress, context.stop)
        left = settle_left(task, self.ledger, setting)
        if plan is None:
            plan = self.plan(task, retry)
        version = current_snapshot(context.layout, context.customer).version
        check_fresh(task, plan, self.ledger, version, approve=approve)
        report = apply_plan(task, plan, self.ledger, setting, limit=limit)
        for each in {name.split(".")[0] for name in report.new_fields}:
            distrust(context.state.schemas, context.customer, each)
        report = replace(
            report,
            settled=left["settled"],
            unknown=report.unknown + left["unknown"],
            notes=(*left.notes, *report.notes),
            troubles=(*left.troubles, *report.troubles),
        )
        note = f"{report.written:,} written"
        context.progress.on(StageDone(context.customer, stage="push", seconds=report.seconds, note=note))
        return report

    def snapshot(self) -> Snapshot:
        """The version that is published now."""
        return self._files(current_snapshot(self.context.layout, self.context.customer))

    def older(self, version: int) -> Snapshot | None:
        """An earlier version; None where it is not kept any more."""
        kept = Versions(self.context.layout, self.context.customer).kept()
        return next((self._files(each) for each in kept if each.version == version), None)

    def _files(self, manifest: Manifest) -> Snapshot:
        folder = self.context.layout.versions(self.context.customer)
        return Snapshot(manifest.version, folder / manifest.entities, folder / manifest.raw if manifest.raw else None)


def user() -> str:
    try:
        return f"user:{getpass.getuser()}"
    except (OSError, KeyError):
        # no login name where nobody has logged in: a container, a service
        return "user:"
