"""Pushes that a run sets off: after each that publishes something new, or where rows changed that they watch."""

from __future__ import annotations

from dataclasses import replace

from backhaul.config.push import Trigger
from backhaul.errors import BackhaulError
from backhaul.pipeline.context import Context
from backhaul.pipeline.push_tasks import object_of
from backhaul.pipeline.pushing import Pushing, apply_push, is_paused
from backhaul.pipeline.report import Failure
from backhaul.push.report import PushReport
from backhaul.push.triggers import changed_rows, without_echo
from backhaul.state.runs import new_run_id


def apply_triggered(context: Context) -> tuple[list[PushReport], list[Failure]]:
    """Apply what is set off by the version just published. One push's failure is not another's."""
    reports: list[PushReport] = []
    failures: list[Failure] = []
    for name, push in context.pipeline.push.items():
        if push.trigger is None or context.stop.is_set():
            continue
        own = replace(context, run_id=new_run_id())
        try:
            if push.trigger == "transform":
                if not is_paused(own, name):
                    reports.append(apply_push(own, name, who=f"trigger:{name}"))
                continue
            found = _fire(own, name, push.trigger)
            if found is not None:
                reports.append(found)
        except BackhaulError as error:
            error.within(customer=context.customer)
            failures.append(Failure.of(error, error.connection or "", error.object or ""))
    return reports, failures


def _fire(context: Context, name: str, trigger: Trigger) -> PushReport | None:
    """Apply the push for the rows that changed since its trigger last looked; None where there are none.

    The first look only notes where to look from: what was there before is nobody's change. A push that did not come
    to its end looks from the same place again.
    """
    with Pushing(context) as pushing:
        snapshot = pushing.snapshot()
        standing = pushing.ledger.standing
        after = standing.looked_at(name)
        if after is None:
            standing.look_from(name, snapshot.version)
            return None
        if name in standing.pauses() or after >= snapshot.version:
            return None
        rows = changed_rows(trigger, snapshot, after)
        if rows:
            places = dict.fromkeys(each.place[:2] for each in rows)
            objects = [object_of(context, pushing.open, name, *place) for place in places]
            rows = without_echo(rows, objects, pushing.older(after), snapshot, pushing.ledger)
        if not rows:
            standing.look_from(name, snapshot.version)
            return None
    report = apply_push(context, name, who=f"trigger:{name}", changed=[each.id for each in rows])
    if not report.left and not report.troubles:
        with Pushing(context) as pushing:
            pushing.ledger.standing.look_from(name, report.plan.version)
    return report
