"""`backhaul forget`: erase one record everywhere."""

from __future__ import annotations

from dataclasses import asdict

import click

from backhaul.cli.base import command, customer_argument, wait_option
from backhaul.cli.output import many
from backhaul.cli.session import Session


@command()
@customer_argument
@click.option("--entity", required=True, help="The entity that the record is a row of, as contacts.")
@click.option("--id", "id", required=True, help="The row's id: connection:object:key.")
@wait_option
def forget(session: Session, customer: str, entity: str, id: str) -> None:
    """Erase one record everywhere, ledger and snapshots included, and keep it away.

    Older snapshots go. The vendor still has the record: erase it there, too.
    """
    with session.project() as project:
        receipt = project.customer(customer).forget(entity, id)
    if session.as_json:
        session.output.json(asdict(receipt))
        return
    for name, count in receipt.erased.items():
        session.output.line(f"{name}: {count:,}")
    session.output.line(
        f"snapshots: {many(receipt.snapshots_deleted, 'older version')} deleted, v{receipt.version} is current"
    )
    session.output.line(f"receipt: {receipt.path}", style="dim")
