"""Makes a plan: what each object's part of it comes to, and whether that may be applied without approval."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import msgspec

from backhaul.errors import StorageError
from backhaul.protocol.connection import Connection
from backhaul.push.ledger import Ledger
from backhaul.push.object_plan import ObjectPlanner, Retry
from backhaul.push.plan import ObjectPlan, Plan, Untouched
from backhaul.push.target import Object, Task
from backhaul.push.valves import stops
from backhaul.push.wanted import Engine, Snapshot, Wanted


def make_plan(
    task: Task, snapshot: Snapshot, ledger: Ledger, scratch: Path, *, engine: Engine | None = None,
    retry: Retry | None = None, fresh: Callable[[str], Connection] | None = None,
) -> Plan:  # fmt: skip
    """What the push would write now. Nothing is written, nothing is changed.

    retry: dead letters only. fresh: opens a connection by name; the records concerned are read from the vendor then,
    and not believed to be as the snapshot has them.

    Raises ConfigError for a select or a push that cannot work, ApprovalNeeded where it would write too many rows.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(prefix="push-", dir=scratch) as folder,
        Wanted(task, snapshot, Path(folder), engine or Engine()) as wanted,
    ):
        objects, refused, lost = _objects(task, wanted)
        plans: list[ObjectPlan] = []
        room = task.rules.max_rows
        for each in objects:
            try:
                connection = fresh(each.connection) if fresh is not None else None
                made = ObjectPlanner(task, each, wanted, ledger, retry, room, connection).plan()
            except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
                raise StorageError(
                    f"the rows of the push {task.name} could not be compared: {str(error).splitlines()[0]}",
                    next_step="free the disk, or raise the destination's memory_limit",
                    customer=task.customer,
                ) from error
            room -= len(made.rows)
            plans.append(made)
    return Plan(
        customer=task.customer,
        push=task.name,
        mode=task.mode,
        conflict=task.conflict,
        version=snapshot.version,
        definition=definition_of(task),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        objects=tuple(plans),
        refused=tuple(refused),
        lost=lost,
        stops=stops(task, plans, lost, ledger) if retry is None else (),
    ).sealed()


def definition_of(task: Task) -> str:
    """A fingerprint of what the push is: a plan of another is not applied."""
    places = [(each.place, each.guards) for each in task.objects]
    content = [task.select, task.mode, task.key, task.conflict, task.entity, places, task.rules]
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:16]


def _objects(task: Task, wanted: Wanted) -> tuple[list[Object], list[Untouched], int]:
    """The objects that rows go to; an entity's rows say so in their ids."""
    if task.entity is None:
        return list(task.objects), [], 0
    known = {(each.connection, each.name): each for each in task.objects}
    found: list[Object] = []
    refused: list[Untouched] = []
    lost = 0
    for connection, name, rows in wanted.places():
        target = known.get((connection or "", name or ""))
        if target is not None:
            found.append(target)
            continue
        lost += rows
        where = (
            "an id is empty, or not connection:object:key"
            if connection is None
            else f"no {task.entity} come from {connection}:{name}"
        )
        refused.append(Untouched(None, f"{where} ({rows} rows)", "NO_TARGET"))
    return found, refused, lost
