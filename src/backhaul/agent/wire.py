"""What the server and its contained worker say to each other, over two pipes."""

from __future__ import annotations

import os
from typing import Any

import msgspec

BIGGEST = 1 << 26
"""Bytes of one message at most; a worker's answers are far smaller by their own limits."""


class Ask(msgspec.Struct, frozen=True, array_like=True):
    """One statement. free: an agent wrote it, so it is checked before it runs; ours may bind parameters."""

    sql: str
    parameters: tuple[Any, ...] = ()
    rows: int = 200
    room: int = 20_000
    """Bytes that the rows may take as JSON; `truncated` says that there were more."""
    cell: int = 4_000
    """Characters of a text that are kept."""
    free: bool = False


class Told(msgspec.Struct, frozen=True, array_like=True):
    """The rows of one statement, as JSON would hold them."""

    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    truncated: bool = False
    cut: int = 0
    """Cells whose text was cut."""
    tables: tuple[str, ...] = ()
    """What an agent's statement reads."""


class Refusal(msgspec.Struct, frozen=True, array_like=True):
    """Why a statement did not run. kind: what went wrong. spent: the worker can be trusted no longer."""

    kind: str
    what: str
    spent: bool = False


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """One answer a statement up to the first that was refused."""

    told: tuple[Told, ...] = ()
    refusal: Refusal | None = None


ASKS = msgspec.msgpack.Decoder(tuple[Ask, ...])
REPLY = msgspec.msgpack.Decoder(Reply)


def send(descriptor: int, message: Any) -> None:
    body = msgspec.msgpack.encode(message)
    left = memoryview(len(body).to_bytes(4, "big") + body)
    while left:
        left = left[os.write(descriptor, left) :]


def receive(descriptor: int, count: int) -> bytes:
    """Exactly so many bytes. Raises EOFError where the other side has gone."""
    parts = bytearray()
    while len(parts) < count:
        got = os.read(descriptor, min(count - len(parts), 1 << 16))
        if not got:
            raise EOFError
        parts += got
    return bytes(parts)
