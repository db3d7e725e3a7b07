"""How a collection is paged: from the parameters of its request, and from what its answer holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backhaul.drafting.document import Document, Operation, Parameter, types
from backhaul.drafting.words import plain
from backhaul.drafting.written import Look

SIZE = (
    "limit", "perpage", "pagesize", "pagelimit", "maxresults", "maxpagesize", "size", "count", "top", "first",
    "take", "itemsperpage", "resultsperpage", "pageperpage", "recordsperpage", "maxitems", "pglimit", "rows",
    "max", "num", "maxrecords",
)  # fmt: skip
TOKEN = (
    "cursor", "pagetoken", "pagecursor", "nextpagetoken", "nexttoken", "continuationtoken", "continuation",
    "after", "pageafter", "startcursor", "nextcursor", "bookmark", "scrollid", "pagestate", "marker",
    "paginationtoken", "token", "startingtoken", "position", "pagemarker", "startkey", "pageoffsettoken",
)  # fmt: skip
KEYSET = ("startingafter", "sinceid", "startafter", "afterid", "lastid")
OFFSET = ("offset", "skip", "start", "startindex", "startat", "pageoffset", "from", "startposition", "firstresult")
PAGE = ("page", "pagenumber", "pagenum", "pageindex", "pageno", "currentpage", "p", "pg")
LINK = (
    "next", "nextlink", "nextpageurl", "nexturl", "nextpageuri", "nexturi", "nexthref", "nextpagelink",
    "odatanextlink", "nextpage", "linksnext", "pagingnext", "paginationnext", "metanext", "nextlinkhref",
)  # fmt: skip
TOLD = (
    "nextcursor", "nextpagetoken", "nexttoken", "continuationtoken", "nextpagecursor", "endcursor",
    "cursornext", "nextoffset", "nextpage", "startingafter", "cursor", "after", "next", "nextstart", "bookmark",
    "scrollid", "nextmarker", "nextpagetokenid", "offset", "nextcursorid", "nextkey", "lastkey", "nextposition",
    "position", "marker",
)  # fmt: skip
MORE = (
    "hasmore", "hasnext", "hasnextpage", "more", "moreitemsincollection", "morepages", "hasmoreitems",
    "hasmorepages",
)  # fmt: skip
LAST = ("last", "islast", "islastpage", "lastpage", "exhausted", "done", "finished")
VAGUE = ("cursor", "after", "offset", "position", "marker", "bookmark", "next")
HEADERS = ("nextpage", "xnextpage", "xnextcursor", "xnextpagetoken", "nextcursor")
MOST = 1000


@dataclass(frozen=True, slots=True)
class Pages:
    """What a read needs in order to be paged. doubt: why a person should look, where one should."""

    params: dict[str, Any] = field(default_factory=dict)
    size: int | None = None
    next: dict[str, Any] | None = None
    doubt: str = ""
    used: frozenset[str] = frozenset()
    """The names of the parameters that it fills."""

    @property
    def block(self) -> dict[str, Any]:
        """As a read has it."""
        found: dict[str, Any] = {}
        if self.params:
            found["params"] = self.params
        if self.size is not None:
            found["size"] = self.size
        if self.next is not None:
            found["next"] = Look(self.next, self.doubt) if self.doubt else self.next
        return found


@dataclass(frozen=True, slots=True)
class _Spot:
    """A single value of an answer, beside the records. names: of the properties that lead there, plain."""

    path: str
    names: tuple[str, ...]
    schema: Mapping[str, Any]


def pages_of(document: Document, operation: Operation, records: str) -> Pages:
    """records: the path at which the collection's records stand."""
    asked = operation.asked("query")
    answer = operation.success
    spots = list(_spots(document, answer.schema, records)) if answer is not None else []
    size_by = _named(asked, SIZE, counts=True)
    size, size_doubt = _size(size_by)
    params: dict[str, Any] = {size_by.name: "{size}"} if size_by is not None else {}
    step, param, doubt = _step(asked, spots, answer.headers if answer is not None else {})
    if param is not None:
        params[param.name] = "{last.key}" if step is not None and step["type"] == "keyset" else "{page}"
    if step is None:
        doubt = "no parameter or answer that tells of pages was found: does all of it come at once?"
    elif step["type"] in ("offset", "page", "keyset"):
        if until := _until(spots):
            step["until"] = until
        elif size is None:
            size, size_doubt = 100, "how many rows has a full page? a shorter one is taken as the last"
    doubt = "; ".join(each for each in (doubt, size_doubt) if each)
    return Pages(params, size, step, doubt, frozenset(each.name for each in (size_by, param) if each is not None))


def _step(
    asked: list[Parameter], spots: Sequence[_Spot], headers: Mapping[str, str]
) -> tuple[dict[str, Any] | None, Parameter | None, str]:
    """The kind of `next`, the parameter that it fills, and what is doubtful about it."""
    token, keyset = _named(asked, TOKEN), _named(asked, KEYSET)
    offset, page = _named(asked, OFFSET, counts=True), _named(asked, PAGE, counts=True)
    link = next((spot.path for spot in spots if _is_link(spot, token)), None)
    if link is not None:
        return {"type": "link", "from": link}, None, ""
    told = _told(spots)
    if token is None and keyset is not None and told is not None and told.names[-1].endswith(plain(keyset.name)):
        token, keyset = keyset, None  # the answer tells it: it is no key of ours to know
    if told is not None and token is not None:
        return {"type": "token", "from": told.path}, token, ""
    if told is not None and offset is not None and told.names[-1] in ("nextoffset", "nextstart"):
        return {"type": "token", "from": told.path}, offset, ""
    if "link" in headers and (token or offset or page):
        return {"type": "link", "from": "header:Link"}, None, ""
    for name in headers:
        if plain(name) in HEADERS:
            of = token or page
            doubt = "is the header a token, or a whole link?"
            return {"type": "token" if of is not None else "link", "from": f"header:{name}"}, of, doubt
    if keyset is not None:
        return {"type": "keyset"}, keyset, "" if _until(spots) else "are the rows in the order of their keys?"
    if page is not None and offset is None and (token is None or told is None):
        start = page.schema.get("default", page.schema.get("minimum"))
        return {"type": "page", **({"start": 0} if start == 0 else {})}, page, ""
    if token is not None:
        return {"type": "token", "from": "next"}, token, f"where does the answer tell the next `{token.name}`?"
    if offset is not None:
        start = offset.schema.get("default", offset.schema.get("minimum"))
        return {"type": "offset"}, offset, "does it count from 1?" if start == 1 else ""
    if "link" in headers:
        return {"type": "link", "from": "header:Link"}, None, ""
    return None, None, ""


def _is_link(spot: _Spot, token: Parameter | None) -> bool:
    name, around = spot.names[-1], "".join(spot.names[:-1])
    if name == "href":
        return "next" in around
    if name not in LINK and not (name in ("uri", "url", "link") and "next" in around):
        return False
    about = " ".join(str(spot.schema.get(word, "")) for word in ("description", "example", "format")).lower()
    tells = any(word in about + name + around for word in ("url", "uri", "http", "link"))
    return "string" in types(spot.schema) and (tells or (name == "next" and token is None))


def _told(spots: Sequence[_Spot]) -> _Spot | None:
    """Where the answer tells the next token; names that say little count only in what speaks of pages."""
    for wanted in TOLD:
        for spot in spots:
            around = "".join(spot.names[:-1])
            speaks = len(spot.names) == 1 or any(word in around for word in ("pag", "next", "meta", "cursor"))
            if spot.names[-1] == wanted and (wanted not in VAGUE or speaks):
                return spot
    return None


def _until(spots: Sequence[_Spot]) -> dict[str, Any] | None:
    for spot in spots:
        if "boolean" in types(spot.schema) and spot.names[-1] in (*MORE, *LAST):
            return {spot.path: spot.names[-1] in LAST}
    return None


def _size(param: Parameter | None) -> tuple[int | None, str]:
    if param is None:
        return None, ""
    most, usual = param.schema.get("maximum"), param.schema.get("default")
    if isinstance(most, int) and not isinstance(most, bool) and most > 0:
        return min(most, MOST), ""
    text = f"the document tells no largest `{param.name}`"
    if isinstance(usual, int) and not isinstance(usual, bool) and usual > 0:
        return min(usual, MOST), text
    return 100, text


def _named(asked: list[Parameter], names: tuple[str, ...], *, counts: bool = False) -> Parameter | None:
    """The first of these names that is asked for. counts: it is a number; some documents call all of them text."""
    by_name = {
        plain(each.name): each
        for each in reversed(asked)
        if not counts or set(types(each.schema)) != {"string"} or plain(each.name) in ("page", "limit", "offset")
    }
    return next((by_name[name] for name in names if name in by_name), None)


def _spots(
    document: Document, schema: Mapping[str, Any], records: str, path: str = "", names: tuple[str, ...] = ()
) -> Iterator[_Spot]:
    for name, each in document.properties(schema).items():
        step = step_of(name)
        if step is None:
            continue
        whole = f"{path}.{step}" if path else step
        if whole == records:
            continue
        kinds = types(each)
        if "object" in kinds:
            if len(names) < 4:
                yield from _spots(document, each, records, whole, (*names, plain(name)))
        elif "array" not in kinds:
            yield _Spot(whole, (*names, plain(name)), each)


def step_of(name: str) -> str | None:
    """A property's name as a step of a path; None where it cannot be one."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name) and name != "status":
        return name
    return f"[{name}]" if name and "]" not in name and " | " not in name else None
