"""Recorded exchanges: one account a test, played back from its cassette, or recorded from a simulator or a real one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cassettes.account import Account, credentials_in, opened
from tests.cassettes.scrub import Scrubber
from tests.cassettes.seam import through

RECORDINGS = Path(__file__).parent / "recordings"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "simulator: needs trouble or state that only a simulator can be told to have")
    config.addinivalue_line("markers", "writes: writes to the account; to a real one only with BACKHAUL_REAL_WRITES=1")


def recording(config: pytest.Config) -> bool:
    return config.getoption("--record-mode") not in (None, "none")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Against a real account some tests cannot run. They are skipped here, before their cassette is taken away."""
    if not recording(config):
        return
    for item in items:
        source = getattr(getattr(item, "module", None), "SOURCE", None)
        if source is None or not credentials_in(os.environ, source):
            continue
        if item.get_closest_marker("simulator"):
            item.add_marker(pytest.mark.skip(reason="a real account cannot be told to fail"))
        if item.get_closest_marker("writes") and os.environ.get("BACKHAUL_REAL_WRITES") != "1":
            item.add_marker(pytest.mark.skip(reason="writes to a real account need BACKHAUL_REAL_WRITES=1"))


@pytest.fixture(scope="module")
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    return str(RECORDINGS / request.path.stem.removeprefix("test_"))


@pytest.fixture
def scrubber() -> Scrubber:
    return Scrubber()


@pytest.fixture
def vcr_config(scrubber: Scrubber) -> dict[str, Any]:
    return {
        "match_on": ["method", "scheme", "host", "port", "path", "query", "body"],
        "decode_compressed_response": True,
        "skip_patchers": ("httpx",),
        # the configuration is copied deeply: a method would take a copy of the scrubber along
        "before_record_request": lambda request: scrubber.request(request),
        "before_record_response": lambda response: scrubber.answer(response),
    }


@pytest.fixture
def account(request: pytest.FixtureRequest, scrubber: Scrubber, vcr: Any) -> Iterator[Account]:
    """The account of the module's SOURCE. In playback every recorded exchange must have been asked for."""
    source, records = request.module.SOURCE, recording(request.config)
    with through(vcr), opened(source, recording=records, scrubber=scrubber) as account:
        yield account
    if not records:
        assert vcr.all_played, "the cassette holds exchanges that nobody asked for: record it again"
