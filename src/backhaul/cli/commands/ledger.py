"""`backhaul ledger`: what was written to vendors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec

from backhaul.cli.base import command, customer_argument
from backhaul.cli.output import Column, many
from backhaul.cli.session import Session
from backhaul.cli.times import ago

if TYPE_CHECKING:
    from backhaul.push.audit import Attempt

_STATES = ("sent", "planned", "confirmed", "unknown", "refused")


@command()
@customer_argument
@click.option("--push", "push_name", metavar="NAME", help="Only of this push.")
@click.option("--object", "object_name", metavar="NAME", help="Only of this object: crm.contacts.")
@click.option("--key", help="Only of this record: the vendor's key, or the row's name.")
@click.option("--run", help="Only of this run.")
@click.option("--who", help="Only on this behalf: user:ada, token:t7, proposal:42, schedule:scores.")
@click.option("--state", type=click.Choice(_STATES), help="Only what ended so.")
@click.option("--since", type=click.DateTime(), help="Only from this moment on, in UTC.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many, newest first.")
def ledger(
    session: Session, customer: str, push_name: str | None, object_name: str | None, key: str | None, run: str | None,
    who: str | None, state: str | None, since: datetime | None, limit: int,
) -> None:  # fmt: skip
    """List what was written to vendors: who, what, when, over what, and what the vendor said of it.

    Analysts find the same in the snapshot, as the table `ledger`.
    """
    from backhaul.push.audit import Query

    moment = since.replace(tzinfo=UTC) if since is not None else None
    query = Query(push_name, object_name, key, run, state, who, moment)
    with session.project() as project:
        found, total = project.customer(customer).ledger(query, limit=limit)
    output = session.output
    if session.as_json:
        output.json({"customer": customer, "total": total, "written": [_json(each) for each in found]})
        return
    if not found:
        output.line(f"nothing such was written for {customer}", style="dim")
        return
    columns = [
        Column("when"), Column("who"), Column("push"), Column("record"), Column("did"), Column("fields", wide=True),
        Column("run"),
    ]  # fmt: skip
    output.table(columns, [_row(each) for each in found])
    output.line(f"{len(found):,} of {many(total, 'write')}", style="dim")


def _row(each: Attempt) -> list[Any]:
    did = each.action if each.state == "confirmed" else f"{each.action}: {each.state}"
    changes = [f"{name}: {each.before.get(name, '?')} -> {value}" for name, value in each.values.items()]
    told = ", ".join(changes) or ", ".join(f"{name}: {value} ->" for name, value in each.before.items())
    if each.message:
        told = f"{told} ({each.message})"
    record = f"{each.connection}.{each.object} {each.key or each.row}"
    return [ago(each.intended_at), each.who, each.push, record, did, told, each.run]


def _json(each: Attempt) -> Any:
    return msgspec.to_builtins(each)
