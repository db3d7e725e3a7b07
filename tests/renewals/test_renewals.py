"""One refresh a round, however many processes want a token, whoever dies; `make renewals` runs 200 rounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postgres import Server
from tests.renewals.rounds import run


@pytest.mark.parametrize("grace", [True, False], ids=["vendor with a grace", "vendor without one"])
def test_eight_processes_renew_once_a_round_and_a_kill_neither_loops_nor_replays(tmp_path: Path, grace: bool) -> None:
    found = run(tmp_path / "project", 6, grace=grace, kill_every=3, say=lambda text: None)
    assert found.wrong == []
    assert (found.rounds, found.kills) == (6, 2)
    assert (found.recovered, found.needs_reauth) == ((2, 0) if grace else (0, 2))


def test_so_it_is_with_a_control_store_in_postgres(tmp_path: Path, postgres: Server) -> None:
    control = postgres.database()
    found = run(tmp_path / "project", 3, grace=False, kill_every=3, say=lambda text: None, control=control)
    assert found.wrong == []
    assert (found.rounds, found.needs_reauth) == (3, 1)
