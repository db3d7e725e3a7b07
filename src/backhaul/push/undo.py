"""The inverse of a run: a plan that writes the before-values of the ledger back, under the same rules as any other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from backhaul.errors import ConfigError
from backhaul.push.audit import Attempt
from backhaul.push.costs import calls_of
from backhaul.push.entries import row_id
from backhaul.push.ledger import Ledger
from backhaul.push.plan import Counts, FieldChange, ObjectPlan, Plan, PlanRow, Untouched
from backhaul.push.planning import definition_of
from backhaul.push.target import Object, Task


def pushes_of_run(ledger: Ledger, run: str, customer: str) -> list[str]:
    """The pushes that a run applied. Raises ConfigError where it wrote nothing."""
    found = dict.fromkeys(each.push for each in ledger.audit.of_run(run))
    if not found:
        raise ConfigError(
            f"the run {run} wrote nothing for {customer}",
            next_step=f"`backhaul ledger {customer}` lists what was written, with the runs",
            customer=customer,
        )
    return list(found)


def undo_plan(task: Task, run: str, version: int, ledger: Ledger) -> Plan:
    """What takes back what the run wrote for this push. Nothing is sent."""
    attempts = [each for each in ledger.audit.of_run(run) if each.push == task.name]
    objects = [_object(task, each, attempts) for each in task.objects]
    return Plan(
        customer=task.customer,
        push=task.name,
        mode=task.mode,
        conflict=task.conflict,
        version=version,
        definition=definition_of(task),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        objects=tuple(each for each in objects if each.counts.wanted),
        undoes=run,
    ).sealed()


def _object(task: Task, object: Object, attempts: Sequence[Attempt]) -> ObjectPlan:
    rows: list[PlanRow] = []
    refused: list[Untouched] = []
    mine = [each for each in attempts if (each.connection, each.object) == (object.connection, object.name)]
    done = [each for each in mine if each.state == "confirmed"]
    for each in done:
        found = _inverse(task, object, each)
        if isinstance(found, PlanRow):
            rows.append(found)
        else:
            refused.append(Untouched(each.row, found, "NOT_UNDONE"))
    does = [row.action for row in rows]
    calls = calls_of(task, object, rows)
    return ObjectPlan(
        connection=object.connection,
        object=object.name,
        scheme="",
        counts=Counts(wanted=len(done), update=does.count("update"), delete=does.count("delete"), refused=len(refused)),
        calls=calls,
        share=calls / object.day if object.day else None,
        rows=tuple(sorted(rows, key=lambda row: row.row)),
        refused=tuple(sorted(refused, key=lambda each: each.row or "")),
    )


def _inverse(task: Task, object: Object, each: Attempt) -> PlanRow | str:
    """The row that takes an attempt back, or why there is none."""
    if not each.last:
        return "it was written again since: undo the later run first"
    if each.action == "delete":
        return "a record that was deleted cannot be brought back"
    id = row_id(task.customer, object.connection, object.name, task.name, each.row)
    if each.made:
        if each.key is None and object.link is None:
            return "the record's key is not known"
        changes = tuple(FieldChange(name, value, None) for name, value in each.values.items())
        return PlanRow(id, "delete", each.row, changes, "delete", key=each.key, attempt=each.seq)
    unknown = [name for name in each.values if name not in each.before]
    if each.key is None or unknown:
        return f"what {', '.join(unknown) or 'it'} held before is not known"
    back = tuple(
        FieldChange(name, value, each.before[name]) for name, value in each.values.items() if value != each.before[name]
    )
    if not back:
        return "nothing was changed by it"
    return PlanRow(id, "update", each.row, back, "update", key=each.key, attempt=each.seq)
