"""The view that is published now, with the contained process and the search index that go with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from backhaul.agent.answers import Answer, ColumnLine, Freshness
from backhaul.agent.asking import no_entity, not_run
from backhaul.agent.catalogue import Origin, Table
from backhaul.agent.contained import Contained, Limits, NotRun
from backhaul.agent.search import Search
from backhaul.agent.view import Opened
from backhaul.agent.wire import Ask, Told

A = TypeVar("A", bound=Answer)
_STALE = timedelta(hours=24)


class Viewing:
    """`current` gives the view of the version that is published now. Whoever uses it lets one thread in at a time."""

    def __init__(self, current: Callable[[], Opened], limits: Limits | None) -> None:
        self._current = current
        self._limits = limits
        self._opened: Opened | None = None
        self._contained: Contained | None = None
        self._search: Search | None = None
        self.described: dict[str, list[ColumnLine]] = {}
        """What was found out about its tables."""

    def close(self) -> None:
        if self._contained is not None:
            self._contained.close()
        self._contained = self._opened = None

    def opened(self) -> Opened:
        """The current view; worker and index follow when a newer version was published."""
        opened = self._current()
        if self._opened is None or opened.data != self._opened.data:
            if self._contained is not None:
                self._contained.close()
            self._contained = Contained(opened.data, self._limits)
            self._search = Search(opened.search)
            self.described = {}
        self._opened = opened
        return opened

    def tables(self) -> Mapping[str, Table]:
        return self.opened().view.tables

    def table(self, entity: str) -> Table:
        tables = self.tables()
        if entity not in tables:
            raise no_entity(entity, tables)
        return tables[entity]

    def contained(self) -> Contained:
        self.opened()
        assert self._contained is not None  # noqa: S101  it was just opened
        return self._contained

    def index(self) -> Search:
        self.opened()
        assert self._search is not None  # noqa: S101  it was just opened
        return self._search

    def run(self, *asks: Ask) -> tuple[Told, ...]:
        if not asks:
            return ()
        try:
            return self.contained().run(*asks)
        except NotRun as error:
            raise not_run(error, ()) from error

    def answer(self, kind: type[A], of: Iterable[str], /, **content: Any) -> A:
        view = self.opened().view
        oldest: dict[tuple[str, str], datetime | None] = {}
        origins = {origin for name in of if name in view.tables for origin in view.tables[name].origins}
        for origin in sorted(origins, key=_spelt):
            place = (origin.connection, origin.source)
            at = view.as_of.get(origin.connection, {}).get(origin.object)
            known = oldest.get(place)
            oldest[place] = min(at, known) if at is not None and known is not None else at or known
        sources = [Freshness(connection=c, source=s, as_of=at) for (c, s), at in oldest.items()]
        notes = [
            f"{each.connection} was last read to the end {_age(each.as_of)} ago; later changes are not known"
            for each in sources
            if each.as_of is not None and datetime.now(UTC) - each.as_of > _STALE
        ]
        return kind(version=view.version, published_at=view.published_at, sources=sources, notes=notes, **content)


def _spelt(origin: Origin) -> tuple[str, str, str]:
    return origin.connection, origin.source, origin.object


def _age(moment: datetime | None) -> str:
    hours = int((datetime.now(UTC) - moment).total_seconds() // 3600) if moment is not None else 0
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"
