"""Columns as the dictionary tells them, and what a value becomes in each: what does not fit is dropped in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from backhaul.sandbox.servicenow.answers import moment_of

JOURNALS = ("journal_input", "journal")
LENGTHS = {"string": 255, "html": 65_536, "reference": 32, "GUID": 32, "glide_list": 1024, "journal_input": 4000}
_NUMBER = ("integer", "longint", "decimal", "currency", "percent_complete")
_TOKEN = re.compile(r"([a-z_0-9]+):([a-zA-Z_0-9]+)(?:\(([^)]*)\))?([!*+-]*)")
Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """choices: value -> label. choice: the dictionary's own word for whether they bind."""

    name: str
    kind: str
    label: str
    reference: str = ""
    choices: Choices = ()
    mandatory: bool = False
    unique: bool = False
    read_only: bool = False
    length: int = 40

    @property
    def choice(self) -> str:
        return "3" if self.choices else "0"

    def kept(self, value: Any) -> str | None:
        """A written value as it is stored; None where it does not fit and is dropped."""
        text = "" if value is None else value if isinstance(value, str) else str(value).lower()
        if isinstance(value, dict | list):
            return None
        if text == "":
            return ""
        match self.kind:
            case "boolean":
                return {"true": "true", "1": "true", "false": "false", "0": "false"}.get(text.lower())
            case "integer" | "longint":
                return text if re.fullmatch(r"-?\d+", text) else None
            case "decimal" | "currency" | "percent_complete":
                return _number(text)
            case "glide_date_time" | "due_date":
                return text if moment_of(text) is not None else None
            case "glide_date":
                return text if _is_day(text) else None
            case _:
                return text[: self.length]

    def compared(self, text: str) -> Any:
        """A stored value, for `<` and `>`; None where it is empty."""
        if text == "":
            return None
        return Decimal(text) if self.kind in _NUMBER else text


def columns(text: str, choices: Mapping[str, Choices]) -> Iterator[Column]:
    """`name:kind(reference)flags`, parted by spaces. `!`: mandatory; `*`: unique; `-`: read only."""
    for name, kind, reference, flags in _TOKEN.findall(text):
        yield Column(
            name=name,
            kind=kind,
            label=name.removeprefix("u_").replace("_", " ").capitalize(),
            reference=reference,
            choices=choices.get(name, ()),
            mandatory="!" in flags,
            unique="*" in flags,
            read_only="-" in flags,
            length=LENGTHS.get(kind, 40) if name not in ("description", "value", "text") else 4000,
        )


def _number(text: str) -> str | None:
    try:
        return format(Decimal(text), "f")
    except InvalidOperation:
        return None


def _is_day(text: str) -> bool:
    try:
        return len(text) == 10 and date.fromisoformat(text) is not None
    except ValueError:
        return False
