"""`backhaul usage`: what was asked of the vendors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from backhaul.cli.base import command
from backhaul.cli.output import Column
from backhaul.cli.session import Session
from backhaul.cli.times import span


@command()
@click.argument("customer", required=False)
@click.option("--days", type=click.IntRange(min=1), default=7, show_default=True, help="How many days back (UTC).")
def usage(session: Session, customer: str | None, days: int) -> None:
    """Show requests, bytes and waits, by day and connection."""
    since = (datetime.now(UTC) - timedelta(days=days - 1)).strftime("%Y-%m-%d")
    with session.project() as project:
        found = project.usage(customer, since=since)
    output = session.output
    if session.as_json:
        fields = ("day", "customer", "connection", "requests", "bytes", "retries", "throttled", "waited")
        output.json({"days": [{name: getattr(each, name) for name in fields} for each in found]})
        return
    if not found:
        output.line(f"nothing was asked of a vendor since {since}", style="dim")
        return
    columns = [
        Column("day"), Column("customer"), Column("connection"), Column("requests", number=True),
        Column("received", number=True), Column("retries", number=True), Column("throttled", number=True),
        Column("waited", number=True),
    ]  # fmt: skip
    output.table(
        columns,
        [
            [e.day, e.customer, e.connection, e.requests, _bytes(e.bytes), e.retries, e.throttled, span(e.waited)]
            for e in found
        ],
    )


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
