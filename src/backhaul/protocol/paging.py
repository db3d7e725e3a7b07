"""Where the next page starts, by each kind of `next`: for reads and for discovery alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit, urlunsplit

from backhaul.config import paths
from backhaul.config.calls import Reader
from backhaul.config.paths import MISSING, Answer
from backhaul.config.reads import Next, NextLink, NextMoment, NextPage, NextScroll, NextToken
from backhaul.errors import FixDefinition
from backhaul.protocol.conditions import holds
from backhaul.protocol.read_answer import read

_LINK = re.compile(r"""<([^>]*)>((?:\s*;\s*[^\s=;,]+(?:\s*=\s*(?:"[^"]*"|[^\s;,"]*))?)*)""")
_REL = re.compile(r"""(?<![^\s;])rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page starts: a page token, or the last row of the page before; or both, so many rows behind it.

    Of pages by moment the token is the moment and the page's number within it.
    """

    page: str | None = None
    last_key: str | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """One page, as far as paging looks at it. rows: as many as the vendor served, kept or not."""

    answer: Answer
    rows: int
    url: str


def page_of(step: Next | None, at: Position) -> str | None:
    """What `{page}` stands for: of pages that are counted, the first one's number on the first page."""
    if isinstance(step, NextMoment):
        return str(_moment(at.page)[1]) if at.page is not None else "1"
    return str(step.start) if at.page is None and isinstance(step, NextPage) else at.page


def since_of(step: Next | None, at: Position, since: datetime | None) -> datetime | None:
    """What `{since}` stands for. since: of the window, None in a full read."""
    if not isinstance(step, NextMoment):
        return since
    return _moment(at.page)[0] if at.page is not None else since or step.start


def _moment(token: str) -> tuple[datetime, int]:
    moment, _, number = token.rpartition(" ")
    return datetime.fromisoformat(moment), int(number)


def _after_moment(at: Position, last: datetime | None) -> Position:
    """Behind a page whose last row changed then: the same moment's next page where that moment filled it."""
    if last is None:
        raise FixDefinition(
            "pages by moment begin at the last row's change time, and the rows of this one tell none",
            next_step="page by something else, or give the object a change field that every record has",
        )
    before = None if at.page is None else _moment(at.page)
    moment, number = (last, 1) if before is None or last > before[0] else (before[0], before[1] + 1)
    return Position(f"{moment.isoformat()} {number}")


def told(save: str | None, step: Next | None, page: Served) -> str | None:
    """The position that a page tells for the next read; of a read that follows links, an address on the same host."""
    found = paths.first(save, page.answer) if save is not None else MISSING
    if found in (MISSING, None, ""):
        return None
    return _link(page, str(found)) if isinstance(step, NextLink) else str(found)


def _link(page: Served, link: str) -> str:
    whole = urljoin(page.url, link)
    here, there = urlsplit(page.url), urlsplit(whole)
    if here.netloc != there.netloc:
        raise FixDefinition(f"the next page's link leads to another host: {there.netloc}")
    # behind a proxy some vendors spell their links http: credentials never leave in the clear for that
    return urlunsplit(there._replace(scheme=here.scheme))


def _next_of(header: str) -> str | None:
    """The target of a Link header (RFC 8288) whose relation is `next`; relations may be several in one quote."""
    for target, parameters in _LINK.findall(header):
        for quoted, bare in _REL.findall(parameters):
            if "next" in (quoted or bare).lower().split():
                return str(target)
    return None


def following(
    step: Next | None,
    page: Served,
    at: Position,
    size: int | None,
    last_key: Callable[[], str | None],
    last_changed: Callable[[], datetime | None] = lambda: None,
) -> Position | None:
    """The position behind a page that started `at`; None where it was the last. last_changed: the last row's time.

    Raises FixDefinition where the next page is said to lie on another host, or where its rows tell no moment.
    """
    if step is None:
        return None
    if isinstance(step, NextScroll):
        place = paths.first(step.source, page.answer)
        return None if page.rows == 0 or place in (MISSING, None, "") else Position(str(place))
    if step.until is not None and holds(step.until, page.answer):
        return None
    if isinstance(step, NextToken | NextLink):
        token = read(step.source, page.answer)
        if isinstance(step, NextLink) and isinstance(token, str) and token.lstrip().startswith("<"):
            token = _next_of(token)
        if token in (None, ""):
            return None
        return Position(str(token) if isinstance(step, NextToken) else _link(page, str(token)))
    number = int(at.page or step.start) if step.type == "page" else 0
    last = paths.first(step.last, page.answer) if step.type == "page" and step.last is not None else MISSING
    if last not in (MISSING, None):
        return Position(str(number + 1)) if number < int(last) else None
    if page.rows == 0 and step.type == "keyset" and step.beyond is not None:
        return _beyond(step.beyond, page, at)
    if page.rows == 0 or (step.until is None and page.rows < (size or 1)):
        return None
    if step.type == "offset":
        return Position(str(int(at.page or 0) + page.rows))
    if step.type == "page":
        return Position(str(number + 1))
    if step.type == "moment":
        return _after_moment(at, last_changed())
    return Position(None, last_key())


def _beyond(reader: Reader, page: Served, at: Position) -> Position | None:
    """Behind a page of which nothing may be seen. A tenth of it is looked at again: a row that leaves the window
    meanwhile must not let another slip by."""
    told = read(reader, page.answer)
    if told is None:
        return None
    here, there = int(at.page or 0), int(told)
    return Position(str(there - (there - here) // 10), at.last_key)
