"""Which customer, connection, object and run this thread works for: added to every log line and event."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from types import MappingProxyType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_NOTHING: Mapping[str, str] = MappingProxyType({})
_facts: ContextVar[Mapping[str, str]] = ContextVar("backhaul_facts", default=_NOTHING)


def current() -> Mapping[str, str]:
    """The facts bound around the caller."""
    return _facts.get()


@contextmanager
def bound(
    *, customer: str | None = None, connection: str | None = None, object: str | None = None, run: str | None = None
) -> Iterator[None]:
    """Bind facts for the block; those not given stay as they are."""
    given = {"customer": customer, "connection": connection, "object": object, "run": run}
    token = _facts.set({**_facts.get(), **{name: value for name, value in given.items() if value is not None}})
    try:
        yield
    finally:
        _facts.reset(token)


def carried(work: Callable[P, T]) -> Callable[P, T]:
    """The same function, taking the caller's facts with it into another thread.

    May run in several threads at once: each call enters a context of its own.
    """
    facts = _facts.get()

    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        def with_facts() -> T:
            _facts.set(facts)
            return work(*args, **kwargs)

        return copy_context().run(with_facts)

    return run
