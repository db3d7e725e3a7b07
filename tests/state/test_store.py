"""The control store's file: made, upgraded, shared, and honest when it cannot be used."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.postgres import Server

from backhaul.errors import ConfigError, StorageError
from backhaul.state.migrations import STEPS
from backhaul.state.runs import Runs
from backhaul.state.store import ControlStore


def tables(path: Path) -> dict[str, str]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("select name, sql from sqlite_master where name not like 'sqlite_%'").fetchall()
    connection.close()
    return dict(rows)


def old_file(path: Path, steps: int) -> None:
    connection = sqlite3.connect(path)
    for step in STEPS[:steps]:
        connection.executescript(step)
    connection.execute(f"pragma user_version = {steps}")
    connection.execute("insert into buckets values ('kept', 'rate', '{}', 1)")
    connection.commit()
    connection.close()


def test_nothing_is_made_before_it_is_used(tmp_path: Path) -> None:
    with ControlStore(tmp_path / "new" / "control.sqlite"):
        assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("steps", range(1, len(STEPS) + 1))
def test_a_file_of_any_older_version_is_brought_up_to_date_and_keeps_its_rows(tmp_path: Path, steps: int) -> None:
    old_file(tmp_path / "old.sqlite", steps)
    with ControlStore(tmp_path / "fresh.sqlite") as fresh, ControlStore(tmp_path / "old.sqlite") as old:
        fresh.read("select 1")
        assert old.read("select key from buckets")[0]["key"] == "kept"
        run = Runs(old).start("acme", "sync")
        assert Runs(old).get(run) is not None
    assert tables(tmp_path / "old.sqlite") == tables(tmp_path / "fresh.sqlite")


def test_an_upgrade_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "old.sqlite"
    old_file(path, 1)
    before = tables(path)
    broken = (*STEPS[:1], "create table fine (a); create table broken (")
    monkeypatch.setattr("backhaul.state.sqlite.STEPS", broken)
    with ControlStore(path) as store, pytest.raises(StorageError):
        store.read("select 1")
    assert tables(path) == before


def test_a_file_of_a_newer_version_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "newer.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("pragma user_version = 999")
    connection.close()
    with ControlStore(path) as store, pytest.raises(StorageError, match="newer backhaul"):
        store.read("select 1")


def test_a_file_that_is_no_store_is_told(tmp_path: Path) -> None:
    path = tmp_path / "control.sqlite"
    path.write_bytes(b"this is a letter to my aunt, not a database" * 100)
    with ControlStore(path) as store, pytest.raises(StorageError, match="damaged"):
        store.read("select 1")


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "control.sqlite").mkdir()
    with ControlStore(tmp_path / "control.sqlite") as store, pytest.raises(StorageError, match="cannot be opened"):
        store.read("select 1")


def test_a_change_that_fails_half_way_is_undone(place: Path | str) -> None:
    with ControlStore(place) as store:

        def change() -> None:
            with store.write() as sql:
                sql.execute("insert into buckets values ('a', 'rate', '{}', 1)")
                raise KeyError

        with pytest.raises(KeyError):
            change()
        assert store.read("select * from buckets") == []


def test_threads_wait_for_each_other_and_lose_nothing(place: Path | str) -> None:
    with ControlStore(place) as store:
        with store.write() as sql:
            sql.execute("insert into buckets values ('n', 'rate', '0', 1)")

        def add(_: int) -> None:
            with store.write() as sql:
                count = int(sql.execute("select state from buckets").fetchone()[0])
                sql.execute("update buckets set state = ?", (str(count + 1),))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(add, range(200)))
        assert store.read("select state from buckets")[0][0] == "200"


def test_many_processes_may_open_a_new_store_at_once(place: Path | str) -> None:
    """Stores of one process share nothing but the place, as processes do."""
    barrier = threading.Barrier(6)

    def open_one(_: int) -> int:
        with ControlStore(place) as store:
            barrier.wait()
            return len(store.read("select * from runs"))

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(open_one, range(6))) == [0] * 6


def test_a_closed_store_opens_again_when_used(place: Path | str) -> None:
    store = ControlStore(place)
    store.read("select 1")
    store.close()
    assert store.read("select 1")[0][0] == 1
    store.close()


def test_a_database_that_cannot_be_reached_is_told_without_its_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    url = "postgresql://me:canary-password@127.0.0.1:1/control"
    with ControlStore(url) as store, pytest.raises(StorageError, match="cannot be reached") as caught:
        store.read("select 1")
    assert "postgresql://127.0.0.1/control" in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:canary-password@[::bad/control",
        "postgresql://me:canary-password@127.0.0.1/control?nonsense=1",
        "mysql://me:canary-password@127.0.0.1/control",
        "canary-password",
    ],
)
def test_what_is_no_url_is_told_without_a_word_of_it(url: str) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(ConfigError, match="no URL of a Postgres database") as caught:
        ControlStore(url).read("select 1")
    assert "canary" not in str(caught.value)


def test_a_database_of_a_newer_version_is_left_alone(postgres: Server) -> None:
    url = postgres.database()
    with ControlStore(url) as store, store.write() as sql:
        sql.execute("update format set version = 99")
    with ControlStore(url) as store, pytest.raises(StorageError, match="newer backhaul"):
        store.read("select 1")


def test_a_connection_that_the_server_ended_is_opened_again(postgres: Server) -> None:
    with ControlStore(postgres.database()) as store, ControlStore(store.place) as other:
        store.read("select 1")
        other.read(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        with pytest.raises(StorageError, match="cannot be reached"):
            store.read("select 1")
        assert store.read("select 1")[0][0] == 1
