"""A vendor of a test's own, served over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.little import Answer, Little


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Little]]:
    """Serves a function; ends with the test."""
    running: list[Little] = []

    def start(answer: Answer) -> Little:
        running.append(Little(answer))
        return running[-1]

    yield start
    for each in running:
        each.close()
