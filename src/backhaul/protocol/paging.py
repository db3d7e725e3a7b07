"""Where the next page starts, by each kind of `next`: for reads and for discovery alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit, urlunsplit

from backhaul.config import paths
from backhaul.config.paths import MISSING, Answer
from backhaul.config.reads import Next, NextLink, NextPage, NextScroll, NextToken
from backhaul.errors import FixDefinition
from backhaul.protocol.conditions import holds

_LINK = re.compile(r"""<([^>]*)>((?:\s*;\s*[^\s=;,]+(?:\s*=\s*(?:"[^"]*"|[^\s;,"]*))?)*)""")
_REL = re.compile(r"""(?<![^\s;])rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page starts: a page token, or the last row of the page before."""

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
    return str(step.start) if at.page is None and isinstance(step, NextPage) else at.page


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
    step: Next | None, page: Served, at: Position, size: int | None, last_key: Callable[[], str | None]
) -> Position | None:
    """The position behind a page that started `at`; None where it was the last.

    Raises FixDefinition where the next page is said to lie on another host.
    """
    if step is None:
        return None
    if isinstance(step, NextScroll):
        place = paths.first(step.source, page.answer)
        return None if page.rows == 0 or place in (MISSING, None, "") else Position(str(place))
    if step.until is not None and holds(step.until, page.answer):
        return None
    if isinstance(step, NextToken | NextLink):
        token = paths.first(step.source, page.answer)
        if isinstance(step, NextLink) and isinstance(token, str) and token.lstrip().startswith("<"):
            token = _next_of(token)
        if token in (MISSING, None, ""):
            return None
        return Position(str(token) if isinstance(step, NextToken) else _link(page, str(token)))
    number = int(at.page or step.start) if step.type == "page" else 0
    last = paths.first(step.last, page.answer) if step.type == "page" and step.last is not None else MISSING
    if last not in (MISSING, None):
        return Position(str(number + 1)) if number < int(last) else None
    if page.rows == 0 or (step.until is None and page.rows < (size or 1)):
        return None
    if step.type == "offset":
        return Position(str(int(at.page or 0) + page.rows))
    if step.type == "page":
        return Position(str(number + 1))
    return Position(None, last_key())
