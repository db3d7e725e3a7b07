"""A plan of a push without a vendor: a ledger that holds every row, and a select that gives them again.

python -m benchmarks.contenders.push_diff fill|same|changed FOLDER ROWS
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backhaul.push.plan import PlanRow

COLUMNS = 30
CHUNK = 20_000
_KINDS = ("text", "decimal", "integer", "date", "timestamp", "boolean", "options")


def names() -> list[tuple[str, str]]:
    """(field, kind): some of each kind."""
    return [(f"{_KINDS[n % len(_KINDS)]}_{n}", _KINDS[n % len(_KINDS)]) for n in range(COLUMNS - 1)]


def _sql(name: str, kind: str, again: bool) -> str:
    """again: as a later select may spell the same value."""
    chosen = ("Green;Red", "Red;Green") if again else ("Red;Green", "Green;Red")
    spelt = {
        "text": f"CASE WHEN id % 7 = 0 THEN NULL ELSE 'Text {name} ' || id END",
        "decimal": "(id / 3)::DECIMAL(38, 9)",
        "integer": "(id * 2)::DOUBLE" if again else "id * 2",
        "date": "DATE '2024-01-01' + (id % 1000)::INTEGER",
        "timestamp": "TIMESTAMPTZ '2024-01-01 10:00:00+00' + to_seconds(id % 100000)",
        "boolean": "id % 2 = 0",
        "options": f"CASE WHEN id % 2 = 0 THEN '{chosen[0]}' ELSE '{chosen[1]}' END",
    }[kind]
    return f'{spelt} AS "{name}"'


def select(*, again: bool, changed: bool) -> str:
    columns = [_sql(name, kind, again) for name, kind in names()]
    if changed:
        columns[0] = columns[0].replace("CASE", "CASE WHEN id % 100 = 1 THEN 'Changed'", 1)
    return f"SELECT id % 1000 || '/' || id AS key, {', '.join(columns)} FROM base"


def main() -> None:
    what, folder, rows = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    if what == "fill":
        _fill(folder, rows)
        return
    wanted = select(again=True, changed=what == "changed")
    planned = sum(len(rows_of) for _, rows_of in _planned(folder, wanted, rows))
    differ = rows // 100 if what == "changed" else 0
    if planned != differ:
        sys.exit(f"{planned} rows are planned, and {differ} differ")


def _fill(folder: Path, rows: int) -> None:
    """The snapshot, and a ledger in which everything was written and confirmed."""
    import duckdb

    from backhaul.push.entries import Intent, Receipt
    from backhaul.push.ledger import Ledger

    with duckdb.connect(str(folder / "snapshot.duckdb")) as sql:
        sql.execute(f"CREATE TABLE base AS SELECT range AS id FROM range({rows})")
    with Ledger(folder / "ledger.sqlite") as ledger:
        number = ledger.target("crm", "things", "all")
        for start in range(0, rows, CHUNK):
            some = f"{select(again=False, changed=False)} WHERE id >= {start} AND id < {start + CHUNK}"
            for scheme, planned in _planned(folder, some, rows):
                intents = [
                    Intent(row.row, row.id, row.write, _values(row), {}, None, row.match, row.hash) for row in planned
                ]
                ledger.intend(number, f"batch {start}", "r1", "user:bench", intents, scheme)
                ledger.receive(number, [Receipt(each.row, "confirmed", f"v{each.row}") for each in intents])


def _values(row: PlanRow) -> dict[str, str | None]:
    return {each.field: each.after for each in row.changes}


def _planned(folder: Path, wanted: str, rows: int) -> Iterator[tuple[str, Sequence[PlanRow]]]:
    """What a plan of this select says of the object: its scheme, and the rows to write."""
    from backhaul.config.objects import ObjectDefinition
    from backhaul.config.writes import Write
    from backhaul.protocol.schema import Field, ObjectSchema
    from backhaul.push.ledger import Ledger
    from backhaul.push.planning import make_plan
    from backhaul.push.rules import Rules
    from backhaul.push.target import Object, Task
    from backhaul.push.wanted import Snapshot

    kinds = {"options": "text"}
    fields = {
        name: Field(name, kinds.get(kind, kind), vendor_type="multi" if kind == "options" else kind,  # type: ignore[arg-type]
                    options=("Red", "Green") if kind == "options" else ())
        for name, kind in names()
    }  # fmt: skip
    fields = {"id": Field("id", "text", unique=True), "key": Field("key", "text", unique=True), **fields}
    upsert = Write.model_validate({"post": "/things", "batch": 100, "json": {}, "result": {"type": "all"}})
    definition = ObjectDefinition.model_validate({"key": "id", "writes": {}})
    definition.writes.upsert.append(upsert)
    things = Object("crm", ObjectSchema("things", ("id",), fields), definition)
    task = Task("acme", "all", wanted, "upsert", "key", "skip", (things,), rules=Rules(max_rows=rows))
    snapshot = Snapshot(1, folder / "snapshot.duckdb", None)
    with Ledger(folder / "ledger.sqlite") as ledger:
        plan = make_plan(task, snapshot, ledger, folder / "scratch")
    for each in plan.objects:
        yield each.scheme, each.rows


if __name__ == "__main__":
    main()
