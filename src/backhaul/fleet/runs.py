"""Runs many customers side by side, each apart from the others: now, when due, or for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from backhaul.config.project import ProjectConfig
from backhaul.errors import BackhaulError, Bug, Busy
from backhaul.fleet.due import Due, due_now, leeway, next_due
from backhaul.fleet.hook import tell
from backhaul.fleet.outcome import Outcome, summary
from backhaul.fleet.schedules import Schedules
from backhaul.pipeline.context import Context
from backhaul.pipeline.pushing import apply_push, is_paused
from backhaul.pipeline.reading import Wanted
from backhaul.pipeline.run import RunReport, run_customer
from backhaul.push.report import PushReport
from backhaul.state.runs import new_run_id
from backhaul.state.state import State
from backhaul.telemetry.context import bound
from backhaul.telemetry.log import Logger
from backhaul.telemetry.progress import SILENT, Progress

WORKERS = 2
_LOOK_AGAIN = 30.0
"""Seconds after which the files are looked at again, whatever is due."""
_BUSY_AGAIN = timedelta(seconds=30)
_log = Logger("fleet")


@dataclass(frozen=True, slots=True)
class Job:
    """One customer to run. connections: only these; empty: all. reads: False where only pushes are due."""

    customer: str
    connections: tuple[str, ...] = ()
    pushes: tuple[str, ...] = ()
    serves: tuple[Due, ...] = ()
    reads: bool = True


@dataclass
class Fleet:
    """All customers of a project."""

    config: ProjectConfig
    state: State
    progress: Progress = SILENT
    stop: threading.Event = field(default_factory=threading.Event)
    workers: int = WORKERS
    check_deletes: bool = False
    lease_wait: float = 30.0
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    schedules: Schedules = field(init=False)

    def __post_init__(self) -> None:
        self.schedules = Schedules(self.config)

    def run(self, jobs: Iterable[Job], *, unattended: bool = False) -> Iterator[Outcome]:
        """Run them, so many at a time; each outcome as it comes. unattended: failures are told to the hook."""
        with ThreadPoolExecutor(self.workers, thread_name_prefix="customer") as pool:
            futures = [pool.submit(self._run, job, unattended) for job in jobs]
            for future in as_completed(futures):
                yield future.result()

    def run_due(self, customers: Sequence[str] = ()) -> Iterator[Outcome]:
        """Run what is due now, of these customers or of all."""
        for customer, error in self._broken(customers):
            yield self._failed_to_start(customer, error)
        yield from self.run(self._jobs(self._due(customers)), unattended=True)

    def watch(self, customers: Sequence[str] = ()) -> Iterator[Outcome]:
        """Run what is due whenever it is, until `stop` is set. A long run of one customer delays no other."""
        running: dict[str, Future[Outcome]] = {}
        not_before: dict[str, datetime] = {}
        told: dict[str, str] = {}
        wake = threading.Event()
        with ThreadPoolExecutor(self.workers, thread_name_prefix="customer") as pool:
            while not self.stop.is_set():
                wake.clear()
                for customer, error in self._broken(customers):
                    if told.get(customer) != str(error):
                        told[customer] = str(error)
                        yield self._failed_to_start(customer, error)
                now = self.now()
                due = [
                    each
                    for each in self._due(customers)
                    if each.customer not in running and not_before.get(each.customer, now) <= now
                ]
                for job in self._jobs(due):
                    running[job.customer] = pool.submit(self._run, job, True)
                    running[job.customer].add_done_callback(lambda _: wake.set())
                self._wait(wake, self._seconds_to_next(customers, now, set(running)))
                for customer in [name for name, future in running.items() if future.done()]:
                    outcome = running.pop(customer).result()
                    if isinstance(outcome.error, Busy):
                        not_before[customer] = self.now() + _BUSY_AGAIN
                    yield outcome
            for future in as_completed(running.values()):
                yield future.result()

    def _wait(self, wake: threading.Event, seconds: float) -> None:
        """Until a run ends, the time has come, or the fleet is stopped."""
        until = time.monotonic() + seconds
        while not self.stop.is_set() and not wake.is_set() and (left := until - time.monotonic()) > 0:
            wake.wait(min(left, 0.2))

    def _seconds_to_next(self, customers: Sequence[str], now: datetime, running: set[str]) -> float:
        soonest = _LOOK_AGAIN
        for each in self.schedules.all():
            if each.schedule is None or each.customer in running or (customers and each.customer not in customers):
                continue
            last = self.state.connections.last_due(each.customer, each.schedule_key)
            if last is not None:
                due = next_due(each.schedule, last) - leeway(each.schedule)
                soonest = min(soonest, (due - now).total_seconds())
        return max(soonest, 0.05)

    def _due(self, customers: Sequence[str]) -> list[Due]:
        planned = [each for each in self.schedules.all() if not customers or each.customer in customers]
        return due_now(planned, self.state.connections, self.now())

    def _broken(self, customers: Sequence[str]) -> list[tuple[str, BackhaulError]]:
        self.schedules.all()
        return [(name, error) for name, error in self.schedules.broken.items() if not customers or name in customers]

    def _jobs(self, due: Iterable[Due]) -> list[Job]:
        by_customer: dict[str, list[Due]] = {}
        for each in due:
            by_customer.setdefault(each.customer, []).append(each)
        jobs = []
        for customer, found in by_customer.items():
            connections = tuple(each.name for each in found if not each.push)
            pushes = tuple(each.name for each in found if each.push)
            jobs.append(Job(customer, connections, pushes, tuple(found), bool(connections)))
        return jobs

    def _run(self, job: Job, unattended: bool) -> Outcome:
        """One customer's run, then its pushes. Nothing is raised: its failure is its own."""
        if self.stop.is_set():
            return Outcome(job.customer, job.connections)
        run_id, began = new_run_id(), self.now()
        report: RunReport | None = None
        pushed: list[PushReport] = []
        error: BackhaulError | None = None
        try:
            if job.reads:
                with self._context(job.customer, run_id) as context:
                    wanted = Wanted(connections=job.connections, check_deletes=self.check_deletes)
                    report = run_customer(context, wanted, kind="run")
            for name in job.pushes:
                if self.stop.is_set():
                    break
                try:
                    with self._context(job.customer, new_run_id()) as context:
                        if not is_paused(context, name):
                            pushed.append(apply_push(context, name, who=f"schedule:{name}"))
                except BackhaulError as failure:
                    # one push's failure is not another's
                    error = error or failure
        except BackhaulError as failure:
            error = failure
        except Exception as failure:  # noqa: BLE001  a bug met with one customer must not stop the others
            with bound(customer=job.customer, run=run_id):
                _log.error("failed", error=failure)
            error = Bug(f"{type(failure).__name__}: {failure}".splitlines()[0])
        if error is not None:
            error.within(customer=job.customer, run=run_id)
        outcome = Outcome(job.customer, job.connections, report, error, tuple(pushed))
        if outcome.stopped:
            return outcome
        if not isinstance(error, Busy):
            for each in job.serves:
                self.state.connections.served(each.customer, each.schedule_key, each.serves)
        if unattended and outcome.exit_code:
            return replace(outcome, told=tell(self.config, job.customer, summary(outcome, run_id, began, self.now())))
        return outcome

    @contextmanager
    def _context(self, customer: str, run_id: str) -> Iterator[Context]:
        with bound(customer=customer, run=run_id):
            yield Context(
                self.config, self.state, customer, run_id, self.progress, self.stop, lease_wait=self.lease_wait
            )

    def _failed_to_start(self, customer: str, error: BackhaulError) -> Outcome:
        now = self.now()
        outcome = Outcome(customer, error=error)
        return replace(outcome, told=tell(self.config, customer, summary(outcome, "", now, now)))
