"""Answers cut to their budget: fewer rows, then shorter texts; what was cut is said."""

from __future__ import annotations

from typing import Any, TypeVar

from backhaul.agent import answers
from backhaul.agent.answers import BUDGET, Answer
from backhaul.agent.wire import Told

A = TypeVar("A", bound=Answer)


def trim_related(answer: answers.RecordView) -> None:
    """Within the budget: fewer rows of each relation, then shorter texts."""
    while size(answer) > BUDGET and any(each.rows for each in answer.related):
        for each in answer.related:
            each.rows = each.rows[: len(each.rows) // 2]
        answer.truncated = True
    while size(answer) > BUDGET:
        name = max(answer.values, key=lambda each: len(str(answer.values[each])))
        text = str(answer.values[name])
        answer.values[name] = text[: len(text) // 2] + "…"
        answer.truncated = True


def fitted(answer: A, rows: str) -> A:
    """Cut the list of that name until the answer is within its budget."""
    held: list[Any] = getattr(answer, rows)
    while size(answer) > BUDGET and len(held) > 1:
        # by the share that is too much, so that few rounds do
        keep = max(1, min(len(held) - 1, int(len(held) * BUDGET / size(answer))))
        del held[keep:]
        answer.truncated = True
    while size(answer) > BUDGET and held and isinstance(held[0], list):
        # one row that is too long by itself: or nobody could ever page past it
        cells = held[0]
        place = max(range(len(cells)), key=lambda each: len(str(cells[each])))
        cells[place] = str(cells[place])[: len(str(cells[place])) // 2] + "…"
        answer.truncated = True
    return answer


def size(answer: Answer) -> int:
    return len(answer.model_dump_json())


def cut(answer: Answer, told: Told) -> None:
    if told.cut:
        answer.truncated = True
        answer.notes.append(f"{told.cut} long texts are cut; get_record with `fields` shows more of one")
