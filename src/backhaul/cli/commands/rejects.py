"""`backhaul rejects`: values that could not be read as their type."""

from __future__ import annotations

import click

from backhaul.cli.base import command, customer_argument
from backhaul.cli.output import Column, many
from backhaul.cli.session import Session


@command()
@customer_argument
@click.option("--object", "object_name", metavar="NAME", help="Only of this object: contacts, or crm.contacts.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many, newest first.")
def rejects(session: Session, customer: str, object_name: str | None, limit: int) -> None:
    """List values that could not be read as their type.

    Their records are there, with nothing in that field. `extract`: the vendor's value did not fit the vendor's type;
    an entity's name: a mapping could not convert it.
    """
    with session.project() as project:
        found = project.customer(customer).rejects(object_name, limit=limit)
    output = session.output
    if session.as_json:
        fields = ("stage", "connection", "object", "key", "field", "raw_text", "reason", "run", "rejected_at")
        rows = [{name: getattr(each, name) for name in fields} for each in found.rejects]
        output.json({"customer": customer, "total": found.total, "rejects": rows})
        return
    if not found.rejects:
        output.line(f"{customer} has no rejects", style="dim")
        return
    columns = [
        Column("where"), Column("object"), Column("key"), Column("field"), Column("value"), Column("reason", wide=True)
    ]  # fmt: skip
    output.table(
        columns,
        [
            [each.stage, f"{each.connection}.{each.object}", each.key, each.field, each.raw_text, each.reason]
            for each in found.rejects
        ],
    )
    output.line(f"{len(found.rejects):,} of {many(found.total, 'reject')}", style="dim")
