"""`backhaul plan`: what the files as they are now would make of the data."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from backhaul.cli.base import command, customer_argument, wait_option
from backhaul.cli.output import Column, Output, many
from backhaul.cli.session import Session

if TYPE_CHECKING:
    from backhaul.pipeline.planning import ConfigurationPlan


@command()
@customer_argument
@click.option("--apply-plan", "apply_plan", metavar="HASH", help="Transform and publish, if this is still the plan.")
@wait_option
def plan(session: Session, customer: str, apply_plan: str | None) -> int:
    """Show what the configuration would change, before anything is done.

    The working tree is compared with the configuration in force, which the published snapshot bears.
    No vendor is asked.
    """
    with session.project(progress=apply_plan is not None) as project:
        if apply_plan is not None:
            return session.finish(project, project.customer(customer).apply_plan(apply_plan))
        found = project.customer(customer).plan()
    if session.as_json:
        session.output.data({**asdict(found), "hash": found.hash})
    else:
        _show(session.output, found)
    return 0


def _show(output: Output, plan: ConfigurationPlan) -> None:
    if plan.is_nothing:
        output.line(
            f"{plan.customer}: nothing would change; snapshot v{plan.version} is what the files say", style="dim"
        )
        return
    for name in plan.files:
        output.line(f"changed  {name}")
    for each in plan.objects:
        calls = f", about {many(each.calls, 'call')}" if each.calls is not None else ""
        rows = f" ({each.rows:,} rows here{calls})" if each.rows is not None else ""
        output.line(f"object   {each.connection}.{each.object} {each.change}{rows}")
    columns = [Column("entity"), *(Column(each, number=True) for each in ("added", "removed", "changed", "cells"))]
    columns += [Column("columns", wide=True)]
    rows_ = []
    for effect in plan.effects:
        words = [f"+{name}" for name in effect.gained] + [f"-{name}" for name in effect.lost] + list(effect.retyped)
        rows_.append(
            [effect.entity, effect.added, effect.removed, effect.changed, sum(effect.cells.values()), ", ".join(words)]
        )
    if rows_:
        output.line()
        output.table(columns, rows_)
    samples = [(effect.entity, each) for effect in plan.effects for each in effect.samples]
    if samples:
        output.line()
        output.table(
            [Column("row"), Column("column"), Column("before", wide=True), Column("after", wide=True)],
            [[each.id, f"{entity}.{each.column}", each.before, each.after] for entity, each in samples],
        )
    output.line()
    output.line(f"plan {plan.hash}: backhaul plan {plan.customer} --apply-plan {plan.hash}", style="bold")
