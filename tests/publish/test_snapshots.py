"""A snapshot is complete, versioned, logged, and never changes; the next one is made from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warehouse import EARLY, Warehouse

from backhaul.errors import ConfigError, StorageError
from backhaul.publish.query import current_snapshot, open_snapshot, query
from backhaul.publish.snapshot import Publication, publish
from backhaul.publish.versions import Retention


def test_a_snapshot_holds_the_entities_their_words_and_what_it_is(warehouse: Warehouse) -> None:
    warehouse.put("1", "Globex", 7)
    result = warehouse.run()
    assert (result.version, result.new, result.changed, result.raw_changed) == (1, True, {"accounts": 1}, 1)
    assert warehouse.read("SELECT id, name, size, customer_id FROM accounts") == [
        ("crm:companies:1", "Globex", 7, "acme")
    ]
    assert warehouse.read("SELECT version, run_id, configuration, changes_after FROM _snapshot") == [
        (1, "run1", "cfg", 1)
    ]
    assert json.loads(warehouse.read("SELECT as_of FROM _snapshot")[0][0]) == {"crm": {"companies": EARLY.isoformat()}}
    assert warehouse.read(
        "SELECT t.comment, c.comment FROM duckdb_tables() t, duckdb_columns() c"
        " WHERE t.table_name = 'accounts' AND c.table_name = 'accounts' AND c.column_name = 'name'"
    ) == [("Companies.", "Its name.")]
    columns = {row[0] for row in warehouse.read("SELECT column_name FROM (DESCRIBE accounts)")}
    assert not {name for name in columns if name.startswith("_")}, "what transform keeps for itself is not published"


def test_the_raw_snapshot_holds_raw_tables_and_their_system_columns(warehouse: Warehouse) -> None:
    warehouse.db.execute("CREATE TABLE raw._dlt_loads (load_id VARCHAR)")
    warehouse.db.execute("CREATE TABLE raw._rejects AS SELECT 'x' AS key, now() AS rejected_at")
    warehouse.put("1", "Globex", 7)
    warehouse.run()
    assert warehouse.read_raw("SELECT name, _key, _run_id FROM crm__companies") == [("Globex", "1", "run1")]
    assert {row[0] for row in warehouse.read_raw("SELECT table_name FROM duckdb_tables()")} == {
        "crm__companies",
        "_rejects",
        "_snapshot",
    }


def test_nothing_new_makes_no_version_but_a_later_as_of(warehouse: Warehouse) -> None:
    warehouse.put("1", "Globex")
    warehouse.run()
    later = EARLY + timedelta(hours=1)
    result = warehouse.run(as_of=later)
    assert (result.version, result.new, result.bytes) == (1, False, 0)
    answer = query(warehouse.layout, "acme", "SELECT count(*) FROM accounts")
    assert answer.as_of == {"crm": {"companies": later}}


def test_a_row_read_again_with_the_same_values_makes_no_version(warehouse: Warehouse) -> None:
    for key in "123":
        warehouse.put(key, "Globex")
    warehouse.run()
    for _ in range(3):
        warehouse.read_again("2")
        assert not warehouse.run().new
    warehouse.put("2", "Initech")
    assert warehouse.run().new
    assert warehouse.read_raw("SELECT name FROM crm__companies ORDER BY _key") == [
        ("Globex",),
        ("Initech",),
        ("Globex",),
    ]


def test_the_log_of_changes_says_what_each_version_did(warehouse: Warehouse) -> None:
    for key in "12345":
        warehouse.put(key, "N", int(key))
    warehouse.run()
    warehouse.put("1", "Other", 1)
    warehouse.put("2", "Other", 20)
    warehouse.tombstone("3")
    warehouse.drop("4")
    warehouse.put("6", "New")
    warehouse.run()
    warehouse.put("3", "N", 3)
    warehouse.run()
    log = warehouse.read("SELECT version, id, op, columns FROM _changes ORDER BY version, id")
    moved = ["source_updated_at"]
    assert [(version, id_, op, sorted(set(columns) - set(moved))) for version, id_, op, columns in log] == [
        (2, "crm:companies:1", "update", ["name"]),
        (2, "crm:companies:2", "update", ["name", "size"]),
        (2, "crm:companies:3", "delete", ["is_deleted"]),
        (2, "crm:companies:4", "delete", []),
        (2, "crm:companies:6", "insert", log[4][3] and sorted(set(log[4][3]) - set(moved))),
        (3, "crm:companies:3", "update", ["is_deleted"]),
    ]


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["put", "tombstone", "drop", "read_again"]), st.sampled_from("123456"), st.integers(0, 2)
    ),
    max_size=12,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(EDITS, min_size=2, max_size=4))
def test_applied_changes_equal_the_tables_and_the_log_equals_the_difference(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[str, str, int]]]
) -> None:
    warehouse = Warehouse(tmp_path_factory.mktemp("random"))
    before: dict[str, tuple[object, ...]] = {}
    for batch in batches:
        for what, key, number in batch:
            if what == "put":
                warehouse.put(key, f"N{number}", number)
            else:
                getattr(warehouse, what)(key)
        result = warehouse.run()
        rows = "SELECT id, name, size, is_deleted FROM {}accounts ORDER BY id"
        published = warehouse.read(rows.format(""))
        assert published == warehouse.db.execute(rows.format("entities.")).fetchall()
        raw = "SELECT name, size, _key, _deleted_at FROM {}crm__companies ORDER BY _key"
        assert warehouse.read_raw(raw.format("")) == warehouse.db.execute(raw.format("raw.")).fetchall()
        after = {row[0]: row[1:] for row in published}
        if result.new and result.version > 1:
            logged = {
                row[0]: row[1]
                for row in warehouse.read(f"SELECT id, op FROM _changes WHERE version = {result.version}")
            }
            gone = {key for key in before if key not in after}
            dead = {key for key in after if key in before and after[key][2] and not before[key][2]}
            assert {key for key, op in logged.items() if op == "insert"} == set(after) - set(before)
            assert {key for key, op in logged.items() if op == "delete"} == gone | dead
            assert {key for key in after if key in before and after[key] != before[key]} <= set(logged)
        before = after
    warehouse.db.close()


def test_a_reader_keeps_its_version_while_newer_ones_appear(warehouse: Warehouse) -> None:
    warehouse.put("1", "first")
    warehouse.run()
    with open_snapshot(warehouse.layout, "acme") as reader:
        for name in ("second", "third"):
            warehouse.put("1", name)
            warehouse.run(retention=Retention(snapshots=0, days=0))
        assert reader.execute("SELECT name FROM accounts").fetchall() == [("first",)]
    assert warehouse.read("SELECT name FROM accounts") == [("third",)]


def test_whoever_opens_the_stable_path_at_any_moment_finds_a_whole_version(warehouse: Warehouse) -> None:
    warehouse.put("1", "0", 0)
    warehouse.put("2", "0", 0)
    warehouse.run()
    seen: list[int] = []
    wrong: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            pair = warehouse.read("SELECT size FROM accounts ORDER BY id")
            seen.append(pair[0][0])
            if pair[0] != pair[1]:
                wrong.append(pair)

    reader = threading.Thread(target=read)
    reader.start()
    for size in range(1, 8):
        warehouse.put("1", "x", size)
        warehouse.put("2", "x", size)
        warehouse.run(retention=Retention(snapshots=3, days=0))
    done.set()
    reader.join()
    assert wrong == []
    assert seen == sorted(seen)


def test_an_older_version_opens_by_the_moment_it_was_current(warehouse: Warehouse) -> None:
    warehouse.put("1", "old")
    warehouse.run()
    between = datetime.now(UTC)
    warehouse.put("1", "new")
    warehouse.run()
    answer = query(warehouse.layout, "acme", "SELECT name FROM accounts", as_of=between)
    assert (answer.rows, answer.version) == ((("old",),), 1)
    assert query(warehouse.layout, "acme", "SELECT name FROM accounts").rows == (("new",),)
    with pytest.raises(ConfigError, match="no snapshot of"):
        query(warehouse.layout, "acme", "SELECT 1", as_of=between - timedelta(days=1))


def test_versions_beyond_the_retention_are_deleted_with_their_files(warehouse: Warehouse) -> None:
    for number in range(6):
        warehouse.put("1", f"n{number}")
        warehouse.run(retention=Retention(snapshots=2, days=0))
    folder = warehouse.layout.versions("acme")
    assert sorted(path.name for path in folder.glob("v*.json")) == ["v00004.json", "v00005.json", "v00006.json"]
    assert sorted(path.name for path in folder.glob("*.duckdb")) == [
        f"{kind}-v{version:05}.duckdb" for kind in ("entities", "raw") for version in (4, 5, 6)
    ]


def test_young_versions_stay_however_many_there_are(warehouse: Warehouse) -> None:
    for number in range(4):
        warehouse.put("1", f"n{number}")
        warehouse.run(retention=Retention(snapshots=0, days=1))
    assert current_snapshot(warehouse.layout, "acme").version == 4
    assert len(list(warehouse.layout.versions("acme").glob("entities-*"))) == 4


def test_a_version_that_changes_raw_values_alone_keeps_the_entities_file(warehouse: Warehouse) -> None:
    warehouse.db.execute('CREATE TABLE raw."crm__other" AS SELECT * FROM raw."crm__companies"')
    warehouse.put("1", "Globex")
    warehouse.run()
    warehouse.db.execute("INSERT INTO raw.crm__other (_key, _run_id, name) VALUES ('9', 'run2', 'x')")
    result = warehouse.run()
    manifest = current_snapshot(warehouse.layout, "acme")
    assert (result.version, manifest.entities, manifest.raw) == (2, "entities-v00001.duckdb", "raw-v00002.duckdb")
    assert warehouse.read_raw("SELECT name FROM crm__other") == [("x",)]


def test_a_new_column_reaches_every_row_and_the_log(warehouse: Warehouse) -> None:
    warehouse.put("1", "Globex", 7)
    warehouse.put("2", "Initech", 8)
    warehouse.run()
    warehouse.contract += "  label: {type: text, description: A label.}\n"
    warehouse.staging = warehouse.staging.replace("src.size as size", "src.size as size, upper(src.name) as label")
    warehouse.run()
    assert warehouse.read("SELECT label FROM accounts ORDER BY id") == [("GLOBEX",), ("INITECH",)]
    assert warehouse.read("SELECT op, columns FROM _changes") == [("update", ["label"])] * 2


def test_a_widened_raw_column_is_published_anew(warehouse: Warehouse) -> None:
    warehouse.put("1", "Globex", 7)
    warehouse.run()
    warehouse.db.execute('ALTER TABLE raw."crm__companies" ALTER size TYPE VARCHAR')
    warehouse.run()
    assert warehouse.read_raw("SELECT size FROM crm__companies") == [("7",)]


def test_a_lost_work_file_is_published_over_the_old_versions(warehouse: Warehouse) -> None:
    warehouse.put("1", "Globex")
    warehouse.put("2", "Initech")
    warehouse.run()
    warehouse.db.execute("DROP SCHEMA entities CASCADE; DROP SCHEMA meta CASCADE")
    warehouse.drop("2")
    result = warehouse.run()
    assert (result.version, warehouse.read("SELECT name FROM accounts")) == (2, [("Globex",)])
    assert warehouse.read("SELECT id, op FROM _changes") == [("crm:companies:2", "delete")]


def test_a_file_that_has_grown_by_half_is_written_anew(warehouse: Warehouse) -> None:
    words = "hash(i)::VARCHAR || hash(i + {seed})::VARCHAR || hash(i * 7 + {seed})::VARCHAR"
    for seed in range(4):
        warehouse.db.execute('DELETE FROM raw."crm__companies"')
        warehouse.db.execute(
            f'INSERT INTO raw."crm__companies" (name, _key, _run_id, _changed_at)'
            f" SELECT {words.format(seed=seed)}, i::VARCHAR, 'run{seed + 1}', now() FROM range(16000) r(i)"
        )
        warehouse.run(retention=Retention(snapshots=1, days=0))
    sizes = {path.name: path.stat().st_size for path in warehouse.layout.versions("acme").glob("entities-*.duckdb")}
    assert max(sizes.values()) < 1.6 * min(sizes.values())
    assert warehouse.read("SELECT count(*), count(DISTINCT id) FROM accounts") == [(16000, 16000)]
    assert warehouse.read("SELECT comment FROM duckdb_tables() WHERE table_name = 'accounts'") == [("Companies.",)]
    oldest = min(int(name[10:15]) for name in sizes)
    after, first = warehouse.read("SELECT changes_after, (SELECT min(version) FROM _changes) FROM _snapshot")[0]
    assert after <= oldest < first or first == after + 1


@pytest.mark.parametrize("passing", [1, 2, 3])
def test_a_kill_in_the_middle_leaves_a_whole_version_and_the_next_publish_goes_on(
    warehouse: Warehouse, passing: int
) -> None:
    warehouse.put("1", "old")
    warehouse.run()
    warehouse.put("1", "new")
    warehouse.db.close()
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import duckdb
from pathlib import Path
from backhaul.config.layout import Layout
from warehouse import Warehouse
made = Warehouse.__new__(Warehouse)
made.layout, made.runs = Layout(Path({str(warehouse.layout.root)!r})), 1
made.db = duckdb.connect(str(made.layout.work("acme")))
from warehouse import CONTRACT, STAGING
made.contract, made.staging, made.words = CONTRACT, STAGING, {{}}
made.run()
"""
    killed = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "BACKHAUL_CRASH_AT": f"publish_rename:{passing}"},
        check=False,
    )
    assert killed.returncode == -9
    assert warehouse.read("SELECT name FROM accounts") in ([("old",)], [("new",)])
    assert warehouse.read_raw("SELECT name FROM crm__companies") in ([("old",)], [("new",)])
    warehouse.db = duckdb.connect(str(warehouse.layout.work("acme")))
    warehouse.runs = 2
    warehouse.put("2", "more")
    result = warehouse.run()
    assert result.version == 3, "a number that a reader may have seen is not used again"
    assert warehouse.read("SELECT name FROM accounts ORDER BY id") == [("new",), ("more",)]
    assert warehouse.read_raw("SELECT name FROM crm__companies ORDER BY _key") == [("new",), ("more",)]
    left = {path.name for path in warehouse.layout.versions("acme").iterdir()}
    assert not {name for name in left if "00002" in name or "unfinished" in name}


def test_a_step_that_the_disk_refuses_leaves_the_version_before(warehouse: Warehouse) -> None:
    warehouse.put("1", "old")
    warehouse.run()
    warehouse.put("1", "new")
    in_the_way = warehouse.layout.published / ".acme.raw.duckdb.unfinished"
    in_the_way.mkdir()
    with pytest.raises(StorageError) as error:
        warehouse.run()
    assert (error.value.customer, error.value.run) == ("acme", "run2")
    assert warehouse.read("SELECT name FROM accounts") == [("old",)]
    in_the_way.rmdir()
    warehouse.run()
    assert warehouse.read("SELECT name FROM accounts") == [("new",)]


def test_a_snapshot_opened_for_writing_does_not_stop_the_next(warehouse: Warehouse) -> None:
    warehouse.put("1", "old")
    warehouse.run()
    current = warehouse.layout.raw_snapshot("acme").resolve()
    current.chmod(0o644)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import duckdb,sys; c = duckdb.connect({str(current)!r}); print('open', flush=True); sys.stdin.read()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"open\n"
    try:
        warehouse.put("1", "new")
        assert warehouse.run().version == 2
        assert warehouse.read_raw("SELECT name FROM crm__companies") == [("new",)]
    finally:
        holder.communicate(b"")


def test_publishing_before_any_transform_says_what_to_do(warehouse: Warehouse) -> None:
    with pytest.raises(ConfigError, match="no entities to publish") as error:
        publish(warehouse.db, warehouse.layout, Publication("acme", "run1", "cfg", {}))
    assert "backhaul transform acme" in error.value.next_step
