"""`backhaul query`: one select on a published snapshot."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from backhaul.cli.base import command, customer_argument
from backhaul.cli.output import Column, many, table
from backhaul.cli.session import Session
from backhaul.cli.times import Moment, ago

if TYPE_CHECKING:
    from backhaul.publish.query import QueryResult

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UBIGINT", "UINTEGER", "DOUBLE", "FLOAT", "DECIMAL")


@command()
@customer_argument
@click.argument("sql")
@click.option("--raw", is_flag=True, help="The raw tables, in the vendor's shape.")
@click.option("--as-of", type=Moment(), metavar="TIME", help="The snapshot that was current then.")
@click.option("--limit", type=click.IntRange(min=0), default=1000, show_default=True, help="Rows at most; 0: all.")
@click.option("--format", "shape", type=click.Choice(["table", "json", "csv"]), help="Table on a terminal by default.")
def query(
    session: Session, customer: str, sql: str, raw: bool, as_of: datetime | None, limit: int, shape: str | None
) -> None:
    """Run one select on a customer's snapshot.

    For example: backhaul query acme "select name, annual_revenue from accounts order by 2 desc limit 5"

    A SQL of `-` is read from standard input.
    """
    if sql == "-":
        sql = sys.stdin.read()
    with session.project() as project:
        result = project.customer(customer).query(sql, limit=limit or None, as_of=as_of, raw=raw)
    for each in result.warnings:
        click.secho(f"warning: {each}", fg="yellow", err=True)
    if session.as_json or shape == "json":
        session.output.data(_document(result))
    elif shape == "csv":
        _csv(result)
    else:
        _table(session, result)


def _document(result: QueryResult) -> dict[str, Any]:
    return {
        "columns": [{"name": each.name, "type": each.type} for each in result.columns],
        "rows": result.rows,
        "truncated": result.truncated,
        "warnings": list(result.warnings),
        "version": result.version,
        "published_at": result.published_at,
        "as_of": {name: dict(objects) for name, objects in result.as_of.items()},
    }


def _csv(result: QueryResult) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([each.name for each in result.columns])
    writer.writerows([_field(cell) for cell in row] for row in result.rows)


def _field(cell: Any) -> str:
    import msgspec

    if isinstance(cell, list | dict | tuple):
        return msgspec.json.Encoder(enc_hook=str, decimal_format="number").encode(cell).decode()
    return _shown(cell)


def _table(session: Session, result: QueryResult) -> None:
    columns = [Column(each.name, number=each.type.startswith(_NUMBERS)) for each in result.columns]
    console = session.output.console
    rows = [[_shown(cell, short=console.is_terminal) for cell in row] for row in result.rows]
    made = table(columns, rows)
    if (
        console.is_terminal
        and made.__rich_measure__(console, console.options.update(width=10_000)).maximum > console.width
    ):
        _records(session, columns, rows)
    else:
        session.output.show(made)
    first = f"the first {len(result.rows):,} rows; --limit 0 gives all" if result.truncated else ""
    count = first or many(len(result.rows), "row")
    click.echo(click.style(f"{count}, snapshot v{result.version} of {ago(result.published_at)}", dim=True), err=True)


def _records(session: Session, columns: list[Column], rows: list[list[str]]) -> None:
    """Too wide for a line: a line a column, a block a row."""
    from rich.table import Table
    from rich.text import Text

    for place, row in enumerate(rows):
        if place:
            session.output.line()
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for column, cell in zip(columns, row, strict=True):
            grid.add_row(Text(column.title), Text(cell))
        session.output.show(grid)


def _shown(cell: Any, *, short: bool = False) -> str:
    """short: for the eye, moments to the second."""
    from datetime import datetime
    from decimal import Decimal

    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        # the nine places of a raw decimal say nothing where they are zero
        return f"{cell.normalize():f}" if cell == cell.to_integral_value() else f"{cell:f}".rstrip("0")
    if isinstance(cell, bool):
        return str(cell).lower()
    if short and isinstance(cell, datetime):
        return str(cell.replace(microsecond=0)).replace("+00:00", "Z")
    if hasattr(cell, "isoformat"):
        return str(cell).replace("+00:00", "Z")
    return str(cell)
