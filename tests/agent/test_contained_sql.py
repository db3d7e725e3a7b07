"""Agents' SQL: what it reaches, how it ends, and what it leaves behind."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from backhaul.agent.contained import Contained, Limits, NotRun
from backhaul.agent.wire import Ask
from tests.agent.attacks import ATTACKS, Attack

CANARY = "canary-5e1f"
TIGHT = Limits(seconds=1.0, kill=2.0)
ROOMY = Limits(seconds=60.0, kill=90.0)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two customers' files and a secret; only acme's own is opened."""
    folder = tmp_path_factory.mktemp("place")
    for name, word in (("acme", "own"), ("globex", CANARY)):
        with duckdb.connect(str(folder / f"{name}.duckdb")) as connection:
            connection.execute(
                f"CREATE TABLE accounts AS SELECT 'crm:companies:' || i AS id, '{word} ' || i AS name,"
                " i::DECIMAL(18,4) AS revenue FROM range(3000) AS t(i)"
            )
            connection.execute("CREATE INDEX by_id ON accounts (id)")
    (folder / "secret.txt").write_text(CANARY)
    return folder


@pytest.fixture(scope="module")
def roomy(place: Path) -> Iterator[Contained]:
    """For what must end by itself, however busy the machine is."""
    os.environ["BACKHAUL_TEST_SECRET"] = CANARY
    canaries = [CANARY]  # what a replacement scan would find in this process
    assert canaries
    made = Contained(place / "acme.duckdb", ROOMY)
    yield made
    made.close()
    del os.environ["BACKHAUL_TEST_SECRET"]


@pytest.fixture(scope="module")
def contained(place: Path) -> Iterator[Contained]:
    """For what must be ended."""
    made = Contained(place / "acme.duckdb", TIGHT)
    yield made
    made.close()


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("attack", ATTACKS, ids=[each.sql.strip()[:70] or "empty" for each in ATTACKS])
def test_an_attack_ends_as_it_must_and_tells_nothing(
    attack: Attack, roomy: Contained, contained: Contained, place: Path
) -> None:
    own = place / "acme.duckdb"
    before, names = _hash(own), sorted(path.name for path in place.iterdir())
    sql = (
        attack.sql.replace("{own}", str(own))
        .replace("{other}", str(place / "globex.duckdb"))
        .replace("{secret}", str(place / "secret.txt"))
        .replace("{folder}", str(place))
    )
    answer, ended = "", "harmless"
    try:
        # one that must be stopped would take minutes, and gigabytes, if it were not
        answer = repr((contained if attack.ends == "stopped" else roomy).run(Ask(sql, free=True)))
    except NotRun as refused:
        ended = "stopped" if refused.kind in ("time", "memory") else "refused"
        answer = refused.what
    assert ended == attack.ends, answer[:500]
    assert CANARY not in answer
    if "{" not in attack.sql:  # a path that the attack itself names is no news
        assert str(place) not in answer
    assert _hash(own) == before
    assert sorted(path.name for path in place.iterdir()) == names


def test_the_worker_goes_on_after_each_kind_of_end(contained: Contained) -> None:
    for sql in ("select repeat('x', 1000000000)", "select range(2000000000)", "select 1/0 +", "drop table accounts"):
        with pytest.raises(NotRun):
            contained.run(Ask(sql, free=True))
        assert contained.ask("select count(*) from accounts").rows == ((3000,),)


def test_a_statement_of_more_than_64_kb_is_refused_and_one_below_runs(roomy: Contained) -> None:
    long = "select 1 -- " + "x" * 65_536
    with pytest.raises(NotRun) as caught:
        roomy.run(Ask(long, free=True))
    assert caught.value.kind == "too_long"
    assert roomy.run(Ask(long[:65_000], free=True))[0].rows == ((1,),)


def test_rows_stop_at_their_number_and_at_their_room(roomy: Contained) -> None:
    (few,) = roomy.run(Ask("select id from accounts", rows=10, free=True))
    assert len(few.rows) == 10
    assert few.truncated
    (all_of_them,) = roomy.run(Ask("select id from accounts limit 10", rows=10, free=True))
    assert len(all_of_them.rows) == 10
    assert not all_of_them.truncated
    (small,) = roomy.run(Ask("select id, name from accounts", rows=1000, room=500, free=True))
    assert 5 < len(small.rows) < 20
    assert small.truncated


def test_a_long_text_is_cut_and_counted(roomy: Contained) -> None:
    (told,) = roomy.run(Ask("select repeat('x', 10000) as t", cell=100, free=True))
    assert told.rows == (("x" * 100 + "…",),)
    assert told.cut == 1


def test_cells_come_as_json_holds_them(roomy: Contained) -> None:
    sql = (
        "select 1.50::decimal(18,4), 12.0000::decimal(18,4), 12345678901234567.8901::decimal(38,4), 9007199254740993,"
        " date '2026-01-31', timestamptz '2026-01-31 08:00:00+00', [1, 2], {'a': 1}, null, true, 'ab'::blob,"
        " 'nan'::float"
    )
    (told,) = roomy.run(Ask(sql, free=True))
    assert told.rows == (
        (
            1.5, 12, "12345678901234567.8901", "9007199254740993", "2026-01-31", "2026-01-31T08:00:00Z", [1, 2],
            {"a": 1}, None, True, "6162", "nan",
        ),
    )  # fmt: skip


def test_the_worker_is_given_no_environment_and_may_write_no_file(place: Path) -> None:
    made = Contained(place / "acme.duckdb", TIGHT)
    try:
        made.ask("select 1")
        pid = made._process.pid  # type: ignore[union-attr]  # it has just answered
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        limits = Path(f"/proc/{pid}/limits").read_text()
    finally:
        made.close()
    assert CANARY.encode() not in environment
    assert b"HOME" not in environment
    assert any(line.split()[:4] == ["Max", "file", "size", "0"] for line in limits.splitlines())


def test_the_worker_ends_with_its_server(place: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from backhaul.agent.contained import Contained\n"
        "c = Contained(Path(sys.argv[1])); c.ask('select 1'); print(c._process.pid, flush=True); import os; os._exit(9)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(place / "acme.duckdb")], capture_output=True, text=True, check=False
    )
    worker = Path(f"/proc/{found.stdout.strip()}")
    until = time.monotonic() + 10
    while worker.exists() and "(zombie)" not in (worker / "status").read_text() and time.monotonic() < until:
        time.sleep(0.05)
    assert not worker.exists() or "(zombie)" in (worker / "status").read_text()
