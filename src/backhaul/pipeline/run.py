"""One customer's run, whole or in part: sync, transform, publish; recorded from its start to its end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from backhaul.errors import BackhaulError
from backhaul.pipeline.context import Context
from backhaul.pipeline.publishing import publish_customer
from backhaul.pipeline.reading import Wanted
from backhaul.pipeline.report import Failure, SyncReport
from backhaul.pipeline.sync import check_objects, syncing
from backhaul.pipeline.transforming import transform_customer
from backhaul.publish.snapshot import PublishResult
from backhaul.push.report import PushReport
from backhaul.telemetry.log import Logger
from backhaul.transform.build import TransformResult

_log = Logger("pipeline")


@dataclass
class RunReport:
    """What a run did. Parts that were not asked for are None."""

    customer: str
    run: str
    sync: SyncReport | None = None
    transform: TransformResult | None = None
    publish: PublishResult | None = None
    pushes: list[PushReport] = field(default_factory=list)
    """Of pushes that the run set off."""
    failures: list[Failure] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def stopped(self) -> bool:
        """It was asked to stop before it was through; the next run goes on from there."""
        return self.sync is not None and self.sync.stopped

    @property
    def exit_code(self) -> int:
        codes = {each.exit_code for each in self.all_failures} | {each.exit_code for each in self.pushes}
        return next((code for code in (4, 2, 75, 1) if code in codes), 0)

    @property
    def all_failures(self) -> list[Failure]:
        return [*(self.sync.failures if self.sync is not None else []), *self.failures]


def run_customer(
    context: Context,
    wanted: Wanted,
    *,
    kind: str = "run",
    sync: bool = True,
    transform: bool = True,
    publish: bool = True,
    full_transform: bool = False,
    select: Sequence[str] = (),
    approve_deletes: bool = False,
) -> RunReport:
    """Do what is asked for, in order, under one lease. Failures of connections are in the report; the rest goes on.

    Raises Busy, StorageError, ConfigError; the run is recorded as failed then.
    """
    report = RunReport(context.customer, context.run_id)
    began = time.perf_counter()
    if wanted.objects:
        # a mistyped argument is no run that failed
        check_objects(context, wanted)
    with recorded(context, kind, report):
        if sync:
            with syncing(context, wanted, approve_deletes=approve_deletes) as done:
                report.sync = done.report
                if transform or publish:
                    done.loading.lease()
                    _shape(context, report, transform=transform, publish=publish, full=full_transform, select=select)
        else:
            with context.state.leases.lease(context.customer, run=context.run_id, wait=context.lease_wait):
                _shape(context, report, transform=transform, publish=publish, full=full_transform, select=select)
        report.seconds = time.perf_counter() - began
    if (
        report.publish is not None
        and report.publish.new
        and any(each.trigger for each in context.pipeline.push.values())
    ):
        # after the run has let go of the customer: what is pushed is what was published
        from backhaul.pipeline.triggering import apply_triggered

        report.pushes, failed = apply_triggered(context)
        report.failures += failed
    return report


def _shape(
    context: Context, report: RunReport, *, transform: bool, publish: bool, full: bool, select: Sequence[str]
) -> None:
    if context.stop.is_set() or not context.work.exists():
        return
    if transform:
        report.transform = transform_customer(context, full=full, select=select)
    if publish:
        report.publish = publish_customer(context)


@contextmanager
def recorded(context: Context, kind: str, report: RunReport) -> Iterator[None]:
    """The run in the control store: begun, then done, partial or failed with its reason."""
    runs = context.state.runs
    runs.start(context.customer, kind, context.run_id)
    _log.info("run began", kind=kind)
    try:
        yield
    except BackhaulError as error:
        error.within(customer=context.customer, run=context.run_id)
        runs.finish(context.run_id, "failed", error=error.what)
        _log.error("run failed", kind=kind, what=error.what, next=error.next_step)
        raise
    except BaseException as error:
        runs.finish(context.run_id, "failed", error=f"{type(error).__name__}")
        raise
    figures = report.sync.figures() if report.sync is not None else {}
    if report.transform is not None:
        figures["entities"] = {
            each.name: {"rows": each.rows, "changed": each.changed} for each in report.transform.entities
        }
    if report.publish is not None:
        figures["version"] = report.publish.version
    reasons = [*(["stopped by its user"] if report.stopped else []), *(each.what for each in report.all_failures)]
    what = "; ".join(dict.fromkeys(reasons)) or None
    status: Literal["partial", "done"] = "partial" if reasons else "done"
    runs.finish(context.run_id, status, figures, what)
    for each in report.all_failures:
        _log.error("failed", connection=each.connection, object=each.object, what=each.what, next=each.next_step)
    _log.info("run ended", kind=kind, status=status)
