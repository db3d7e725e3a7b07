"""`backhaul status`: how each connection is doing."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from backhaul.cli.base import command
from backhaul.cli.output import Column, many
from backhaul.cli.session import Session
from backhaul.cli.times import ago, ahead

if TYPE_CHECKING:
    from backhaul.fleet.status import ConnectionStatus

_STATES = {"new": "new", "ok": "ok", "needs_reauth": "no access", "broken": "broken"}
_STYLES = {"new": "dim", "ok": "green", "needs_reauth": "bold red", "broken": "bold red"}


@command()
@click.argument("customers", nargs=-1, metavar="[CUSTOMER]...")
def status(session: Session, customers: tuple[str, ...]) -> int:
    """Show each connection: its state, freshness, budget, next run.

    From what is written down: no vendor is asked. `data of` is the oldest moment up to which everything is here.
    """
    with session.project() as project:
        found = project.status(customers)
    output = session.output
    if session.as_json:
        output.json({"connections": [{f.name: getattr(each, f.name) for f in fields(each)} for each in found]})
        return 0
    if not found:
        output.line("no pipeline has a connection yet; see pipelines/", style="dim")
        return 0
    columns = [
        Column("connection"), Column("source"), Column("state"), Column("data of"),
        Column("rows", number=True), Column("calls today", number=True), Column("next run"),
    ]  # fmt: skip
    output.table(columns, [_row(each) for each in found])
    for each in found:
        notes = _notes(each, alone=bool(customers))
        if notes:
            output.line()
            output.heading(_place(each))
        for text, style in notes:
            output.line(text, style=style, indent=2)
    return 0


def _place(each: ConnectionStatus) -> str:
    return f"{each.customer} {each.connection}".strip()


def _row(each: ConnectionStatus) -> list[Any]:
    from rich.text import Text

    state = Text(_STATES[each.state], style=_STYLES[each.state])
    next_run = ahead(each.next_due) if each.next_due else ("" if each.state == "broken" else "by hand")
    return [
        _place(each), each.source, state, ago(each.data_as_of), each.rows or None,
        each.requests_today or None, next_run,
    ]  # fmt: skip


def _notes(each: ConnectionStatus, *, alone: bool) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if each.state == "needs_reauth":
        found.append((f"no access since {ago(each.since)}: {each.reason}", "red"))
        found.append((f"Next: `backhaul connect {each.customer} {each.connection}`", "dim"))
    if each.state == "broken":
        found.append((each.reason, "red"))
    if each.last_status == "running":
        found.append((f"a run is going on since {ago(each.last_run)}", ""))
    elif each.last_status in ("partial", "failed", "interrupted") and (
        each.last_error or each.last_status != "partial"
    ):
        reason = f": {each.last_error}" if each.last_error not in ("", each.reason) else ""
        found.append((f"the last run, {ago(each.last_run)}, {_ENDED[each.last_status]}{reason}", "yellow"))
    if each.rejects:
        text = f"{many(each.rejects, 'value')} did not fit in the last run; `backhaul rejects {each.customer}`"
        found.append((text, "yellow"))
    if each.dead_letters:
        text = f"{many(each.dead_letters, 'dead letter')}; `backhaul push retry {each.customer}`"
        found.append((text, "yellow"))
    if each.unknown:
        text = (
            f"no answer is known yet of {many(each.unknown, 'row')}; `backhaul ledger {each.customer} --state unknown`"
        )
        found.append((text, "yellow"))
    resume = f"backhaul push resume {each.customer}"
    found += [(f"the push {name} is paused; `{resume} {name}`", "yellow") for name in each.paused]
    if alone and each.budget_left is not None:
        doubt = f", {each.budget_in_doubt:,} in doubt" if each.budget_in_doubt else ""
        found.append((f"{each.budget_left:,} calls of today's budget left{doubt}", ""))
    if alone and each.schedule:
        found.append((f"runs {each.schedule}", ""))
    if alone and each.account:
        since = f", ok since {ago(each.since)}" if each.state == "ok" else ""
        found.append((f"account {each.account}{since}", ""))
    return found


_ENDED = {"partial": "had failures", "failed": "failed", "interrupted": "was cut off"}
