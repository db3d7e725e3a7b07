from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backhaul.agent.reader import Reader
from tests.agent.published import Published, filled


@pytest.fixture
def published(tmp_path: Path) -> Published:
    return filled(tmp_path)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Answers about the filled snapshot, nothing hidden."""
    made = filled(tmp_path_factory.mktemp("published")).reader()
    yield made
    made.close()
