"""`backhaul sync`: read what changed and load it."""

from __future__ import annotations

from datetime import datetime

import click

from backhaul.cli.base import command, customer_argument, wait_option
from backhaul.cli.session import Session
from backhaul.cli.times import Moment


@command()
@customer_argument
@click.option(
    "--object", "objects", multiple=True, metavar="NAME", help="Only this: contacts, or crm.contacts. Repeatable."
)
@click.option("--since", type=Moment(), metavar="DATE", help="Read what changed since then, whatever the watermark.")
@click.option("--full", is_flag=True, help="Read everything again.")
@click.option("--deletes", is_flag=True, help="Look for deleted records now, due or not.")
@click.option(
    "--census", is_flag=True, help="Compare every key with the vendor's now: finds what no list of deleted tells."
)
@click.option("--approve-deletes", is_flag=True, help="Let a census delete more rows than its guard allows.")
@wait_option
def sync(
    session: Session,
    customer: str,
    objects: tuple[str, ...],
    since: datetime | None,
    full: bool,
    deletes: bool,
    census: bool,
    approve_deletes: bool,
) -> int:
    """Read what changed and load it into raw tables.

    The vendor is asked for what changed since the last sync. What was interrupted goes on from its last part.
    """
    with session.project(progress=True) as project:
        report = project.customer(customer).sync(
            objects, since=since, full=full, check_deletes=deletes, census=census, approve_deletes=approve_deletes
        )
        return session.finish(project, report)
