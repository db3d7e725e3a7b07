"""How rows travel: which of the vendor's writes takes which rows together, and how many calls that is."""

from __future__ import annotations

from collections.abc import Sequence

from backhaul.config.writes import Write
from backhaul.protocol.writes import Target, calls_for, choose
from backhaul.push.plan import PlanRow
from backhaul.push.target import Object, Task

ORDER = ("create", "upsert", "update", "delete")
"""Nothing is taken away before what is wanted is there."""
SOON = 25
"""Records read together where each is written by a call of its own."""


def targets(task: Task, object: Object, rows: Sequence[PlanRow]) -> list[tuple[Target, list[PlanRow]]]:
    """The rows by the vendor's write that takes them, in the order they go.

    Raises FixDefinition where the object cannot be written so.
    """
    found: list[tuple[Target, list[PlanRow]]] = []
    for mode in ORDER:
        some = [row for row in rows if row.write == mode]
        if some:
            match = some[0].match[0] if some[0].match is not None else None
            chosen = choose(object.schema, object.definition, mode, len(some), match, strict=task.rules.strict)  # type: ignore[arg-type]  # one of ORDER
            found.append((chosen, some))
    return found


def grouped(write: Write, rows: Sequence[PlanRow]) -> list[Sequence[PlanRow]]:
    """Rows that may travel together. A job's file has one set of columns: an empty cell must not stand for a field
    that is to be left alone.
    """
    if write.job is None:
        return [rows]
    groups: dict[frozenset[str], list[PlanRow]] = {}
    for row in rows:
        groups.setdefault(frozenset(each.field for each in row.changes), []).append(row)
    return list(groups.values())


def looks(task: Task, object: Object, write: Write, rows: Sequence[PlanRow]) -> bool:
    """Whether the records are looked at just before they are written.

    Always where a field may only be written while it is empty, where the vendor checks versions, and where records
    are taken away; otherwise unless the push overwrites, and not before a job, which writes long after.
    """
    if not object.definition.reads.by_key and not object.definition.reads.by_match:
        return False
    if write.version is not None or any(row.action == "delete" or _hangs(row) for row in rows):
        return True
    return task.conflict != "overwrite" and write.job is None


def looked_at_once(object: Object, write: Write) -> int:
    """How many records are read together before they are written: whole batches, and whole reads where the vendor
    checks versions itself. Else not so many that the last are written long after they were read.
    """
    reads = object.definition.reads.by_key
    most = reads[0].batch if reads else write.batch
    return max(write.batch, most if write.version is not None else min(most, SOON))


def is_looked_for(row: PlanRow) -> bool:
    """It is to be made, unless somebody has made it meanwhile: its write does either."""
    return row.action == "create" and row.write == "upsert" and row.match is not None


def is_found_first(task: Task, row: PlanRow) -> bool:
    """It is made or changed as it is found to be there or not, where the vendor has no write that does either."""
    return task.mode == "upsert" and row.write == "create" and row.match is not None


def _hangs(row: PlanRow) -> bool:
    return any(each.write != "always" for each in row.changes)


def calls_of(task: Task, object: Object, rows: Sequence[PlanRow]) -> int:
    """API calls for these rows, reading before writing included."""
    calls = 0
    if finders := object.definition.reads.by_match:
        calls += -(-sum(is_found_first(task, row) for row in rows) // finders[0].batch)
    for target, some in targets(task, object, rows):
        calls += sum(calls_for(target, len(group)) for group in grouped(target.write, some))
        reads = object.definition.reads.by_key
        if reads and looks(task, object, target.write, some):
            size = min(reads[0].batch, looked_at_once(object, target.write))
            calls += -(-sum(row.action != "create" and row.key is not None for row in some) // size)
        matches = object.definition.reads.by_match
        if matches and looks(task, object, target.write, some):
            calls += -(-sum(is_looked_for(row) for row in some) // min(matches[0].batch, target.write.batch))
    return calls
