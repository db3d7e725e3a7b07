"""python -m benchmarks.agents.speed [--rows N]: how long agents wait, on a million records of one customer."""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from backhaul.agent.answers import Filter
from backhaul.agent.catalogue import Column, Entity
from backhaul.agent.policy import Policy
from backhaul.agent.reader import Reader
from backhaul.agent.view import Snapshot, bring_up

_COMMON = (
    "'hubspot' AS source, 'crm' AS connection_id, now() - to_seconds(i) AS source_updated_at, false AS is_deleted,"
    " 'https://vendor.example/' || i AS source_url"
)
_TABLES = {
    "accounts": "'crm:companies:' || i AS id, 'companies' AS source_object, word(i, 5000) || ' ' || word(i * 7, 900) AS"
    " name, word(i, 5000) || i || '.example' AS domain, 'crm:owners:' || (i % 40) AS owner_id",
    "contacts": "'crm:contacts:' || i AS id, 'contacts' AS source_object, 'crm:companies:' || (hash(i) % {accounts}) AS"
    " account_id, word(i * 3, 3000) || ' ' || word(i * 5, 9000) AS name, word(i * 3, 3000) || '@mail.example' AS email",
    "deals": "'crm:deals:' || i AS id, 'deals' AS source_object, 'crm:companies:' || (hash(i) % {accounts}) AS"
    " account_id, 'crm:owners:' || (i % 40) AS owner_id, word(i * 11, 9000) || ' ' || word(i * 13, 700) AS name,"
    " (i % 90000)::DECIMAL(18,4) AS amount, 'EUR' AS currency, ['open', 'won', 'lost'][1 + i % 3] AS status",
    "activities": "'crm:notes:' || i AS id, 'notes' AS source_object, 'note' AS type, word(i * 17, 9000) AS subject,"
    " concat_ws(' ', word(i * 19, 9000), word(i * 23, 9000), word(i * 29, 9000), word(i * 31, 700)) AS body",
    "links": "'crm:notes_companies:' || i AS id, 'notes_companies' AS source_object, 'activities' AS from_entity,"
    " 'crm:notes:' || i AS from_id, 'accounts' AS to_entity, 'crm:companies:' || (hash(i) % {accounts}) AS to_id,"
    " 'regarding' AS role",
}
_SHARES = {"accounts": 0.1, "contacts": 0.2, "deals": 0.35, "activities": 0.35, "links": 0.35}
_REFERENCES = {"owner_id": "users", "account_id": "accounts"}


def make(path: Path, rows: int) -> dict[str, int]:
    """A snapshot's file with so many records; how many of each entity."""
    counts = {name: int(rows * share) for name, share in _SHARES.items()}
    with duckdb.connect(str(path)) as sql:
        sql.execute("CREATE TEMP MACRO word(n, many) AS 'w' || (hash(n) % many)::VARCHAR || 'x'")
        for name, columns in _TABLES.items():
            select = f"SELECT {columns.format(**counts)}, {_COMMON} FROM range({counts[name]}) AS t(i)"
            sql.execute(f"CREATE TABLE {name} AS {select}")
        sql.execute(
            "CREATE TABLE _changes (entity VARCHAR, id VARCHAR, op VARCHAR, columns VARCHAR[], version BIGINT);"
            "CREATE TABLE _snapshot AS SELECT 1::BIGINT AS version, now() AS published_at, '{}' AS as_of,"
            " 1::BIGINT AS changes_after"
        )
    return counts


def change(path: Path, count: int) -> None:
    with duckdb.connect(str(path)) as sql:
        sql.execute(f"UPDATE deals SET name = name || ' changed' WHERE amount < {count}")
        sql.execute(
            "INSERT INTO _changes SELECT 'deals', id, 'update', ['name'], 2 FROM deals WHERE name LIKE '% changed'"
        )
        sql.execute("UPDATE _snapshot SET version = 2")


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.agents.speed", description="How long agents wait.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--calls", type=int, default=200)
    given = parser.parse_args()
    chance = random.Random(7)
    entities = {
        name: Entity(
            "", {column: Column("text", references=to) for column, to in _REFERENCES.items() if column in text}
        )
        for name, text in _TABLES.items()
    }
    with tempfile.TemporaryDirectory(prefix="speed-") as folder:
        root = Path(folder)
        path = root / "entities.duckdb"
        counts = make(path, given.rows)

        def snapshot(version: int) -> Snapshot:
            return Snapshot("acme", path, version, datetime.now(UTC), {"crm": {}}, "w")

        print(f"{given.rows:,} records\n\n| | seconds |\n|---|---|")
        print(f"| view and index, all | {timed(lambda: bring_up(snapshot(1), root / 'v', Policy(), entities)):.1f} |")
        change(path, given.rows // 100)
        current = snapshot(2)
        print(
            f"| view and index, 1% changed | {timed(lambda: bring_up(current, root / 'v', Policy(), entities)):.1f} |"
        )
        reader = Reader(
            "acme",
            lambda: bring_up(current, root / "v", Policy(), entities),
            entities,
            Policy(),
            money={"deals": frozenset({"amount"})},
        )

        def word(many: int) -> str:
            return f"w{chance.randrange(many)}x"

        calls: dict[str, Callable[[], object]] = {
            "search_records, two words": lambda: reader.search_records(
                f"{word(9000)} {word(700)}", None, 10, None, False
            ),
            "search_records, a rare word": lambda: reader.search_records(word(9000), ["activities"], 10, None, False),
            "get_record, an account": lambda: reader.get_record(
                "accounts", f"crm:companies:{chance.randrange(counts['accounts'])}", None, None, 5
            ),
            "get_record, a contact": lambda: reader.get_record(
                "contacts", f"crm:contacts:{chance.randrange(counts['contacts'])}", None, None, 5
            ),
            "query_records, an account's deals": lambda: reader.query_records(
                "deals", [Filter(column="account_id", value=f"crm:companies:{chance.randrange(counts['accounts'])}")],
                None, "-amount", 20, None, False,
            ),
            "run_sql, a sum over all deals": lambda: reader.run_sql(
                "select status, sum(amount) from deals group by 1", 10
            ),
        }  # fmt: skip
        print("\n| call | median ms | p95 ms |\n|---|---|---|")
        for name, call in calls.items():
            call()
            times = sorted(timed(call) * 1000 for _ in range(given.calls))
            print(f"| {name} | {times[len(times) // 2]:.1f} | {times[int(len(times) * 0.95)]:.1f} |", flush=True)
        reader.close()


if __name__ == "__main__":
    main()
