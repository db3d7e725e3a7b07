"""`backhaul validate`: every problem of every file, at once."""

from __future__ import annotations

import click

from backhaul.cli.base import command
from backhaul.cli.output import Column, many
from backhaul.cli.session import Session


@command()
@click.argument("customer", required=False)
@click.option("--explain", is_flag=True, help="Show each value in force and the line it comes from.")
def validate(session: Session, customer: str | None, explain: bool) -> int:
    """Check every file, and show where values come from.

    Nothing is asked of a vendor; `backhaul discover` compares with the account.
    """
    with session.project() as project:
        config = project.config
        problems = config.validate(customer)
        names = [customer] if customer else list(config.customers())
        origins = {name: config.explain(name) for name in names} if explain and not problems else {}
    output = session.output
    if session.as_json:
        output.json(
            {
                "customers": names,
                "problems": [
                    {
                        "file": each.place.file, "line": each.place.line, "column": each.place.column,
                        "path": each.path, "what": each.what, "suggestion": each.suggestion,
                    }
                    for each in problems
                ],
                **({"values": _values(origins)} if explain else {}),
            }
        )  # fmt: skip
        return 2 if problems else 0
    for each in problems:
        output.line(str(each))
    if problems:
        output.line()
        output.line(many(len(problems), "problem"), style="bold red")
        return 2
    for name, found in origins.items():
        output.line()
        output.heading(name)
        rows = [(each.path, each.value, str(each.place) if each.place else "default") for each in found]
        output.table([Column("value in force"), Column("", wide=True), Column("from", quiet=True)], rows)
    if not explain:
        output.line(f"{many(len(names), 'customer')}, no problems")
    return 0


def _values(origins: dict[str, list]) -> dict[str, list[dict[str, str | None]]]:  # type: ignore[type-arg]
    return {
        name: [{"path": e.path, "value": e.value, "from": str(e.place) if e.place else None} for e in found]
        for name, found in origins.items()
    }
