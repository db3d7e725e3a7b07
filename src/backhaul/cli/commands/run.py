"""`backhaul run`: the whole flow, for one customer, several, or whatever is due."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from backhaul.cli.base import command, wait_option
from backhaul.cli.output import many
from backhaul.cli.session import Session
from backhaul.cli.times import ahead

if TYPE_CHECKING:
    from backhaul.cli.output import Output
    from backhaul.fleet.outcome import Outcome
    from backhaul.project import Project

_WORST_FIRST = (4, 2, 75, 1)


@command()
@click.argument("customers", nargs=-1, metavar="[CUSTOMER]...")
@click.option("--due", is_flag=True, help="Only the connections whose schedule says so.")
@click.option("--watch", is_flag=True, help="Go on running what is due, until stopped.")
@click.option("--deletes", is_flag=True, help="Look for deleted records now, due or not.")
@click.option("--approve-deletes", is_flag=True, help="Let a census delete more rows than its guard allows.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Customers side by side.")
@wait_option
def run(
    session: Session,
    customers: tuple[str, ...],
    due: bool,
    watch: bool,
    deletes: bool,
    approve_deletes: bool,
    workers: int,
) -> int:
    """Sync, transform and publish: one customer, several, or what is due.

    Without a name: every customer of the project. With --json: a line for each customer's run. With --due or
    --watch a pipeline's on_failure is called when its run fails.
    """
    if approve_deletes and (due or watch or len(customers) != 1):
        raise click.UsageError("--approve-deletes is for one customer that somebody has looked at: name it.")
    with session.project(progress=True) as project:
        if len(customers) == 1 and not due and not watch:
            one = project.customer(customers[0])
            return session.finish(project, one.run(check_deletes=deletes, approve_deletes=approve_deletes))
        outcomes: Iterator[Outcome]
        if watch:
            if not session.as_json:
                with session.aside():
                    click.echo(_watched(project, customers), err=True)
            outcomes = project.watch(customers, workers=workers, check_deletes=deletes)
        elif due:
            outcomes = project.run_due(customers, workers=workers, check_deletes=deletes)
        else:
            outcomes = project.run(customers, workers=workers, check_deletes=deletes)
        return session.code(_show(session, project, outcomes, watch=watch))


def _watched(project: Project, customers: tuple[str, ...]) -> str:
    """What is watched, and when the first of it is due."""
    scheduled = [each for each in project.status(customers) if each.next_due is not None]
    if not scheduled:
        return "No connection has a schedule yet: watching the files. Ctrl-C stops."
    soonest = min(scheduled, key=lambda each: str(each.next_due))
    first = f"{soonest.customer} {soonest.connection} {ahead(soonest.next_due)}"
    return f"Watching {many(len(scheduled), 'connection')}; first {first}. Ctrl-C stops."


def _show(session: Session, project: Project, outcomes: Iterator[Outcome], *, watch: bool) -> int:
    codes: set[int] = set()
    count = 0
    output = session.output
    for outcome in outcomes:
        if outcome.report is None and outcome.error is None and not outcome.pushes:
            continue
        count += 1
        codes.add(outcome.exit_code)
        with session.aside():
            if session.as_json:
                output.json(_json(outcome))
            else:
                _lines(output, project, outcome)
    if count == 0 and not watch and not session.as_json:
        output.line("nothing is due; `backhaul status` tells when", style="dim")
    return next((code for code in _WORST_FIRST if code in codes), 0)


def _lines(output: Output, project: Project, outcome: Outcome) -> None:
    from backhaul.cli.failures import place_of
    from backhaul.cli.pushes import show_push
    from backhaul.cli.reports import show_report

    if outcome.report is not None:
        show_report(output, outcome.report, project.config.root, brief=True)
    for push in outcome.pushes:
        show_push(output, push)
    if outcome.error is not None:
        output.line()
        output.heading(outcome.customer, "did not run" if outcome.report is None else "")
        output.line(f"{place_of(outcome.error)}{outcome.error.what}", style="red", indent=2)
        for problem in getattr(outcome.error, "problems", ()):
            output.line(problem, indent=2)
        output.line(f"Next: {outcome.error.next_step}", style="dim", indent=4)
    if outcome.told is not None:
        output.note(
            "hook", outcome.told.trouble or f"{outcome.told.how} was told", "red" if outcome.told.trouble else ""
        )


def _json(outcome: Outcome) -> dict[str, Any]:
    from backhaul.cli.failures import as_json
    from backhaul.cli.pushes import push_json
    from backhaul.cli.reports import report_json

    found: dict[str, Any] = (
        report_json(outcome.report) if outcome.report is not None else {"customer": outcome.customer}
    )
    if outcome.pushes:
        found["pushes"] = [*found.get("pushes", ()), *(push_json(each) for each in outcome.pushes)]
    if outcome.error is not None:
        found |= {"status": "failed", "exit_code": outcome.exit_code, "error": as_json(outcome.error)}
    if outcome.told is not None:
        found["hook"] = {"how": outcome.told.how, "trouble": outcome.told.trouble}
    return found
