"""Fetches ahead: while one page is typed and written, the next is already on its way."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from backhaul.telemetry.context import carried

T = TypeVar("T")


def ahead(items: Iterator[T], depth: int = 2, *, crowded: Callable[[], bool] = lambda: False) -> Generator[T]:
    """The same items, made by a thread that stays at most `depth` ahead, or one while it is `crowded`.

    Its errors are raised here, in order.
    """
    changed = threading.Condition()
    made: deque[T] = deque()
    ended: list[BaseException | None] = []
    gone = False

    def handed_over(item: T) -> bool:
        """Put it there and wait until another may be made. False: nobody wants more."""
        with changed:
            made.append(item)
            changed.notify()
        while True:
            # asked with nothing held: it has a lock of its own
            full = crowded()
            with changed:
                if gone or not made or (len(made) < depth and not full):
                    return not gone
                changed.wait()

    def produce() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                if not handed_over(item):
                    return
        except BaseException as raised:  # noqa: BLE001  handed to the reader, which raises it
            error = raised
        with changed:
            ended.append(error)
            changed.notify()

    threading.Thread(target=carried(produce), name="ahead", daemon=True).start()
    try:
        while True:
            with changed:
                while not made and not ended:
                    changed.wait()
                if not made:
                    if ended[0] is not None:
                        raise ended[0]
                    return
                item = made.popleft()
                changed.notify()
            yield item
    finally:
        with changed:
            gone = True
            changed.notify()
