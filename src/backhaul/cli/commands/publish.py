"""`backhaul publish`: a snapshot of what is there now."""

from __future__ import annotations

from backhaul.cli.base import command, customer_argument, wait_option
from backhaul.cli.session import Session


@command()
@customer_argument
@wait_option
def publish(session: Session, customer: str) -> int:
    """Publish a snapshot of entities and raw tables.

    Readers keep what they have open; the next one to open the file gets the new version.
    """
    with session.project(progress=True) as project:
        return session.finish(project, project.customer(customer).publish())
