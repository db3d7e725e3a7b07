"""The project's .env file: `NAME=value` lines that stand in where the environment itself says nothing."""

from __future__ import annotations

import re
from pathlib import Path

from backhaul.errors import ConfigError

_LINE = re.compile(
    r"""(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*
        (?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"'#][^\n#]*)?)[ \t]*(?:\#[^\n]*)?(?=\n|\Z)""",
    re.VERBOSE,
)
_BLANK = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*(?:#[^\n]*)?")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def read_dotenv(path: Path) -> dict[str, str]:
    """The `NAME=value` lines of a .env file; empty where there is none. Double quotes may span lines and know `\\n`."""
    try:
        text = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as failure:
        raise ConfigError(f"{path.name} cannot be read: {type(failure).__name__}") from failure
    values: dict[str, str] = {}
    position = 0
    while True:
        blank = _BLANK.match(text, position)
        position = blank.end() if blank else position
        if position >= len(text):
            return values
        line = _LINE.match(text, position)
        if line is None:
            number = text.count("\n", 0, position) + 1
            raise ConfigError(f"{path.name}:{number}: a line is NAME=value", next_step="correct that line")
        if line["double"] is not None:
            values[line["name"]] = re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), line["double"], flags=re.DOTALL)
        else:
            values[line["name"]] = line["single"] if line["single"] is not None else (line["bare"] or "").strip()
        position = line.end()
