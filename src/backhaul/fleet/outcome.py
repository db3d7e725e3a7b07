"""How a customer's run ended, for whoever shows it and for the failure hook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backhaul.errors import BackhaulError
from backhaul.fleet.hook import Told
from backhaul.pipeline.run import RunReport
from backhaul.push.report import PushReport


@dataclass(frozen=True, slots=True)
class Outcome:
    """A report, or the error that kept the run from making one; and what its pushes did."""

    customer: str
    connections: tuple[str, ...] = ()
    report: RunReport | None = None
    error: BackhaulError | None = None
    pushes: tuple[PushReport, ...] = ()
    told: Told | None = None
    """What the failure hook did, where it was called."""

    @property
    def stopped(self) -> bool:
        """It was not even started, or was asked to stop."""
        started = self.report is not None or self.error is not None or bool(self.pushes)
        return not started or (self.report is not None and self.report.stopped)

    @property
    def exit_code(self) -> int:
        codes = {each.exit_code for each in self.pushes}
        codes |= {self.report.exit_code} if self.report is not None else set()
        codes |= {self.error.exit_code} if self.error is not None else set()
        return next((code for code in (4, 2, 75, 1) if code in codes), 0)


def summary(outcome: Outcome, run_id: str, began: datetime, ended: datetime) -> dict[str, Any]:
    """What a failure hook is told."""
    failures = [
        {"connection": each.connection, "object": each.object, "what": each.what, "next": each.next_step}
        for each in (outcome.report.all_failures if outcome.report is not None else [])
    ]
    for report in outcome.pushes:
        failures += [_failure(each.connection, each.object, each.what, each.next_step) for each in report.troubles]
        if report.refused or report.unknown:
            what = f"push {report.push}: {report.refused} rows refused, {report.unknown} with no answer known"
            failures.append(_failure("", "", what, f"backhaul push dead-letters {outcome.customer} {report.push}"))
    if outcome.error is not None:
        error = outcome.error
        failures.append(_failure(error.connection or "", error.object or "", error.what, error.next_step))
    return {
        "event": "run_failed",
        "customer": outcome.customer,
        "connections": list(outcome.connections),
        "run": run_id,
        "status": "failed" if outcome.error is not None else "partial",
        "exit_code": outcome.exit_code,
        "began_at": began.isoformat(),
        "ended_at": ended.isoformat(),
        "failures": failures,
    }


def _failure(connection: str, object: str, what: str, next_step: str) -> dict[str, str]:
    return {"connection": connection, "object": object, "what": what, "next": next_step}
