"""Pages of rows by key: the next one starts after the last row that was shown, whatever was published meanwhile."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec

from backhaul.agent.asking import Misasked


@dataclass(frozen=True, slots=True)
class Order:
    """By one column and then by id; rows without a value come last, either way."""

    column: str
    descending: bool = False


class Position(msgspec.Struct, frozen=True, array_like=True):
    """The last row that was shown: its value in the order's column, and its id."""

    question: str
    value: str | None
    id: str


def sql_order(order: Order) -> str:
    column, way = _quote(order.column), "DESC" if order.descending else "ASC"
    return f"id {way}" if order.column == "id" else f"{column} {way} NULLS LAST, id ASC"


def after(order: Order, kind: str, cursor: str, question: str) -> tuple[str, list[Any]]:
    """The condition of the rows behind a cursor, and its parameters. Raises Misasked for another question's."""
    at = position(cursor, question)
    column = _quote(order.column)
    sign = "<" if order.descending else ">"
    if order.column == "id":
        return f"id {sign} ?", [at.id]
    if at.value is None:
        return f"({column} IS NULL AND id > ?)", [at.id]
    value = f"CAST(? AS {kind})"
    return (
        f"({column} {sign} {value} OR ({column} = {value} AND id > ?) OR {column} IS NULL)",
        [at.value, at.value, at.id],
    )


def cursor_of(question: str, value: str | None, id: str) -> str:
    body = msgspec.msgpack.encode(Position(question, value, id))
    return base64.urlsafe_b64encode(body).decode().rstrip("=")


def question_of(*parts: Any) -> str:
    """A short name for what was asked; a cursor holds good for that alone."""
    return hashlib.sha256(msgspec.json.encode(parts, enc_hook=str)).hexdigest()[:12]


def position(cursor: str, question: str) -> Position:
    """Where a cursor stands. Raises Misasked for another question's."""
    try:
        body = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        found = msgspec.msgpack.decode(body, type=Position)
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise Misasked("the cursor is none of ours", "Give next_cursor of an earlier answer, or none.") from error
    if found.question != question:
        raise Misasked(
            "the cursor belongs to another question",
            "Repeat the call that gave it with the same arguments, or leave the cursor out.",
        )
    return found


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
