"""`backhaul runs`: what ran, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from backhaul.cli.base import command
from backhaul.cli.output import Column
from backhaul.cli.session import Session
from backhaul.cli.times import ago, span

if TYPE_CHECKING:
    from backhaul.state.runs import Run


@command()
@click.argument("customer", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, newest first.")
def runs(session: Session, customer: str | None, limit: int) -> None:
    """List what ran, and how it ended."""
    with session.project() as project:
        found = project.runs(customer, limit=limit)
    output = session.output
    if session.as_json:
        output.json({"runs": [_json(each) for each in found]})
        return
    if not found:
        output.line("nothing has run yet", style="dim")
        return
    columns = [
        Column("run"), Column("customer"), Column("kind"), Column("status"), Column("began"),
        Column("took", number=True), Column("read", number=True), Column("changed", number=True),
        Column("written", number=True),
    ]  # fmt: skip
    output.table(columns, [_row(each) for each in found])
    failed = [each for each in found if each.error]
    if failed:
        output.line()
    for each in failed[:5]:
        output.note(each.id[-10:], each.error or "", style="yellow")


def _row(run: Run) -> list[Any]:
    objects = run.figures.get("objects", [])
    pushes = run.figures.get("pushes", [])
    changed = sum(each["inserted"] + each["updated"] + each["deleted"] + each["restored"] for each in objects)
    written = sum(each["created"] + each["updated"] for each in pushes)
    took = span((run.finished_at - run.started_at).total_seconds()) if run.finished_at else ""
    read = sum(each["read"] for each in objects)
    figures = [read if objects else "", changed if objects else "", written if pushes else ""]
    return [run.id, run.customer, run.kind, run.status, ago(run.started_at), took, *figures]


def _json(run: Run) -> dict[str, Any]:
    return {
        "run": run.id,
        "customer": run.customer,
        "kind": run.kind,
        "status": run.status,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "error": run.error,
        "figures": run.figures,
        "pid": run.pid,
        "host": run.host,
    }
