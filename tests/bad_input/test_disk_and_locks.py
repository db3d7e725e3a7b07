"""A disk that is full and a database that somebody holds: said plainly, and nothing of what was read is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from backhaul.errors import StorageError
from backhaul.telemetry.progress import PageRead
from tests.bad_input.runs import connections, ends_well, run
from tests.conftest import Bench

SYNC = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from backhaul.cli import main
sys.argv = ["backhaul", "--project", sys.argv[1], "sync", "acme"]
main()
"""


def spawned(made: Bench, limit: int) -> subprocess.CompletedProcess[str]:
    """A sync in a process of its own, which may not write files beyond the limit."""
    return subprocess.run(
        [sys.executable, "-c", SYNC, str(made.root), str(limit)],
        capture_output=True, text=True, env=dict(os.environ), timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="limits on file sizes are tried where they are known to hold")
@pytest.mark.parametrize(
    ("limit", "large", "file"),
    [(20_000, 0, "control.sqlite"), (450_000, 60, ".parquet"), (600_000, 30, "work.duckdb")],
    ids=["control store", "spool", "database"],
)
def test_a_full_disk_is_told_and_the_next_run_completes(
    limit: int, large: int, file: str, bench: Callable[..., Bench]
) -> None:
    made = bench(**connections("crm", "erp"))
    for each in made.simulators["crm"].dump("companies")[:large]:
        made.simulators["crm"].mutate("update", "companies", each["id"], {"description": os.urandom(8000).hex()})
    assert made.project.state is not None  # the control store is there before the disk is full
    made.project.close()
    done = spawned(made, limit)
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "full" in said or "file-size limit" in said, said
    assert file in said, said
    assert "make room" in said
    assert "Traceback" not in said
    ends_well(made)


def test_a_database_that_somebody_holds_is_named(bench: Callable[..., Bench]) -> None:
    made = bench(**connections("crm", "erp"))
    work = made.project.config.layout.work("acme")
    work.parent.mkdir(parents=True)
    with holding(work) as process:
        with pytest.raises(StorageError) as told:
            run(made)
        assert str(work) in told.value.what
        assert "is locked" in told.value.what
        assert str(process.pid) in told.value.what
        assert told.value.customer == "acme"
        assert "close it there" in told.value.next_step
        assert told.value.exit_code == 1
    ends_well(made)


def test_what_was_read_waits_for_a_database_that_somebody_holds(bench: Callable[..., Bench]) -> None:
    made = bench(**connections("crm", "erp"))
    work = made.project.config.layout.work("acme")
    work.parent.mkdir(parents=True)
    held: list[holding] = []

    class Taken:
        """Somebody opens the database when the first page is here."""

        def on(self, event: object) -> None:
            if isinstance(event, PageRead) and not held:
                held.append(holding(work))
                held[0].__enter__()

    made.project.progress = Taken()
    with pytest.raises(StorageError, match="is locked"):
        run(made)
    held[0].__exit__()
    before = [len(each.received()) for each in made.simulators.values()]
    ends_well(made)
    again = [each.received()[start:] for each, start in zip(made.simulators.values(), before, strict=True)]
    pages = [one for each in again for one in each if one["rows"] and one["method"] == "GET"]
    read = [one["path"] for one in pages if "objects/" in one["path"] and "archived=true" not in one["query"]]
    assert read == [], "no page travels twice"


class holding:
    """Another process with the file open."""

    def __init__(self, path: Path) -> None:
        code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> subprocess.Popen[str]:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "open\n"
        return self._process

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
