"""`backhaul transform`: entities from raw tables."""

from __future__ import annotations

import click

from backhaul.cli.base import command, customer_argument, wait_option
from backhaul.cli.session import Session


@command()
@customer_argument
@click.option("--full", is_flag=True, help="Look at every raw row again.")
@click.option(
    "--select",
    multiple=True,
    metavar="NAME",
    help="Only this entity or mart; NAME+ with what reads it, +NAME with what it reads.",
)
@wait_option
def transform(session: Session, customer: str, full: bool, select: tuple[str, ...]) -> int:
    """Bring the entities up to date with the raw tables.

    No vendor is asked: a new mapping is derived from what is already here.
    """
    with session.project(progress=True) as project:
        return session.finish(project, project.customer(customer).transform(full=full, select=select))
