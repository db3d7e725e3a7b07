"""python -m benchmarks.agents [--json FILE]: asks every question; exits 1 where an answer is wrong."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio

from benchmarks.agents.asker import NotKnown, Refused, session
from benchmarks.agents.questions import QUESTIONS, Question
from benchmarks.agents.stage import Truth, set_up


def same(one: Any, other: Any) -> bool:
    """Numbers to the cent, lists by member, everything else exactly."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, int | float | Decimal) and isinstance(other, int | float | Decimal):
        return abs(float(one) - float(other)) < 0.01
    return bool(one == other)


async def asked(root: Path, truth: Truth) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    async with session(root) as agent:
        await agent.call("list_entities")
        for each in QUESTIONS:
            agent.start()
            began = time.perf_counter()
            try:
                answer: Any = await each.ask(agent)
            except Refused as error:
                answer = f"refused: {error}"
            seconds = time.perf_counter() - began
            lines.append(_line(each, answer, each.truth(truth), agent.calls, agent.bytes, seconds))
    return lines


def _line(each: Question, answer: Any, wanted: Any, calls: int, size: int, seconds: float) -> dict[str, Any]:
    return {
        "question": each.words, "systems": each.systems, "right": same(answer, wanted), "answer": _spelt(answer),
        "wanted": _spelt(wanted), "calls": calls, "bytes": size, "milliseconds": round(seconds * 1000, 1),
        "not_known": isinstance(wanted, NotKnown),
    }  # fmt: skip


def _spelt(value: Any) -> str:
    if isinstance(value, NotKnown):
        return f"not known ({value.why})"
    if isinstance(value, list):
        return ", ".join(map(_spelt, value))
    return f"{float(value):.2f}" if isinstance(value, float | Decimal) else str(value)


def show(lines: list[dict[str, Any]]) -> None:
    print(f"{'':3} {'systems':7} {'calls':>5} {'bytes':>6} {'ms':>6}  question and answer")
    for number, each in enumerate(lines, 1):
        verdict = "" if each["right"] else f"   WRONG, it is {each['wanted'][:80]}"
        figures = f"{each['systems']:7} {each['calls']:5} {each['bytes']:6} {each['milliseconds']:6.0f}"
        print(f"{number:3} {figures}  {each['question']} {each['answer'][:60]}{verdict}")
    right = sum(each["right"] for each in lines)
    several = sum(len(each["systems"]) > 1 and not each["not_known"] for each in lines)
    three = sum(len(each["systems"]) == 3 and not each["not_known"] for each in lines)
    unknown = sum(each["not_known"] for each in lines)
    count = len(lines)
    print(
        f"\n{right} of {count} right; {several} over several systems ({three} over three), {unknown} not known;"
        f" {sum(e['calls'] for e in lines) / count:.1f} calls and {sum(e['bytes'] for e in lines) / count:,.0f} bytes"
        " a question"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.agents", description="Asks agents' questions of the demo's data.")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eval-") as folder, set_up(Path(folder)) as truth:
        lines = anyio.run(asked, Path(folder), truth)
    show(lines)
    if given.json:
        given.json.write_text(json.dumps(lines, indent=1), encoding="utf-8")
    return 0 if all(each["right"] for each in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
