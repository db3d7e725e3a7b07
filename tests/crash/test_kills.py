"""The crash harness at a reduced size; `make crash` runs 200 kills."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.harness import harness, table

KILLS = 30


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_anywhere_the_customers_data_ends_as_the_vendors(tmp_path: Path) -> None:
    found = harness(tmp_path, KILLS, seed=11)
    wrong = [text for each in found.values() for text in each.unequal]
    assert not wrong, "\n".join([*wrong, table(found)])
    assert sum(each.kills for each in found.values()) >= KILLS
    missed = [point for point, each in found.items() if not each.kills]
    assert not missed, f"no kill at {missed}"
