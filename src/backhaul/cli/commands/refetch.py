"""`backhaul refetch`: read named records again."""

from __future__ import annotations

import click

from backhaul.cli.base import command, customer_argument, wait_option
from backhaul.cli.session import Session


@command()
@customer_argument
@click.argument("connection")
@click.argument("object_name", metavar="OBJECT")
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@wait_option
def refetch(session: Session, customer: str, connection: str, object_name: str, keys: tuple[str, ...]) -> int:
    """Read named records again, by their keys.

    Whatever the watermark, with their children. For example: backhaul refetch acme crm deals 123 124
    """
    with session.project(progress=True) as project:
        return session.finish(project, project.customer(customer).refetch(connection, object_name, keys))
