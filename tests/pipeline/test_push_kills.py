"""The kill harness of pushes, small: `make crash-push` has 2,000 rows and many kills."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.crash.push import harness


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_push_killed_at_any_step_doubles_nothing_and_loses_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    problems = harness(tmp_path / "project", rows=60, kills=8, seed=7, say=told.append)
    assert problems == [], "\n".join(told)
