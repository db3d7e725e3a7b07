"""A run's report: for people a line an object, then entities, snapshot, failures, drift; for programs one document."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backhaul.cli.output import Column, Output, listing, many
from backhaul.cli.pushes import push_json, show_push
from backhaul.cli.times import span

if TYPE_CHECKING:
    from backhaul.pipeline.report import Failure, ObjectLine, SyncReport
    from backhaul.pipeline.run import RunReport
    from backhaul.publish.snapshot import PublishResult
    from backhaul.transform.build import EntityResult, TransformResult

_MOST_LINES = 40

_FIGURES: tuple[tuple[str, str], ...] = (
    ("read", "read"),
    ("rejected", "rejected"),
    ("new", "inserted"),
    ("changed", "updated"),
    ("same", "unchanged"),
    ("deleted", "deleted"),
    ("restored", "restored"),
)
_ALWAYS = ("read", "new", "changed")


def status_of(report: RunReport) -> str:
    if report.stopped:
        return "stopped"
    return "partial" if report.all_failures else "done"


def report_json(report: RunReport) -> dict[str, Any]:
    """One run, whole."""
    found: dict[str, Any] = {
        "customer": report.customer,
        "run": report.run,
        "status": status_of(report),
        "exit_code": report.exit_code,
        "seconds": round(report.seconds, 3),
    }
    if report.sync is not None:
        figures = report.sync.figures()
        found["objects"] = figures["objects"]
        found["requests"] = figures["requests"]
        found["drift"] = [
            {"connection": name, "object": each.object, "field": each.field, "change": each.kind, "detail": each.detail}
            for name, each in report.sync.drift
        ]
    if report.pushes:
        found["pushes"] = [push_json(each) for each in report.pushes]
    if report.transform is not None:
        found["entities"] = [
            {
                "entity": each.name, "rows": each.rows, "changed": each.changed, "removed": each.removed,
                "rejects": each.rejects,
                "warnings": [{"check": w.check, "rows": w.rows, "example": w.example} for w in each.warnings],
            }
            for each in report.transform.entities
        ]  # fmt: skip
        found["missing_fields"] = [
            {"entity": each.entity, "connection": each.connection, "object": each.object, "field": each.field}
            for each in report.transform.missing
        ]
    if report.publish is not None:
        found["snapshot"] = {
            "version": report.publish.version,
            "new": report.publish.new,
            "entities": str(report.publish.entities),
            "raw": str(report.publish.raw),
            "changed": dict(report.publish.changed),
        }
    found["failures"] = [failure_json(each) for each in report.all_failures]
    return found


def failure_json(each: Failure) -> dict[str, Any]:
    return {
        "connection": each.connection,
        "object": each.object,
        "what": each.what,
        "next": each.next_step,
        "exit_code": each.exit_code,
    }


def show_report(output: Output, report: RunReport, root: Path | None = None, *, brief: bool = False) -> None:
    """A run for people. root: paths are told from there. brief: objects with nothing new are only counted."""
    output.line()
    facts = [f"run {report.run}", f"{status_of(report)} in {span(report.seconds)}"]
    if report.sync is not None and report.sync.requests:
        facts.append(many(report.sync.requests, "request"))
    output.heading(report.customer, ", ".join(facts))
    if report.sync is not None:
        output.line()
        _objects(output, report.sync, brief)
    output.line()
    if report.transform is not None:
        _entities(output, report.transform)
    if report.publish is not None:
        _snapshot(output, report.publish, root)
    if report.sync is not None:
        _not_checked(output, report.sync)
        _rejected(output, report.sync, report.transform)
        _drift(output, report.sync)
    for push in report.pushes:
        show_push(output, push)
    show_failures(output, report.all_failures)


def _objects(output: Output, sync: SyncReport, brief: bool) -> None:
    lines = sorted(sync.lines.values(), key=lambda line: (line.connection, line.object))
    if not lines:
        output.line("nothing was read", style="dim")
        return
    shown = lines
    if brief or len(lines) > _MOST_LINES:
        shown = [line for line in lines if line.changed or line.rejected or line.not_served][:_MOST_LINES]
    if not shown:
        output.line(f"nothing new in {many(len(lines), 'object')}")
        return
    figures = [
        (title, name)
        for title, name in _FIGURES
        if title in _ALWAYS or any(getattr(line, name) for line in lines)
    ]  # fmt: skip
    has = any(line.total is not None for line in lines)
    columns = [Column("object", wide=True), *([Column("vendor says", number=True)] if has else [])]
    columns += [Column(title, number=True) for title, _ in figures]
    rows: list[Sequence[Any]] = []
    for line in shown:
        name = f"{line.connection}.{line.object}"
        if line.not_served:
            name += f" (not served: {line.not_served})"
        rows.append([name, *([_total(line)] if has else []), *(getattr(line, each) for _, each in figures)])
    output.table(columns, rows)
    if len(shown) < len(lines):
        output.line(f"and {many(len(lines) - len(shown), 'object')} with nothing new", style="dim")


def _total(line: ObjectLine) -> int | None:
    return line.total


def _entities(output: Output, transform: TransformResult) -> None:
    touched = [each for each in transform.entities if each.changed or each.removed]
    changed = sorted(touched, key=lambda each: each.name)
    if not changed:
        output.note("entities", "nothing changed")
    else:
        for label, mart in (("entities", False), ("marts", True)):
            shown = ", ".join(_entity(each) for each in changed if each.mart is mart)
            if shown:
                output.note(label, shown)
    for each in transform.entities:
        for warning in each.warnings:
            output.note("check", str(warning), style="yellow")


def _entity(each: EntityResult) -> str:
    """`accounts 352` where all its rows changed, `accounts 3 of 352` where some changed."""
    touched = each.changed + each.removed
    return f"{each.name} {touched:,}" if touched == each.rows else f"{each.name} {touched:,} of {each.rows:,}"


def _snapshot(output: Output, publish: PublishResult, root: Path | None) -> None:
    paths = [publish.entities, publish.raw]
    shown = [str(path.relative_to(root)) if root and path.is_relative_to(root) else str(path) for path in paths]
    new = "" if publish.new else ", nothing new"
    output.note("snapshot", f"v{publish.version}{new}: {', '.join(shown)}")


def _not_checked(output: Output, sync: SyncReport) -> None:
    """Which objects were not asked for deleted records in this run."""
    for reason in dict.fromkeys(each for line in sync.lines.values() for each in line.refused.values()):
        names = listing([f"{each.connection}.{each.object}" for each in sync.lines.values() if each.refused], 2)
        output.note(
            "deletes", f"{names} may not be asked for them, a census finds them later: {reason}", style="yellow"
        )
    unasked = [line for line in sync.lines.values() if set(line.not_checked) - {"census"} - set(line.refused)]
    uncompared = [line for line in sync.lines.values() if "census" in line.not_checked]
    if unasked:
        names = listing([f"{line.connection}.{line.object}" for line in unasked], 2)
        output.note("deletes", f"not due, so not asked for: {names}; --deletes asks now", style="dim")
    if uncompared:
        text = f"the keys of {many(len(uncompared), 'object')} were not compared with the vendor's; sync --census does"
        output.note("deletes" if not unasked else "", text, style="dim")


def _rejected(output: Output, sync: SyncReport, transform: TransformResult | None) -> None:
    count = sum(line.rejected for line in sync.lines.values())
    count += sum(each.rejects for each in transform.entities) if transform is not None else 0
    if count:
        text = f"{many(count, 'value')} could not be read as their type; see `backhaul rejects {sync.customer}`"
        output.note("rejects", text, style="yellow")


_SIGNS = {"added": "+", "removed": "-", "retyped": "~"}


def _drift(output: Output, sync: SyncReport) -> None:
    if not sync.drift:
        return
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for name, each in sync.drift:
        alike.setdefault((_SIGNS[each.kind], name, each.object, each.detail), []).append(each.field)
    texts = [
        f"{sign} {name}.{object_name}: {', '.join(fields)}" + (f" ({detail})" if detail else "")
        for (sign, name, object_name, detail), fields in alike.items()
    ]
    shown = texts[:8] + ([f"and {len(texts) - 8:,} more; --json has all"] if len(texts) > 8 else [])
    output.note("drift", "\n".join(shown), style="yellow")


def show_failures(output: Output, failures: Sequence[Failure]) -> None:
    """Each failure with its place and what to do."""
    if not failures:
        return
    output.line()
    output.line(many(len(failures), "failure"), style="bold red")
    for each in failures:
        place = ".".join(part for part in (each.connection, each.object) if part)
        output.line(f"{place}: {each.what}" if place else each.what, indent=2)
        output.line(f"Next: {each.next_step}", style="dim", indent=4)
