"""`backhaul push`: write back, first on paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from backhaul.cli.base import Command, Group, customer_argument, wait_option
from backhaul.cli.session import Session
from backhaul.errors import ConfigError

if TYPE_CHECKING:
    from backhaul.push.plan import Plan

_pass_session = click.make_pass_decorator(Session, ensure=True)
_overwrite = click.option("--overwrite", is_flag=True, help="Write over what the vendor changed since we did.")


@click.group(cls=Group)
def push() -> None:
    """Write back: plan, apply, retry, undo, pause.

    A push is a select in the customer's pipeline whose rows are written to a vendor's object or to an entity.
    """


@push.command(cls=Command)
@customer_argument
@click.argument("push_name", metavar="PUSH")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Keep the whole plan in this file.")
@click.option("--rows", type=click.IntRange(min=0), default=10, show_default=True, help="Rows to show of each object.")
@click.option("--fresh", is_flag=True, help="Read the records that would be written from the vendor first.")
@_overwrite
@_pass_session
def plan(
    session: Session, customer: str, push_name: str, out: Path | None, rows: int, fresh: bool, overwrite: bool
) -> None:
    """Show what a push would write, field by field. Nothing is written."""
    from backhaul.cli.pushes import plan_json, show_plan

    with session.project() as project:
        made = project.customer(customer).plan_push(push_name, overwrite=overwrite, fresh=fresh)
    if out is not None:
        try:
            out.write_text(made.to_json(), encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{out} cannot be written: {error.strerror}") from error
    if session.as_json:
        session.output.data(plan_json(made))
    else:
        show_plan(session.output, made, rows, out)


@push.command(cls=Command)
@customer_argument
@click.argument("push_name", metavar="PUSH")
@click.option(
    "--plan", "plan_file", type=click.Path(path_type=Path, dir_okay=False), help="A plan that `push plan --out` kept."
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Write at most so many rows, for a first look.")
@click.option("--approve", is_flag=True, help="Apply what the plan says it waits for: many deletes, a short select.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, read fresh from the vendor; write nothing.")
@_overwrite
@wait_option
@_pass_session
def apply(
    session: Session, customer: str, push_name: str, plan_file: Path | None, limit: int | None, approve: bool,
    dry_run: bool, overwrite: bool,
) -> int:  # fmt: skip
    """Write what the plan says; without one, what a plan made now says.

    What is written already is not written again.
    """
    from backhaul.cli.pushes import plan_json, push_json, show_plan, show_push

    with session.project(progress=True) as project:
        acme = project.customer(customer)
        chosen = _read(plan_file, customer, push_name) if plan_file is not None else None
        if dry_run:
            made = chosen or acme.plan_push(push_name, overwrite=overwrite, fresh=True)
            if session.as_json:
                session.output.data(plan_json(made))
            else:
                show_plan(session.output, made, 10, plan_file)
            return 0
        report = acme.push(push_name, plan=chosen, limit=limit, overwrite=overwrite, approve=approve)
    if session.as_json:
        session.output.data(push_json(report))
    else:
        show_push(session.output, report)
    return session.code(report.exit_code)


@push.command(cls=Command)
@customer_argument
@click.argument("push_name", metavar="[PUSH]", required=False)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Write at most so many rows.")
@click.option("--force", is_flag=True, help="Also rows that were given up after several retries.")
@wait_option
@_pass_session
def retry(session: Session, customer: str, push_name: str | None, limit: int | None, force: bool) -> int:
    """Send dead letters again: of one push, or of all."""
    from backhaul.cli.pushes import push_json, show_push

    with session.project(progress=True) as project:
        reports = project.customer(customer).retry_push(push_name, limit=limit, force=force)
    if session.as_json:
        session.output.data({"pushes": [push_json(each) for each in reports]})
    else:
        for each in reports:
            show_push(session.output, each)
        if not reports:
            session.output.line("there are no dead letters to send again", style="dim")
    return session.code(max((each.exit_code for each in reports), default=0))


@push.command(cls=Command)
@customer_argument
@click.argument("run")
@click.option("--apply", "applies", is_flag=True, help="Write it; without this, only show it.")
@wait_option
@_pass_session
def undo(session: Session, customer: str, run: str, applies: bool) -> int:
    """Take back what a run wrote, where nobody wrote since. The push is paused: its select still says the same."""
    from backhaul.cli.pushes import plan_json, push_json, show_plan, show_push
    from backhaul.push.plan import Plan

    with session.project(progress=applies) as project:
        found = project.customer(customer).undo_push(run, apply=applies)
    if session.as_json:
        session.output.data({"undo": [plan_json(e) if isinstance(e, Plan) else push_json(e) for e in found]})
        return session.code(max((0 if isinstance(each, Plan) else each.exit_code for each in found), default=0))
    code = 0
    for each in found:
        if isinstance(each, Plan):
            show_plan(session.output, each, 10, None)
        else:
            show_push(session.output, each)
            session.output.line(
                f"the push is paused; when it is right: backhaul push resume {customer} {each.push}", style="dim"
            )
            code = max(code, each.exit_code)
    return session.code(code)


@push.command(cls=Command)
@customer_argument
@click.argument("push_name", metavar="PUSH")
@click.option("--reason", default="", help="Told to whoever meets the pause.")
@_pass_session
def pause(session: Session, customer: str, push_name: str, reason: str) -> None:
    """Send nothing more by this push, on no schedule and by no hand, until it is resumed."""
    with session.project() as project:
        project.customer(customer).pause_push(push_name, reason=reason)
    session.output.line(f"{push_name} is paused; backhaul push resume {customer} {push_name}", style="dim")


@push.command(cls=Command)
@customer_argument
@click.argument("push_name", metavar="PUSH")
@_pass_session
def resume(session: Session, customer: str, push_name: str) -> None:
    """Let a paused push send again."""
    with session.project() as project:
        was = project.customer(customer).resume_push(push_name)
    session.output.line(f"{push_name} {'goes on' if was else 'was not paused'}", style="dim")


@push.command("dead-letters", cls=Command)
@customer_argument
@click.argument("push_name", metavar="[PUSH]", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many, oldest first.")
@_pass_session
def dead_letters(session: Session, customer: str, push_name: str | None, limit: int) -> None:
    """List rows that could not be written, with the reason."""
    from backhaul.cli.pushes import dead_letter_json, show_dead_letters

    with session.project() as project:
        found = project.customer(customer).dead_letters(push_name)
    if session.as_json:
        shown = [dead_letter_json(each) for each in found[:limit]]
        session.output.data({"customer": customer, "total": len(found), "dead_letters": shown})
    else:
        show_dead_letters(session.output, customer, found, limit)


def _read(path: Path, customer: str, push_name: str) -> Plan:
    from backhaul.push.plan import Plan

    try:
        found = Plan.from_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(
            f"the plan {path} cannot be read: {error.strerror}", next_step="make one with `backhaul push plan --out`"
        ) from error
    if (found.customer, found.push) != (customer, push_name):
        raise ConfigError(
            f"{path} is a plan of the push {found.push} of {found.customer}",
            next_step=f"apply it with `backhaul push apply {found.customer} {found.push} --plan {path}`",
            customer=customer,
        )
    return found
