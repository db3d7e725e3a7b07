"""The catalog's models, and a customer with one connection to build them for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rawtables import Work

from backhaul.transform.models import Models, find_models


@pytest.fixture(scope="session")
def catalog() -> Models:
    return find_models([Path(__file__).parents[2] / "transforms"])


@pytest.fixture
def work(catalog: Models) -> Iterator[Callable[[str], Work]]:
    """Give a source's name, get a customer that has one connection to it, called `it`."""
    made: list[Work] = []

    def make(source: str) -> Work:
        made.append(Work(catalog, source))
        return made[-1]

    yield make
    for each in made:
        each.connection.close()
