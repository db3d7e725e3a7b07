"""The evaluation: every question is answered right, through the official client, by the tools alone."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from benchmarks.agents.__main__ import asked
from benchmarks.agents.questions import QUESTIONS
from benchmarks.agents.stage import set_up


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_question_is_answered_as_the_vendors_would(tmp_path: Path) -> None:
    with set_up(tmp_path) as truth:
        lines = anyio.run(asked, tmp_path, truth)
    assert [each for each in lines if not each["right"]] == []
    assert len(lines) == 40


def test_the_questions_are_of_the_kinds_that_they_should_be() -> None:
    assert len({each.words for each in QUESTIONS}) == 40
    assert sum(len(each.systems) > 1 for each in QUESTIONS) >= 16
    assert sum(len(each.systems) == 3 for each in QUESTIONS) >= 8
