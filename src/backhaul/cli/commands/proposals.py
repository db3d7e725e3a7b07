"""`backhaul proposals`: what agents want changed, for a person to decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from backhaul.cli.base import Command, Group, customer_argument, wait_option
from backhaul.cli.output import Column
from backhaul.cli.session import Session
from backhaul.cli.times import ago

if TYPE_CHECKING:
    from backhaul.state.proposals import Proposal

_pass_session = click.make_pass_decorator(Session, ensure=True)
_STATUSES = ("pending", "approved", "applied", "failed", "rejected")


@click.group(cls=Group)
def proposals() -> None:
    """Decide what agents propose: list, show, approve, reject.

    An approved proposal is written by a push of its one record, if the vendor still holds what it held when the change
    was proposed.
    """


@proposals.command("list", cls=Command)
@customer_argument
@click.option("--status", type=click.Choice(_STATUSES), help="Only those; all where it is left out.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many, newest first.")
@_pass_session
def list_(session: Session, customer: str, status: str | None, limit: int) -> None:
    """List proposals, the newest first."""
    with session.project() as project:
        found = project.customer(customer).proposals(status, limit=limit)
    if session.as_json:
        session.output.data({"customer": customer, "proposals": [msgspec.to_builtins(each) for each in found]})
        return
    if not found:
        session.output.line(f"{customer} has no{f' {status}' if status else ''} proposals", style="dim")
        return
    session.output.table(
        [Column("proposal"), Column("status"), Column("made"), Column("record"), Column("change", wide=True),
         Column("by")],
        [
            [e.id, e.status, ago(e.proposed_at), f"{e.entity} {e.record}", _changes(e), e.proposed_by]
            for e in found
        ],
    )  # fmt: skip


@proposals.command(cls=Command)
@customer_argument
@click.argument("proposal")
@_pass_session
def show(session: Session, customer: str, proposal: str) -> None:
    """Show one: what would change, why, and what became of it."""
    with session.project() as project:
        found = project.customer(customer).proposal(proposal)
    _show(session, found)


@proposals.command(cls=Command)
@customer_argument
@click.argument("proposal")
@wait_option
@_pass_session
def approve(session: Session, customer: str, proposal: str) -> int:
    """Write what was proposed, if the vendor still holds what it held then."""
    with session.project(progress=True) as project:
        decision = project.customer(customer).approve(proposal)
    _show(session, decision.proposal)
    return session.code(decision.exit_code)


@proposals.command(cls=Command)
@customer_argument
@click.argument("proposal")
@click.option("--note", default="", help="Why, for the record.")
@_pass_session
def reject(session: Session, customer: str, proposal: str, note: str) -> None:
    """Decide that it is not to be written."""
    with session.project() as project:
        found = project.customer(customer).reject(proposal, note=note)
    _show(session, found)


def _show(session: Session, each: Proposal) -> None:
    output = session.output
    if session.as_json:
        output.data(msgspec.to_builtins(each))
        return
    output.heading(f"proposal {each.id}", f"{each.status}, {each.entity} {each.record}")
    output.table(
        [Column("column"), Column("field"), Column("before and after", wide=True)],
        [[d.column, d.field, f"{_text(d.before)} -> {_text(d.after)}"] for d in each.diff],
    )
    output.note("reason", each.reason)
    output.note("proposed", f"{ago(each.proposed_at)} by {each.proposed_by}, from snapshot v{each.version}")
    if each.decided_by is not None:
        output.note("decided", f"{ago(each.decided_at)} by {each.decided_by}")
    if each.outcome:
        output.note("outcome", each.outcome, style="yellow" if each.status == "failed" else "")


def _changes(each: Proposal) -> str:
    return ", ".join(f"{d.column}: {_text(d.before)} -> {_text(d.after)}" for d in each.diff)


def _text(value: str | None) -> str:
    return "(empty)" if value is None else value
