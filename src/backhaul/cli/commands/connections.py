"""`backhaul connections`: what access each connection has."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from backhaul.cli.base import command
from backhaul.cli.output import Column
from backhaul.cli.session import Session
from backhaul.cli.times import ago

if TYPE_CHECKING:
    from backhaul.fleet.access import Access

_STATES = {"new": "new", "ok": "ok", "needs_reauth": "no access", "broken": "broken"}
_STYLES = {"new": "dim", "ok": "green", "needs_reauth": "bold red", "broken": "bold red"}


@command()
@click.argument("customers", nargs=-1, metavar="[CUSTOMER]...")
def connections(session: Session, customers: tuple[str, ...]) -> None:
    """Show each connection's access: scopes, tokens, probe, quota.

    From what is written down: no vendor is asked, no secret is opened. `scopes`: how many of those that are needed
    were granted.
    """
    with session.project() as project:
        found = project.connections(customers)
    output = session.output
    if session.as_json:
        output.json({"connections": [{f.name: getattr(each, f.name) for f in fields(each)} for each in found]})
        return
    if not found:
        output.line("no pipeline has a connection yet; see pipelines/", style="dim")
        return
    columns = [
        Column("connection"), Column("source"), Column("auth"), Column("kept in"), Column("state"), Column("account"),
        Column("scopes"), Column("token"), Column("probed"), Column("quota left", number=True),
    ]  # fmt: skip
    output.table(columns, [_row(each) for each in found])
    for each in found:
        if each.state == "needs_reauth" or each.scopes_missing:
            output.line()
            output.heading(f"{each.customer} {each.connection}")
        if each.state == "needs_reauth":
            output.line(f"no access since {ago(each.since)}: {each.reason}", style="red", indent=2)
        if each.scopes_missing:
            output.line(f"not granted: {', '.join(each.scopes_missing)}", style="yellow", indent=2)
        if each.state == "needs_reauth" or each.scopes_missing:
            output.line(f"Next: `backhaul connect {each.customer} {each.connection}`", style="dim", indent=2)


def _row(each: Access) -> list[Any]:
    from rich.text import Text

    scopes = ""
    if each.scopes_needed and each.token_at is not None:
        scopes = f"{len(each.scopes_needed) - len(each.scopes_missing)} of {len(each.scopes_needed)}"
    return [
        f"{each.customer} {each.connection}".strip(), each.source, each.auth, each.kept,
        Text(_STATES[each.state], style=_STYLES[each.state]), each.account, scopes, ago(each.token_at),
        ago(each.probed_at), each.quota_left,
    ]  # fmt: skip
