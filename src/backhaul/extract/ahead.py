"""Fetches ahead: while one page is typed and written, the next is already on its way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import Empty, Full, Queue
from typing import TypeVar

from backhaul.telemetry.context import carried

T = TypeVar("T")


def ahead(items: Iterator[T], depth: int = 2) -> Iterator[T]:
    """The same items, made by a thread that stays at most `depth` ahead. Its errors are raised here, in order."""
    queue: Queue[tuple[bool, T | None, BaseException | None]] = Queue(depth)
    gone = threading.Event()

    def put(entry: tuple[bool, T | None, BaseException | None]) -> bool:
        while not gone.is_set():
            try:
                queue.put(entry, timeout=0.2)
            except Full:
                continue
            return True
        return False

    def produce() -> None:
        try:
            for item in items:
                if not put((True, item, None)):
                    return
            put((False, None, None))
        except BaseException as error:  # noqa: BLE001  handed to the reader, which raises it
            put((False, None, error))

    thread = threading.Thread(target=carried(produce), name="ahead", daemon=True)
    thread.start()
    try:
        while True:
            try:
                more, item, error = queue.get(timeout=5)
            except Empty:
                if thread.is_alive():
                    continue
                raise RuntimeError("the thread that fetches ahead died") from None
            if error is not None:
                raise error
            if not more:
                return
            yield item  # type: ignore[misc]
    finally:
        gone.set()
