"""`backhaul trace`: where a row and its values come from."""

from __future__ import annotations

from dataclasses import asdict

import click

from backhaul.cli.base import command, customer_argument
from backhaul.cli.output import Column
from backhaul.cli.session import Session


@command()
@customer_argument
@click.argument("entity")
@click.argument("id")
@click.argument("column", required=False)
def trace(session: Session, customer: str, entity: str, id: str, column: str | None) -> None:
    """Show where a row, or one of its columns, comes from.

    For example: backhaul trace acme accounts crm:companies:123 annual_revenue
    """
    with session.project() as project:
        found = project.customer(customer).trace(entity, id, column)
    output = session.output
    if session.as_json:
        output.data(asdict(found))
        return
    output.heading(found.id, f"{entity} of {customer}, snapshot v{found.version}")
    place = f"{found.connection} ({found.source}), raw table {found.raw_table}, record {found.key}"
    output.note("from", place if found.raw_table else found.how)
    if found.raw_table:
        output.note("made by", found.how)
        output.note("read", f"{found.read_at}, run {found.run}; changed at the vendor {found.changed_at}")
    if found.url:
        output.note("url", found.url)
    rows = []
    for each in found.columns:
        read = ", ".join(f"{one.object}.{one.field} = {one.value}" for one in each.fields)
        rows.append([each.column, each.value, each.expression, read])
    output.line()
    output.table(
        [Column("column"), Column("value", wide=True), Column("expression", wide=True), Column("read", wide=True)], rows
    )
