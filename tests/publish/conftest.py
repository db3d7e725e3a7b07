from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from warehouse import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    made = Warehouse(tmp_path)
    yield made
    made.db.close()
