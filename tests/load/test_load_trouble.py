"""Kills, locks, full disks, and settings of dlt that lie around: clear errors or the right data."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest

from backhaul.errors import StorageError
from backhaul.load.watermarks import read_watermarks

LOAD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from backhaul.load.loader import Loader
from backhaul.load.tables import RawTable, WatermarkRow
from backhaul.spool.spool import Spool
root = Path(sys.argv[1])
parts = [part for state in Spool(root / "spool").windows() for part in state.parts]
tables = {("crm", name): RawTable("crm", name, (("name", "text"),)) for name in ("companies", "contacts")}
row = WatermarkRow("crm", "contacts", "all", datetime(2026, 1, 1, tzinfo=UTC), None, "r")
loader = Loader(database=root / "work" / "work.duckdb", folder=root / "work" / "dlt")
print(loader.load(parts, tables=tables, watermarks=[row]).load_id)
"""


def in_a_process(root: Path, *, crash_at: str = "", check: bool = True, **environment: str) -> Any:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", LOAD, str(root)],
        env={**os.environ, "BACKHAUL_CRASH_AT": crash_at, **environment},
        check=check,
        capture_output=True,
        text=True,
    )


def version(number: int, key: int) -> dict[str, Any]:
    return {"key": str(key), "name": f"v{number}", "changed": number, "read": number}


def fill(customer: Any) -> None:
    """Both tables have three rows; waiting in the spool: one changed, one new, one deleted, in each."""
    for name in ("companies", "contacts"):
        customer.has(name, name="text")
        customer.load(customer.rows(*(version(1, key) for key in range(3)), object=name))
    for state in customer.spool.windows():
        customer.spool.clean([state.window])
    for name in ("companies", "contacts"):
        customer.rows(version(2, 1), version(2, 7), object=name)
        customer.deletes({"key": "2", "deleted": 2, "read": 3}, object=name)


def content(customer: Any) -> list[Any]:
    return [
        customer.ask(f"SELECT _key, name, _deleted_at IS NULL FROM raw.crm__{name} ORDER BY _key")
        for name in ("companies", "contacts")
    ]


AFTER = [[("0", "v1", True), ("1", "v2", True), ("2", "v1", False), ("7", "v2", True)]] * 2


@pytest.mark.parametrize(
    "point",
    ["dlt_extract:1", "between_tables:1", "between_tables:2", "between_tables:3", "between_tables:5", "loaded:1"],
)
def test_a_load_that_was_killed_ends_right_when_it_is_done_again(customer: Any, tmp_path: Path, point: str) -> None:
    fill(customer)
    killed = in_a_process(tmp_path, crash_at=point, check=False)
    assert killed.returncode == -9, killed.stderr
    # A watermark that counts before its rows are there would lose them.
    assert (("crm", "contacts", "all") in read_watermarks(customer.database)) <= (content(customer) == AFTER)
    in_a_process(tmp_path)
    assert content(customer) == AFTER
    assert ("crm", "contacts", "all") in read_watermarks(customer.database)
    assert in_a_process(tmp_path).stdout == "None\n"
    assert content(customer) == AFTER


@pytest.mark.parametrize("point", ["between_tables:1", "between_tables:3", "loaded:1"])
def test_a_first_load_that_was_killed_ends_right_when_it_is_done_again(
    customer: Any, tmp_path: Path, point: str
) -> None:
    for name in ("companies", "contacts"):
        customer.has(name, name="text")
        customer.rows(*(version(1, key) for key in range(3)), object=name)
        customer.rows(*(version(1, key) for key in range(3, 6)), object=name)
    assert in_a_process(tmp_path, crash_at=point, check=False).returncode == -9
    in_a_process(tmp_path)
    assert content(customer) == [[(str(key), "v1", True) for key in range(6)]] * 2


def test_a_locked_file_names_the_process_that_holds_it(customer: Any, tmp_path: Path) -> None:
    customer.has(name="text")
    part = customer.rows(version(1, 1))
    customer.load(part)
    holder = subprocess.Popen(
        [sys.executable, "-c", "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()",
         str(customer.database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(StorageError) as caught:
            customer.load(part)
    finally:
        holder.communicate(b"\n")
    assert "work.duckdb is locked" in str(caught.value)
    assert str(holder.pid) in str(caught.value)
    assert customer.load(part).load_id is None


def test_a_file_that_is_no_database_is_named(customer: Any) -> None:
    customer.has(name="text")
    customer.database.parent.mkdir()
    customer.database.write_bytes(b"not a database" * 1000)
    with pytest.raises(StorageError, match=r"work\.duckdb"):
        customer.load(customer.rows(version(1, 1)))


FULL = LOAD.replace(
    "root = ", "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))\nroot = "
)


def test_a_full_disk_is_named_and_the_load_can_be_done_again(customer: Any, tmp_path: Path) -> None:
    for name in ("companies", "contacts"):
        customer.has(name, name="text")
        customer.rows(
            *({"key": str(key), "name": f"{key * 7919 % 100_003:x}" * 30, "changed": 1, "read": 1}
              for key in range(20_000)),
            object=name,
        )  # fmt: skip
    full = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], check=False, capture_output=True, text=True)
    assert full.returncode == 1
    last = full.stderr[full.stderr.rindex("backhaul.errors") :]
    assert last.startswith("backhaul.errors.StorageError"), last
    assert "disk is full" in last
    in_a_process(tmp_path)
    assert customer.ask("SELECT count(*), count(DISTINCT _key) FROM raw.crm__contacts") == [(20_000, 20_000)]


def test_nothing_around_configures_dlt_and_nothing_is_printed_or_left(customer: Any, tmp_path: Path) -> None:
    fill(customer)
    home = tmp_path / "home"
    project = tmp_path / "elsewhere"
    for folder in (home / ".dlt", project / ".dlt"):
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(
            '[load]\nworkers = 7\n[schema]\nnaming = "sql_ci_v1"\n[destination.duckdb]\ncredentials = "other.duckdb"\n'
        )
    home.chmod(0o500)
    done = in_a_process(
        tmp_path,
        HOME=str(home),
        DLT_PROJECT_DIR=str(project),
        SCHEMA__NAMING="snake_case",
        RUNTIME__LOG_LEVEL="DEBUG",
        LOAD__WORKERS="9",
        DESTINATION__DUCKDB__CREDENTIALS=str(tmp_path / "other.duckdb"),
        DATASET_NAME="other",
        LOAD__DELETE_COMPLETED_JOBS="false",
    )
    home.chmod(0o700)
    assert done.stderr == ""
    assert content(customer) == AFTER
    assert not customer.folder.exists()
    assert not list(tmp_path.rglob("other*"))
    assert sorted(path.name for path in home.rglob("*")) == [".dlt", "config.toml"]
    schemas = customer.ask("SELECT DISTINCT schema_name FROM duckdb_tables()")
    assert schemas == [("raw",)]


def test_another_use_of_dlt_in_the_process_finds_its_settings_again(customer: Any) -> None:
    import dlt
    from dlt.common.configuration.container import Container
    from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

    before = Container()[PluggableRunContext]
    context, providers = before.context, before.providers
    customer.has(name="text")
    customer.load(customer.rows(version(1, 1)))
    assert Container()[PluggableRunContext] is before
    assert (before.context, before.providers) == (context, providers)
    assert dlt.config.config_providers[0].name == providers.providers[0].name


@pytest.mark.parametrize("name", ["it's [here]", "plain", "ünï cödé"])
def test_any_path_will_do(new_customer: Callable[[Path], Any], tmp_path: Path, name: str) -> None:
    customer = new_customer(tmp_path / name)
    customer.has(name="text")
    customer.load(customer.rows(version(1, 1), version(1, 2)))
    customer.load(customer.rows(version(2, 1), version(2, 3)))
    assert customer.values("name") == {"1": "v2", "2": "v1", "3": "v2"}


def test_readers_of_another_customer_are_not_disturbed(new_customer: Callable[[Path], Any], tmp_path: Path) -> None:
    one, other = new_customer(tmp_path / "one"), new_customer(tmp_path / "other")
    for customer in (one, other):
        customer.has(name="text")
        customer.load(customer.rows(version(1, 1)))
    with duckdb.connect(str(other.database)) as open_one:
        one.load(one.rows(version(2, 1)))
        assert open_one.execute("SELECT name FROM raw.crm__contacts").fetchall() == [("v1",)]
    assert one.values("name") == {"1": "v2"}


def test_customers_load_side_by_side_in_threads(new_customer: Callable[[Path], Any], tmp_path: Path) -> None:
    customers = [new_customer(tmp_path / str(number)) for number in range(3)]
    parts = []
    for customer in customers:
        customer.has(name="text")
        parts.append(customer.rows(version(1, 1), version(1, 2)))
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda customer, part: customer.load_one(part), customers, parts))
    assert [result.inserted for result in results] == [2, 2, 2]
    assert all(customer.live() == {"1", "2"} for customer in customers)
