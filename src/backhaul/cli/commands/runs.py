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
        Column("took", number=True), Column("rows", wide=True),
    ]  # fmt: skip
    output.table(columns, [_row(each) for each in found])
    failed = [each for each in found if each.error]
    if failed:
        output.line()
    for each in failed[:5]:
        output.note(_short(each), each.error or "", style="yellow")


def _short(run: Run) -> str:
    """The end of its id, which `logs --run` takes for it."""
    return run.id[-8:]


def _row(run: Run) -> list[Any]:
    took = span((run.finished_at - run.started_at).total_seconds()) if run.finished_at else ""
    return [_short(run), run.customer, run.kind, run.status, ago(run.started_at), took, _rows(run)]


def _rows(run: Run) -> str:
    objects = run.figures.get("objects", [])
    told = []
    if objects:
        changed = sum(each["inserted"] + each["updated"] + each["deleted"] + each["restored"] for each in objects)
        told = [f"{sum(each['read'] for each in objects):,} read", f"{changed:,} changed"]
    for each in run.figures.get("pushes", []):
        told.append(f"{each['push']}: {each['created'] + each['updated']:,} written")
    return ", ".join(told)


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
