"""`backhaul mapping`: how a customer's own fields fill the entities."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

import click

from backhaul.cli.base import Command, Group, customer_argument
from backhaul.cli.output import Column, many
from backhaul.cli.session import Session

if TYPE_CHECKING:
    from backhaul.transform.suggest import Suggestion


@click.group(cls=Group)
def mapping() -> None:
    """Propose what a customer's own fields may fill, and answer what is asked about them."""


@mapping.command(cls=Command)
@customer_argument
@click.option("--connection", metavar="NAME", help="Only fields of this connection.")
@click.option("--entity", metavar="NAME", help="Only columns of this entity.")
@click.option("--likely", is_flag=True, help="Only columns that the entity has; propose none of their own.")
@click.make_pass_decorator(Session, ensure=True)
def suggest(session: Session, customer: str, connection: str | None, entity: str | None, likely: bool) -> None:
    """Propose mappings for custom fields that fill nothing yet.

    From their names, labels, types and values; no vendor is asked. Prints YAML for the customer's pipeline: keep what
    is right, correct what is not, and commit it. `backhaul plan` then shows what it changes.
    """
    with session.project() as project:
        found = project.customer(customer).suggest_mappings(connection=connection, entity=entity)
    found = tuple(each for each in found if each.confidence or not likely)
    output = session.output
    if session.as_json:
        output.json(
            {"customer": customer, "suggestions": [{**asdict(each), "written": each.written} for each in found]}
        )
        return
    if not found:
        output.line(f"every custom field of {customer} that holds anything fills a column already", style="dim")
        return
    for line in patch(customer, found):
        click.echo(line)


@mapping.command(cls=Command)
@customer_argument
@click.make_pass_decorator(Session, ensure=True)
def questions(session: Session, customer: str) -> None:
    """Show which of its fields the customer has still to name."""
    with session.project() as project:
        found = project.customer(customer).questions()
    if session.as_json:
        session.output.json({"customer": customer, "questions": [{**asdict(e), "name": e.name} for e in found]})
        return
    if not found:
        session.output.line(f"{customer} has answered everything", style="dim")
        return
    columns = [Column("question"), Column("required"), Column("asked", wide=True)]
    session.output.table(columns, [[each.name, "yes" if each.required else "no", each.prompt] for each in found])
    session.output.line()
    session.output.line(f"Next: backhaul mapping answer {customer} {found[0].name} <field>", style="dim")


@mapping.command(cls=Command)
@customer_argument
@click.argument("question")
@click.argument("field")
@click.make_pass_decorator(Session, ensure=True)
def answer(session: Session, customer: str, question: str, field: str) -> None:
    """Name the field that plays the part, or an expression of fields.

    For example: backhaul mapping answer acme accounts.crm.tier tier__c

    It is written into the customer's pipeline; `backhaul plan` shows what it changes.
    """
    with session.project() as project:
        one = project.customer(customer)
        done = one.answer(question, field)
        left = one.questions()
    if session.as_json:
        session.output.json({"customer": customer, "answered": done.name, "from": field, "open": len(left)})
        return
    session.output.line(f"pipelines/{customer}.yaml: {'.'.join(done.path)} is {field}", style="green")
    command = f"backhaul mapping questions {customer}" if left else f"backhaul plan {customer}"
    session.output.line(f"{many(len(left), 'question')} left. Next: {command}", style="dim")


def patch(customer: str, found: tuple[Suggestion, ...]) -> list[str]:
    """The proposals as a part of the customer's pipeline, each with its reason above it."""
    lines = [
        f"# Custom fields of {customer} that fill no column yet: {len(found)}.",
        f"# Keep what is right, in pipelines/{customer}.yaml; then: backhaul plan {customer}",
        "mappings:",
    ]
    for entity, of_entity in groupby(found, key=lambda each: each.entity):
        lines.append(f"  {entity}:")
        for connection, of_connection in groupby(of_entity, key=lambda each: each.connection):
            lines.append(f"    {_scalar(connection)}:")
            for each in of_connection:
                lines += _entry(each)
    return lines


def _entry(each: Suggestion) -> list[str]:
    likely = f"{each.confidence:.0%} likely" if each.confidence else "a column of its own"
    lines = [f"      # {likely}: {each.object}.{each.field}, {each.why}"]
    if each.unmapped:
        lines.append(f"      # say what these are: {', '.join(each.unmapped)}")
    return [*lines, f"      {_scalar(each.column)}: {_scalar(each.written)}"]


def _scalar(value: object) -> str:
    import yaml

    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1_000_000)
    return text.removesuffix("\n").removesuffix("\n...")
