"""`backhaul source`: a definition, drafted, and proven point by point."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from backhaul.cli.base import Command, Group
from backhaul.cli.output import Column, Output, many
from backhaul.cli.session import Session, nearest_project
from backhaul.errors import ConfigError

if TYPE_CHECKING:
    from backhaul.conformance.report import Cell, Report


@click.group(cls=Group)
def source() -> None:
    """Draft a source's definition, and check it point by point."""


@source.command("new", cls=Command)
@click.argument("name")
@click.option(
    "--openapi", "document", type=click.Path(path_type=Path), metavar="FILE", help="The vendor's, JSON or YAML."
)
@click.make_pass_decorator(Session, ensure=True)
def new(session: Session, name: str, document: Path | None) -> None:
    """Draft a definition in the project: sources/NAME/source.yaml.

    Its ways in, objects, fields, pages, changes and writes are inferred from an OpenAPI document (3.0 or 3.1). What was
    guessed, or could not be found out, is marked `# look: why`. Nothing is asked of the vendor.
    """
    from backhaul.cli.drafts import write

    drafted = write(session.root or nearest_project(), name, document)
    output = session.output
    if session.as_json:
        output.json({"file": str(drafted.path), "objects": list(drafted.draft.objects), "looks": drafted.draft.looks})
        return
    output.heading(f"{drafted.path}")
    many_objects = many(len(drafted.draft.objects), "object")
    output.line(f"  {many_objects}, {many(drafted.draft.looks, 'place')} to look at, marked `# look: why`")
    output.line()
    output.line("Next:")
    for step, why in (
        ("look", "at each mark: take it away where it is right"),
        ("backhaul validate", "every file checked, at once"),
        (f"source: {name}", "in a connection of a pipeline; then `backhaul discover` asks the vendor"),
    ):
        output.line(f"  {step:<20}{why}")


@source.command("check", cls=Command)
@click.argument("name")
@click.option("--point", "points", multiple=True, metavar="POINT", help="Only this one: `late`. Repeatable.")
@click.option("--objects", type=click.IntRange(1), default=6, show_default=True, help="At most so many, one a shape.")
@click.option("--connection", metavar="CUSTOMER/CONNECTION", help="On this account, in place of the simulator.")
@click.option("--writes", is_flag=True, help="On an account: make, change and delete records of its own, too.")
@click.make_pass_decorator(Session, ensure=True)
def check(
    session: Session, name: str, points: tuple[str, ...], objects: int, connection: str | None, writes: bool
) -> int:
    """Run a definition against its simulator, or an account, and say what works.

    A point is green only with the numbers of the requests, in the simulator's log, that proved it; one that cannot
    exist says why. The project's own definition is taken where it has one. Exit code 1 where a point fails.

    An account is read, some pages of each object that its connection has chosen, and nothing of it is kept. What
    takes a vendor that fails or changes on demand cannot be proven there, and says so.
    """
    from backhaul.conformance.kit import check as run
    from backhaul.conformance.report import POINTS

    unknown = [each for each in points if each not in POINTS]
    if unknown:
        raise click.UsageError(f"There is no point {unknown[0]}; there are: {', '.join(POINTS)}.")
    if writes and connection is None:
        raise click.UsageError("--writes is for an account: name it by --connection CUSTOMER/CONNECTION.")
    written = _written(session, name)
    output = session.output
    if connection is not None:
        report = _on_account(session, name, connection, points, objects, writes)
        if session.as_json:
            output.json(report.as_json())
        else:
            _show(output, report)
        return 1 if report.failed else 0
    try:
        report = run(written, points=points, objects=objects, on_cell=lambda cell: _tell(session, cell))
    except ValueError as error:
        raise ConfigError(
            str(error), next_step="check a source that has a simulator, or an account by --connection"
        ) from error
    if session.as_json:
        output.json(report.as_json())
    else:
        _show(output, report)
    return 1 if report.failed else 0


def _on_account(
    session: Session, source: str, connection: str, points: tuple[str, ...], objects: int, writes: bool
) -> Report:
    from backhaul.conformance.account import check as run

    customer, _, name = connection.partition("/")
    with session.project() as project:
        one = project.customer(customer)
        found = project.config.pipeline(customer).connections.get(name)
        if found is None or found.source != source:
            told = f"is of {found.source}" if found is not None else "is not in its pipeline"
            raise ConfigError(f"the connection {name} of {customer} {told}", next_step=f"name one of {source}")
        with one.context() as context:
            return run(
                context, name, points=points, objects=objects, write=writes, on_cell=lambda cell: _tell(session, cell)
            )


def _written(session: Session, name: str) -> dict[str, object]:
    """The definition as it is written, once it is known to be sound. A project is not needed."""
    import yaml

    from backhaul.config.catalog import Catalog
    from backhaul.config.definitions import load_source
    from backhaul.config.layout import Layout
    from backhaul.config.problems import closest, error

    try:
        root = session.root or nearest_project()
    except ConfigError:
        root = Path.cwd()
    catalog = Catalog(Layout(root))
    path = catalog.source_file(name)
    if path is None:
        names = catalog.source_names()
        near = closest(name, names)
        hint = f"did you mean {near}?" if near else f"there are {', '.join(names)}"
        raise ConfigError(f"there is no source {name}; {hint}", next_step="name one of them")
    found = load_source(catalog, name)
    if found.source is None:
        raise error(f"the source {name} does not validate", found.problems)
    written: dict[str, object] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return written


def _tell(session: Session, cell: Cell) -> None:
    """On a terminal, each point as it is known."""
    if not session.as_json:
        click.echo(f"{cell.point}: {cell.state}", err=True)


def _show(output: Output, report: Report) -> None:
    from backhaul.conformance.report import spans

    whose = "its simulator" if report.against == "simulator" else report.against
    output.heading(report.title, f"against {whose}, with {', '.join(report.objects) or 'nothing'}")
    output.line()
    columns = [Column("point"), Column("state"), Column("why, or what was proven", wide=True), Column("requests")]
    output.table(columns, [[each.point, each.state, each.why, spans(each.requests)] for each in report.cells])
    output.line()
    if report.failed:
        output.line(f"{many(len(report.failed), 'point')} of {len(report.cells)} fail", style="bold red")
    else:
        output.line("every point holds, or cannot exist", style="green")
