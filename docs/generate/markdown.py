"""What the pages are made of."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

GENERATED = "<!-- made by `make docs`; what to change is the code that it is made of -->"


def page(title: str, *parts: str) -> str:
    whole = "\n\n".join((f"# {title}", GENERATED, *(part.strip("\n") for part in parts if part)))
    return _wrapped(whole) + "\n"


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def fenced(language: str, text: str) -> str:
    return f"```{language}\n{text.strip(chr(10))}\n```"


def code(text: object) -> str:
    """As code; a text that holds a backtick stands between two."""
    mark = "``" if "`" in str(text) else "`"
    return f"{mark}{text}{mark}"


def prose(docstring: str | None) -> str:
    """A docstring as paragraphs. An angle bracket outside code is none of HTML's."""
    paragraphs = re.split(r"\n\s*\n", (docstring or "").strip())
    return "\n\n".join(_safe(" ".join(paragraph.split())) for paragraph in paragraphs)


def first(docstring: str | None) -> str:
    """Its first paragraph."""
    return prose(docstring).partition("\n\n")[0]


def anchor(heading: str) -> str:
    """How a heading is linked to."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return f"#{kept.replace(' ', '-')}"


def _wrapped(text: str) -> str:
    """Paragraphs in lines that a diff can show; tables and code as they are."""
    lines, inside = [], False
    for line in text.splitlines():
        inside ^= line.startswith("```")
        plain = not inside and not line.startswith(("|", "#", "```", "<!--"))
        lines += _lines(line) if plain else [line]
    return "\n".join(lines)


def _lines(text: str) -> list[str]:
    within = "  " if text.startswith("- ") else ""
    return textwrap.wrap(text, 120, subsequent_indent=within, break_long_words=False, break_on_hyphens=False) or [""]


def _safe(text: str) -> str:
    parts = text.split("`")
    return "`".join(part if place % 2 else part.replace("<", "&lt;") for place, part in enumerate(parts))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
