"""`backhaul validate`: every problem of every file, at once."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from backhaul.cli.base import command
from backhaul.cli.output import Column, Output, many
from backhaul.cli.scaffold import write_schemas
from backhaul.cli.session import Session

if TYPE_CHECKING:
    from backhaul.config.reading import Origin


@command()
@click.argument("customer", required=False)
@click.option("--explain", is_flag=True, help="Show each value in force and the line it comes from.")
def validate(session: Session, customer: str | None, explain: bool) -> int:
    """Check every file, and show where values come from.

    Nothing is asked of a vendor; `backhaul discover` compares with the account.
    """
    with session.project() as project:
        config = project.config
        # editors check against the schemas of the version that is installed
        with suppress(OSError):
            write_schemas(config.layout)
        problems = config.validate(customer)
        names = [customer] if customer else list(config.customers())
        # what is wrong with a file is told before what it says is looked at
        checked = {name: project.customer(name).check_mappings() for name in names} if not problems else {}
        problems += [each for found in checked.values() for each in found.problems]
        asked = {name: project.customer(name).questions() for name in names} if not problems else {}
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
    for name, mapped in checked.items():
        for connection in mapped.undiscovered:
            output.line(f"{name} {connection}: the fields of its mappings were not looked up", style="dim")
            output.line(f"Next: backhaul discover {name} {connection}", style="dim", indent=2)
    for name, found in origins.items():
        output.line()
        output.heading(name)
        _explain(output, found)
    for name, questions in asked.items():
        for question in questions:
            output.line(f"{name}: {question.name} may be answered: {question.prompt}", style="dim")
            output.line(f"Next: backhaul mapping answer {name} {question.name} <field>", style="dim", indent=2)
    if not explain:
        output.line(f"{many(len(names), 'customer')}, no problems")
    return 0


def _explain(output: Output, found: list[Origin]) -> None:
    """By file, in the order of its lines; defaults are counted."""
    by_file: dict[str, list[tuple[int, str, str]]] = {}
    for each in found:
        if each.place is not None:
            by_file.setdefault(each.place.file, []).append((each.place.line, each.path, each.value))
    for file, lines in by_file.items():
        output.line()
        output.table([Column("line", number=True, quiet=True), Column(file), Column("value", wide=True)], sorted(lines))
    defaults = sum(each.place is None for each in found)
    output.line()
    output.line(f"and {many(defaults, 'default')}; --json has all", style="dim")


def _values(origins: dict[str, list[Origin]]) -> dict[str, list[dict[str, str | None]]]:
    return {
        name: [{"path": e.path, "value": e.value, "from": str(e.place) if e.place else None} for e in found]
        for name, found in origins.items()
    }
