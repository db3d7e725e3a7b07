"""Plans and results of pushes, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from backhaul.cli.output import Column, Output, many
from backhaul.cli.times import ago, span

if TYPE_CHECKING:
    from backhaul.push.entries import DeadLetter
    from backhaul.push.plan import FieldChange, ObjectPlan, Plan, Untouched
    from backhaul.push.report import PushReport

_SHOWN = 10
_LONGEST = 60
_COUNTED = (
    ("create", "to create"),
    ("update", "to update"),
    ("delete", "to delete"),
    ("skip", "as wanted"),
    ("kept", "wanted no more and not ours"),
    ("conflict", "in conflict"),
    ("refused", "refused"),
    ("in_flight", "in flight"),
    ("dead", "dead letters"),
)


def plan_json(plan: Plan) -> Any:
    """The plan as its file holds it, with the sums."""
    return {**msgspec.to_builtins(plan), "counts": plan.counts.as_map(), "calls": plan.calls}


def push_json(report: PushReport) -> dict[str, Any]:
    return {
        "customer": report.customer,
        "run": report.run,
        **report.figures(),
        "exit_code": report.exit_code,
        "rows": [msgspec.to_builtins(each) for each in report.notes],
    }


def show_plan(output: Output, plan: Plan, most: int, kept: Path | None) -> None:
    """Counts, then each row with its fields before and after."""
    writes = many(plan.rows, "row") + " to write"
    share = max((each.share or 0 for each in plan.objects), default=0)
    calls = many(plan.calls, "API call") + (f" ({share:.0%} of a day's)" if share >= 0.01 else "")
    output.line()
    output.heading(f"{plan.customer} push {plan.push}", f"{writes}, {calls}, from snapshot v{plan.version}")
    for each in plan.objects:
        output.line()
        counts = each.counts.as_map()
        told = [f"{counts[name]:,} {words}" for name, words in _COUNTED if counts[name]] or ["nothing to do"]
        output.heading(each.place, ", ".join(told))
        for field in each.new_fields:
            needs = f"; it takes {field.needs}" if field.needs else ""
            output.note("new field", f"{field.name} ({field.type}), {field.label}{needs}", style="green")
        _changes(output, each, most)
        _untouched(output, "conflict", each.conflicts, most)
        _untouched(output, "refused", each.refused, most)
    _untouched(output, "no target", plan.refused, most)
    for stop in plan.stops:
        output.note("waits", f"for approval: {stop}", style="red")
    output.line()
    if not plan.rows:
        output.line("nothing to write", style="dim")
    else:
        command = f"backhaul push apply {plan.customer} {plan.push}" + (f" --plan {kept}" if kept is not None else "")
        if plan.undoes:
            command = f"backhaul push undo {plan.customer} {plan.undoes} --apply"
        output.line(f"to write it: {command}{' --approve' if plan.stops else ''}", style="dim")


def _changes(output: Output, each: ObjectPlan, most: int) -> None:
    if not each.rows or not most:
        return
    rows: list[Sequence[Any]] = []
    for row in each.rows[:most]:
        name = row.key or (f"{row.match[0]}={row.match[1]}" if row.match else row.row)
        for place, change in enumerate(row.changes):
            rows.append([name if place == 0 else "", row.action if place == 0 else "", change.field, _arrow(change)])
    output.table([Column("record"), Column("does"), Column("field"), Column("before and after", wide=True)], rows)
    if len(each.rows) > most:
        output.line(f"and {many(len(each.rows) - most, 'more row', 'more rows')}; --rows N shows them", style="dim")


def _arrow(change: FieldChange) -> str:
    after = _text(change.after)
    if not change.seen:
        return f"-> {after}"
    return f"{_text(change.before)} -> {after}" + (" (the vendor changed it)" if change.conflict else "")


def _text(value: str | None) -> str:
    if value is None:
        return "(empty)"
    return value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"


def _untouched(output: Output, label: str, rows: Sequence[Untouched], most: int) -> None:
    for each in rows[:most]:
        where = ": ".join(part for part in (each.row, each.field) if part)
        output.note(label, f"{where}: {each.reason}" if where else each.reason, style="yellow")
    if len(rows) > most:
        output.note("", f"and {len(rows) - most:,} more", style="yellow")


def show_push(output: Output, report: PushReport) -> None:
    """Counts, then every row and object that somebody has to look at."""
    output.line()
    output.heading(f"{report.customer} push {report.push}", f"run {report.run}, {span(report.seconds)}")
    counts = [
        (report.created, "created"), (report.updated, "updated"), (report.deleted, "deleted"),
        (report.skipped, "as wanted already"),
        (report.settled, "found written from before"), (report.conflicts, "in conflict"), (report.refused, "refused"),
        (report.unknown, "unknown"), (report.left, "not sent"),
    ]  # fmt: skip
    told = [f"{count:,} {words}" for count, words in counts if count]
    output.line(", ".join(told) if told else "nothing to write")
    for name in report.new_fields:
        output.note("new field", f"{name} was made", style="green")
    for each in report.notes[:_SHOWN]:
        field = f", {each.field}" if each.field else ""
        output.note(each.state, f"{each.connection}.{each.object} {each.row}{field}: {each.message}", style="yellow")
    if len(report.notes) > _SHOWN:
        output.note("", f"and {len(report.notes) - _SHOWN:,} more; --json has all", style="yellow")
    if report.refused:
        output.line(f"Next: correct them, then `backhaul push retry {report.customer} {report.push}`", style="dim")
    for trouble in report.troubles:
        output.line(f"{trouble.connection}.{trouble.object}: {trouble.what}", style="red")
        output.line(f"  Next: {trouble.next_step}", style="dim")


def show_dead_letters(output: Output, customer: str, letters: Sequence[DeadLetter], most: int) -> None:
    if not letters:
        output.line(f"{customer} has no dead letters", style="dim")
        return
    columns = [Column("push"), Column("object"), Column("row"), Column("since"), Column("reason", wide=True)]
    rows = [
        [each.push, f"{each.connection}.{each.object}", each.row, ago(each.first_at), _reason(each)]
        for each in letters[:most]
    ]
    output.table(columns, rows)
    output.line(f"{min(most, len(letters)):,} of {many(len(letters), 'dead letter')}", style="dim")


def _reason(each: DeadLetter) -> str:
    retried = f" (tried {each.retries + 1} times)" if each.retries else ""
    return (f"{each.field}: " if each.field else "") + (each.message or each.code) + retried


def dead_letter_json(each: DeadLetter) -> Any:
    names = ("connection", "object", "push", "row", "reason", "code", "message", "field", "values", "retries", "run",
             "first_at", "last_at")  # fmt: skip
    return {name: getattr(each, name) for name in names}
