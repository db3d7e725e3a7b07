"""Writes a draft as YAML: short maps on a line, `# look: why` behind whatever a person must look at."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

WIDTH = 110


@dataclass(frozen=True, slots=True)
class Look:
    """A value that was guessed, or that could not be found out; why says which, and what to look at."""

    value: Any
    why: str


def text(draft: Mapping[str, Any], above: str = "") -> str:
    """The file. above: comment lines at its head, without their signs."""
    lines = [f"# {line}".rstrip() for line in above.splitlines()]
    for key, value in draft.items():
        block = list(_entry(key, value, 0))
        if len(block) > 1 and lines and lines[-1]:
            lines.append("")
        lines += block
        if len(block) > 1:
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def plain(value: Any) -> Any:
    """The draft without its marks, as the YAML will be read."""
    if isinstance(value, Look):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def looks(value: Any) -> int:
    """How many places are marked."""
    if isinstance(value, Look):
        return 1 + looks(value.value)
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return sum(looks(each) for each in inner)


def _entry(key: str, value: Any, indent: int) -> Iterator[str]:
    yield from _value(f"{' ' * indent}{_flow(key)}:", value, indent + 2)


def _value(head: str, value: Any, indent: int) -> Iterator[str]:
    """The lines of what follows `head`, which ends with `key:` or `-`."""
    note = ""
    while isinstance(value, Look):
        note, value = (f"{note}; {value.why}" if note else value.why), value.value
    note = f"  # look: {' '.join(note.split())}" if note else ""
    if not looks(value):
        whole = f"{head} {_alone(value)}"
        if len(whole) <= WIDTH or not isinstance(value, Mapping | list) or not value:
            yield whole + note
            return
        if isinstance(value, Mapping) and not any(isinstance(each, Mapping) for each in value.values()):
            yield from _wrapped(f"{head} {{", [f"{_flow(k)}: {_flow(v)}" for k, v in value.items()], note)
            return
    yield head + note
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _entry(str(key), each, indent)
    else:
        for each in value:
            yield from _item(each, indent)


def _item(value: Any, indent: int) -> Iterator[str]:
    """An item of a list; of a map that does not fit on a line, its entries stand below the sign."""
    lead = " " * indent
    if isinstance(value, Mapping) and value and (looks(value) or len(_flow(value)) + indent + 2 > WIDTH):
        lines = [line for key, each in value.items() for line in _entry(str(key), each, indent + 2)]
        yield f"{lead}- {lines[0].lstrip()}"
        yield from lines[1:]
    else:
        yield from _value(f"{lead}-", value, indent + 2)


def _wrapped(head: str, items: list[str], note: str) -> Iterator[str]:
    """A flow map over several lines, broken between its entries; its mark stands behind the first."""
    lead = " " * len(head)
    line = head
    lines = []
    for place, item in enumerate(items):
        item += "," if place < len(items) - 1 else "}"
        if len(line) + len(item) + 1 > WIDTH and line.strip() != head.strip():
            lines.append(line.rstrip())
            line = lead
        line += item + " "
    lines.append(line.rstrip())
    yield lines[0] + note
    yield from lines[1:]


def _flow(value: Any) -> str:
    """A value on one line, as it may stand within others."""
    return _dumped(value) if isinstance(value, Mapping | list) else _dumped([value])[1:-1]


def _alone(value: Any) -> str:
    """A value behind its key: text needs fewer quotes there."""
    return _flow(value) if isinstance(value, Mapping | list) else _dumped(value).removesuffix("\n...")


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def choose_scalar_style(self) -> str:
        style: str = super().choose_scalar_style()
        return '"' if style == "'" else style


def _dumped(value: Any) -> str:
    dumped: str = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, width=10**9, sort_keys=False, allow_unicode=True
    )
    return dumped.strip()


def shortened(words: str, most: int = 120) -> str:
    """One line of what somebody wrote."""
    return textwrap.shorten(" ".join(words.split()), most, placeholder=" ...")
