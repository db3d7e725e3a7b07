"""The heartbeat: it goes on when a task fails, and ends with the store."""

from __future__ import annotations

import logging
import threading

import pytest

from backhaul.errors import StorageError
from backhaul.state.keeper import Keeper


def test_a_failing_task_is_told_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    keeper = Keeper(beat=0.01)
    beaten = threading.Event()
    calls: list[int] = []

    def fail() -> None:
        raise StorageError("the disk is full")

    def work() -> None:
        calls.append(1)
        if len(calls) >= 3:
            beaten.set()

    with caplog.at_level(logging.ERROR, "backhaul.state"):
        keeper.keep(fail)
        keeper.keep(work)
        assert beaten.wait(20)
        keeper.close()
    assert "the disk is full" in caplog.text


def test_closing_calls_the_last_tasks_once_and_no_beat_follows() -> None:
    keeper = Keeper(beat=0.01)
    calls: list[str] = []
    keeper.keep(lambda: calls.append("beat"), lambda: calls.append("last"))
    keeper.close()
    keeper.close()
    assert calls.count("last") == 1
    assert calls[-1] == "last"
