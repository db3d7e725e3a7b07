"""A window on disk: what was written survives, what was not whole never counts."""

from __future__ import annotations

import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backhaul.errors import Busy, StorageError
from backhaul.spool.parts import Resume, WindowId, WindowMeta
from backhaul.spool.spool import Spool
from backhaul.spool.window import WindowSpool, folder_of

START = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = WindowId("crm", "contacts", "all")
META = WindowMeta(read="list", fingerprint="f1", run_id="r1", started_at=START)
NOTHING_READ = Resume(None, None, None, 0, 0, False)


def rows(*keys: str, minute: int = 0) -> pa.Table:
    time = pa.timestamp("us", "UTC")
    at = START + timedelta(minutes=minute)
    return pa.table(
        {
            "_key": pa.array(keys, pa.string()),
            "_changed_at": pa.array([at + timedelta(seconds=n) for n in range(len(keys))], time),
            "_read_at": pa.array([at] * len(keys), time),
        }
    )


def test_a_part_is_readable_and_tells_its_change_range(tmp_path: Path) -> None:
    with WindowSpool.open(tmp_path, WINDOW, META) as spool:
        part = spool.write(rows("1", "2", minute=5), page_token="p2", last_key="2")
    assert pq.read_table(part.path).column("_key").to_pylist() == ["1", "2"]
    assert (part.rows, part.kind, part.page_token, part.last_key, part.last) == (2, "rows", "p2", "2", False)
    assert part.first_changed == START + timedelta(minutes=5)
    assert part.last_changed == START + timedelta(minutes=5, seconds=1)
    assert part.read_at == START + timedelta(minutes=5)
    assert part.bytes == part.path.stat().st_size


def test_a_window_goes_on_where_it_stopped_with_the_meta_of_its_first_opening(tmp_path: Path) -> None:
    with WindowSpool.open(tmp_path, WINDOW, META) as spool:
        spool.note("job", "750")
        written = spool.write(rows("1", "2"), page_token="p2", last_key="2")
    later = WindowMeta(read="list", fingerprint="f1", run_id="r2", started_at=START + timedelta(days=1))
    with WindowSpool.open(tmp_path, WINDOW, later) as spool:
        assert spool.meta == META
        assert spool.notes == {"job": "750"}
        assert spool.parts == (written,)
        assert spool.resume_from == Resume("p2", "2", START + timedelta(seconds=1), 1, 2, False)


def test_a_part_that_ends_its_window_finishes_it(tmp_path: Path) -> None:
    with WindowSpool.open(tmp_path, WINDOW, META) as spool:
        spool.write(rows("1"), last=True)
    assert Spool(tmp_path).finished()[0].window == WINDOW


def test_a_window_without_any_row_can_finish(tmp_path: Path) -> None:
    with WindowSpool.open(tmp_path, WINDOW, META) as spool:
        spool.finish()
        spool.finish()
    (state,) = Spool(tmp_path).finished()
    assert state.parts == ()


def test_deletes_without_a_page_token_leave_the_position_in_the_read(tmp_path: Path) -> None:
    with WindowSpool.open(tmp_path, WINDOW, META) as spool:
        spool.write(rows("1"), page_token="p2", last_key="1")
        spool.write(rows("9"), kind="deletes")
        assert spool.resume_from.page_token == "p2"
        assert spool.resume_from.last_key == "1"
        assert spool.resume_from.rows == 1


def test_other_fields_throw_the_window_away(tmp_path: Path) -> None:
    with WindowSpool.open(tmp_path, WINDOW, META) as spool:
        part = spool.write(rows("1"), page_token="p2")
    other = WindowMeta(read="list", fingerprint="f2", run_id="r2", started_at=START)
    with WindowSpool.open(tmp_path, WINDOW, other) as spool:
        assert spool.resume_from == NOTHING_READ
        assert spool.meta == other
    assert not part.path.exists()


def test_files_that_no_manifest_line_names_are_removed(tmp_path: Path) -> None:
    with WindowSpool.open(tmp_path, WINDOW, META) as spool:
        part = spool.write(rows("1"), page_token="p2")
    folder = part.path.parent
    (folder / "000001.rows.parquet").write_bytes(b"renamed, but killed before its line")
    (folder / "000001.rows.unfinished").write_bytes(b"killed while writing")
    with WindowSpool.open(tmp_path, WINDOW, META) as spool:
        assert spool.parts == (part,)
    assert sorted(path.name for path in folder.iterdir()) == [part.path.name, "manifest.jsonl"]


def test_a_part_that_is_gone_or_cut_ends_what_counts(tmp_path: Path) -> None:
    with WindowSpool.open(tmp_path, WINDOW, META) as spool:
        spool.write(rows("1"), page_token="p2")
        second = spool.write(rows("2"), page_token="p3")
        spool.write(rows("3"), page_token="p4")
    second.path.write_bytes(second.path.read_bytes()[:-1])
    with WindowSpool.open(tmp_path, WINDOW, META) as spool:
        assert spool.resume_from.page_token == "p2"
        assert len(spool.parts) == 1


def test_loaded_parts_leave_the_disk_and_the_position_stays(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    window = spool.open(WINDOW, META)
    first = window.write(rows("1"), page_token="p2")
    second = window.write(rows("2"), page_token="p3")
    spool.mark_loaded([first])
    assert not first.path.exists()
    window.close()
    spool.mark_loaded([first])
    (state,) = spool.windows()
    assert state.parts == (second,)
    assert state.resume.page_token == "p3"
    spool.mark_loaded([second])
    with spool.open(WINDOW, META) as again:
        third = again.write(rows("3"), page_token="p4")
    assert third.path.name not in (first.path.name, second.path.name)


def test_cleaned_windows_are_gone_and_others_stay(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    other = WindowId("erp", "invoice", "all")
    for window in (WINDOW, other):
        spool.open(window, META).write(rows("1"), last=True)
    spool.clean([WINDOW])
    assert [state.window for state in spool.windows()] == [other]
    assert spool.windows(connection="crm") == ()
    spool.discard(other)
    assert spool.windows() == ()
    spool.close()


def test_names_that_no_file_system_likes_never_meet(tmp_path: Path) -> None:
    names = ["a/b", "a%2Fb", "..", ".", "ä", "2026-01-01T00:00:00Z--", "a b"]
    folders = {folder_of(tmp_path, WindowId("crm", name, "all")) for name in names}
    assert len(folders) == len(names)
    assert all(folder.resolve().is_relative_to(tmp_path.resolve() / "crm") for folder in folders)
    spool = Spool(tmp_path)
    for name in names:
        spool.open(WindowId("crm", name, "all"), META).write(rows("1"))
    assert {state.window.object for state in spool.windows()} == set(names)
    spool.close()


def test_a_second_reader_of_a_window_is_told_that_it_is_busy(tmp_path: Path) -> None:
    with WindowSpool.open(tmp_path, WINDOW, META), pytest.raises(Busy, match="another process"):
        WindowSpool.open(tmp_path, WINDOW, META)
    WindowSpool.open(tmp_path, WINDOW, META).close()


@settings(max_examples=60, deadline=None)
@given(data=st.data(), pieces=st.integers(1, 4))
def test_a_manifest_cut_at_any_byte_replays_to_a_prefix_of_what_was_written(data: st.DataObject, pieces: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        positions = [NOTHING_READ]
        with WindowSpool.open(root, WINDOW, META) as spool:
            for number in range(pieces):
                spool.note("page", str(number))
                spool.write(rows(str(number), minute=number), page_token=f"p{number}", last=number == pieces - 1)
                positions.append(spool.resume_from)
            written = [part.path.name for part in spool.parts]
        log = folder_of(root, WINDOW) / "manifest.jsonl"
        whole = log.read_bytes()
        kept = data.draw(st.integers(0, len(whole)))
        log.write_bytes(whole[:kept] + data.draw(st.sampled_from([b"", b"\0\0\0", b'{"line":'])))
        listed = Spool(root).windows()
        with WindowSpool.open(root, WINDOW, META) as spool:
            assert spool.resume_from in positions
            assert [part.path.name for part in spool.parts] == written[: spool.resume_from.parts]
            on_disk = {path.name for path in log.parent.iterdir()}
            assert on_disk == {"manifest.jsonl", *written[: spool.resume_from.parts]}
            assert not listed or listed[0].resume == spool.resume_from
            spool.write(rows("again"), page_token="next")
        assert Spool(root).windows()[0].resume.page_token == "next"


def _write_under_a_size_limit(root: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    with WindowSpool.open(root, WINDOW, META) as spool:
        spool.write(rows("1"), page_token="p2")
        try:
            spool.write(rows(*map(str, range(50_000))), page_token="p3")
        except StorageError as error:
            (root / "error").write_text(str(error))
        spool.write(rows("2"), page_token="p3")


def test_a_full_disk_is_named_and_the_window_stands_where_it_stood(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_write_under_a_size_limit, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == 0
    error = (tmp_path / "error").read_text()
    assert "000001.rows.parquet" in error
    assert "make room" in error
    (state,) = Spool(tmp_path).windows()
    assert [part.rows for part in state.parts] == [1, 1]


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_spool_windows import META, WINDOW, rows
from backhaul.spool.window import WindowSpool
with WindowSpool.open(Path(sys.argv[1]), WINDOW, META) as spool:
    for number in range(spool.resume_from.parts, 4):
        spool.write(rows(str(number)), page_token=f"p{number + 1}", last=number == 3)
"""


@pytest.mark.parametrize("point", ["part_fsynced:1", "part_fsynced:3", "manifest_torn:1", "manifest_torn:2"])
def test_a_kill_loses_at_most_the_part_being_written(tmp_path: Path, point: str) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(Path(__file__).parent)]
    killed = subprocess.run(command, env={**os.environ, "BACKHAUL_CRASH_AT": point}, check=False)
    assert killed.returncode == -9
    name, passing = point.split(":")
    whole = int(passing) - 1 if name == "part_fsynced" else max(int(passing) - 2, 0)
    with WindowSpool.open(tmp_path, WINDOW, META) as spool:
        assert spool.resume_from.parts == whole
    subprocess.run(command, check=True)
    (state,) = Spool(tmp_path).finished()
    keys = [key for part in state.parts for key in pq.read_table(part.path).column("_key").to_pylist()]
    assert keys == ["0", "1", "2", "3"]


def test_a_window_that_starts_again_keeps_its_parts_and_names_no_two_alike(tmp_path: Path) -> None:
    with WindowSpool.open(tmp_path, WINDOW, META) as spool:
        spool.note("job_id", "750")
        first = spool.write(rows("1", "2"), page_token="p2", last_key="2")
        spool.restart()
        assert spool.resume_from == Resume(None, None, None, 1, 2, False)
        assert spool.notes == {}
        second = spool.write(rows("1", "2", "3", minute=1), last=True)
    assert first.path != second.path
    with WindowSpool.open(tmp_path, WINDOW, META) as spool:
        assert [part.path for part in spool.parts] == [first.path, second.path]
        assert spool.resume_from.finished
        assert spool.notes == {}
