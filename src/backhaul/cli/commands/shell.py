"""`backhaul shell`: a prompt for SQL on a published snapshot, which nothing typed there can change."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from backhaul.cli.base import command, customer_argument
from backhaul.cli.output import Column, many, table
from backhaul.cli.session import Session
from backhaul.cli.times import Moment
from backhaul.errors import BackhaulError

_TABLES = (
    'select table_name as "table", estimated_size as rows, comment from duckdb_tables()'
    " where table_name not like '\\_%' escape '\\' order by table_name"
)
_COLUMNS = "select column_name as \"column\", data_type as type, comment from duckdb_columns() where table_name = '{}'"


@command()
@customer_argument
@click.option("--raw", is_flag=True, help="The raw tables, in the vendor's shape.")
@click.option("--as-of", type=Moment(), metavar="TIME", help="The snapshot that was current then.")
def shell(session: Session, customer: str, raw: bool, as_of: datetime | None) -> None:
    """Open a prompt for SQL on a customer's snapshot; read-only.

    .tables lists what there is, .columns TABLE what it holds, .quit leaves. A statement ends with a semicolon.
    """
    interactive = sys.stdin.isatty()
    if interactive:
        import readline  # noqa: F401 - gives the prompt its editing and history
    with session.project() as project:
        found = project.customer(customer)
        statement = ""
        while True:
            try:
                line = input(f"{customer}> " if not statement else "   ...> ") if interactive else sys.stdin.readline()
            except (EOFError, KeyboardInterrupt):
                break
            if not line and not interactive:
                break
            words = line.split()
            if not statement and words and words[0].startswith("."):
                if words[0] in (".quit", ".exit"):
                    break
                statement = (
                    _TABLES if words[0] == ".tables" else _COLUMNS.format((words[1:] or [""])[0].replace("'", ""))
                )
                line = ";"
            statement += f"{line}\n"
            if not statement.rstrip().endswith(";"):
                continue
            sql, statement = statement.rstrip().rstrip(";"), ""
            if not sql.strip():
                continue
            try:
                result = found.query(sql, limit=1000, as_of=as_of, raw=raw)
            except BackhaulError as error:
                click.echo(str(error), err=True)
                continue
            columns = [Column(each.name) for each in result.columns]
            session.output.show(table(columns, [["" if cell is None else cell for cell in row] for row in result.rows]))
            for each in result.warnings:
                click.echo(f"warning: {each}", err=True)
            click.echo(f"{many(len(result.rows), 'row')}{', and more' if result.truncated else ''}", err=True)
