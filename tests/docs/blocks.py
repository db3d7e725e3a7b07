"""What a page holds: fenced blocks, hidden steps, links, headings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(\w*) ?(.*)$")
_HIDDEN = re.compile(r"^<!-- run: (.*) -->$")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, or a hidden step (`<!-- run: ... -->`, language `hidden`). line: of its first line, from 1."""

    page: Path
    line: int
    language: str
    info: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    @property
    def place(self) -> str:
        return f"{self.page.name}:{self.line}"


@dataclass(frozen=True, slots=True)
class Typed:
    """One command of a console block and the output that is shown below it."""

    command: str
    shown: tuple[str, ...]


def blocks(page: Path) -> Iterator[Block]:
    lines = page.read_text(encoding="utf-8").splitlines()
    opened: tuple[int, str, str] | None = None
    for number, line in enumerate(lines, 1):
        fence = _FENCE.match(line)
        if opened is not None:
            if line == "```":
                yield Block(page, opened[0] + 1, opened[1], opened[2], tuple(lines[opened[0] : number - 1]))
                opened = None
        elif fence:
            opened = (number, fence[1], fence[2])
        elif hidden := _HIDDEN.match(line):
            yield Block(page, number, "hidden", "", (hidden[1],))


def typed(block: Block) -> list[Typed]:
    """A console block's commands. A command goes on while a quote is open or its line ends with a backslash."""
    found: list[tuple[str, list[str]]] = []
    for line in block.lines:
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found and not found[-1][1] and _goes_on(found[-1][0]):
            found[-1] = (f"{found[-1][0].removesuffix(chr(92))}\n{line}", [])
        else:
            assert found, f"{block.place}: a console block begins with a command"
            found[-1][1].append(line)
    return [Typed(command, tuple(shown)) for command, shown in found]


def _goes_on(command: str) -> bool:
    try:
        shlex.split(command, comments=True)
    except ValueError:
        return True
    return command.endswith("\\")


def links(page: Path) -> list[str]:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [link for link in _LINK.findall(text) if "://" not in link]


def anchors(page: Path) -> set[str]:
    """What a heading is called in a link: small letters, hyphens for spaces, nothing else."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
