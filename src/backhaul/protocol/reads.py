"""Reads pages: renders a read's request, follows its next pages, decodes each into columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from backhaul.config import paths
from backhaul.config.objects import ChangedToken, ObjectDefinition
from backhaul.config.paths import MISSING, Answer
from backhaul.config.placeholders import parse as parse_template
from backhaul.config.placeholders import texts
from backhaul.config.reads import NextLink, NextMoment, NextScroll, Read
from backhaul.errors import FixDefinition, VendorDown, WindowLost
from backhaul.http.refusals import AnswerLost, Refused
from backhaul.http.request import Response
from backhaul.protocol import render
from backhaul.protocol.connection import Connection
from backhaul.protocol.decode import Decoded, Decoder, NotAsPromised
from backhaul.protocol.jobs import run_read_job
from backhaul.protocol.paging import Position, Served, following, page_of, since_of, told
from backhaul.protocol.render import Bindings
from backhaul.protocol.schema import Field, ObjectSchema
from backhaul.protocol.values import read_timestamp


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a read."""

    columns: Mapping[str, Any]
    rows: int
    next: Position | None
    """None: it was the last page."""
    total: int | None
    sent_at: datetime
    vendor_time: datetime | None
    bytes: int
    exact: Callable[[], Mapping[str, Any]]
    """The same columns with every number exact; decoded when asked for."""
    unknown: Callable[[], Mapping[str, Any]]
    """Fields on the page that the schema does not have, with a value each."""
    told: str | None = None
    """The position from which the next read goes on, where the page tells it."""


@dataclass(frozen=True)
class Ask:
    """What is asked of an object: which read of it, of which fields, for which bindings."""

    schema: ObjectSchema
    definition: ObjectDefinition
    read: Read
    role: str
    fields: tuple[Field, ...]
    bindings: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further columns by path: when it was deleted, which parent it has."""
    job_id: str | None = None
    """A job that an earlier run started: it is polled, not created again."""

    @property
    def save(self) -> str | None:
        """Where pages tell the position that the vendor keeps."""
        changed = self.definition.changed
        return changed.save if isinstance(changed, ChangedToken) and self.role in ("all", "changes") else None


class PositionLost(WindowLost):
    """The vendor no longer takes the position that it gave: everything is to be read again."""


class TooMany(Exception):
    """The window holds more rows than the vendor serves of one read: halve it."""


class NextRead(Exception):
    """This read cannot serve the object; the next of its role may."""


class NotServed(Exception):
    """The account does not give this object to us: no scope, no permission."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(str(refused))
        self.refused = refused


def read_pages(
    connection: Connection,
    ask: Ask,
    start: Position | None = None,
    *,
    on_dropped: Callable[[Field], None] = lambda field: None,
    on_job: Callable[[str], None] = lambda job_id: None,
) -> Iterator[Page]:
    """Yield the pages of one read, from `start` or from the beginning.

    on_dropped: a field that the vendor says is not there was left out, and the page asked for again.
    on_job: the id of a job just created, before it is first polled.
    A scroll that an answer of was lost begins again: its first pages are then given twice.
    Raises WindowLost (start it again), TooMany (halve it), NextRead, JobFailed, NotServed, and what `Transport.send`
    raises.
    """
    with _turn(connection, ask.read):
        yield from _pages(connection, ask, start, on_dropped, on_job)


def _turn(connection: Connection, read: Read) -> AbstractContextManager[None]:
    """Of reads of which the account has one at a time, the turn."""
    results = read.job.results if read.job is not None else read
    return connection.transport.alone("scroll") if isinstance(results.next, NextScroll) else nullcontext()


def _pages(
    connection: Connection,
    ask: Ask,
    start: Position | None,
    on_dropped: Callable[[Field], None],
    on_job: Callable[[str], None],
) -> Iterator[Page]:
    read, fields = ask.read, ask.fields
    job: Mapping[str, str] = {}
    while read.job is not None:
        try:
            bound = _bindings(connection, ask, fields)
            job = run_read_job(connection, ask.read, bound, ask.role, ask.schema.name, ask.job_id, on_job)
        except Refused as refused:
            fields = _without(refused, ask, fields, on_dropped)
            continue
        read = read.job.results
    course = _Course(connection, ask, read, fields, job)
    position = start or Position()
    if position.page is not None and isinstance(read.next, NextLink):
        _same_host(connection, read, _bindings(connection, ask, fields), position.page)
    chain = lost_answers = 0
    while True:
        try:
            page = _fetch(course, position)
        except AnswerLost as lost:
            lost_answers += 1
            if lost_answers > _MOST_LOST:
                raise VendorDown(f"{lost.what}; its scroll was begun {lost_answers} times") from lost
            position = Position()
            continue
        except Refused as refused:
            course = course.of_fields(_without(refused, ask, course.fields, on_dropped))
            if isinstance(read.next, NextLink) and position.page is not None:
                # the link still names the field: a new chain of pages does not
                raise WindowLost("the next page's link asks for a field that is gone") from refused
            continue
        chain += page.rows
        page = _capped(page, read, ask, chain)
        if page.next is not None and page.next.page is None and read.cap is not None:
            chain = 0
        yield page
        if page.next is None:
            return
        if page.next == position and not isinstance(read.next, NextScroll):
            raise FixDefinition(
                f"the next page of {ask.schema.name} is the page that was just read: it would be asked for without end",
                next_step="ask for larger pages, or page by something that tells records of one moment apart",
                object=ask.schema.name,
            )
        position = page.next


_MOST_LOST = 5
"""Answers of one scroll that may be lost, before the vendor counts as down."""


def _same_host(connection: Connection, read: Read, bindings: Bindings, link: str) -> None:
    """A link that was kept is followed only where requests go by now: our credentials go with it.

    Raises FixDefinition.
    """
    ours, theirs = urlsplit(connection.render(read, bindings).url), urlsplit(link)
    if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
        raise FixDefinition(
            f"the position that was kept leads to {theirs.scheme}://{theirs.netloc}, and the connection to"
            f" {ours.scheme}://{ours.netloc}",
            next_step="where the connection has moved, read everything anew: `backhaul sync --full`",
        )


def _bindings(connection: Connection, ask: Ask, fields: tuple[Field, ...]) -> Bindings:
    values = ask.read.values or connection.source.values
    base = connection.bindings(ask.schema, ask.definition)
    # what the read itself puts on a record is no field to ask for
    asked = tuple(each for each in fields if each.name not in ask.read.add)
    return base.reading(asked, values, connection.zone_of(values)).with_(
        **{name.replace(".", "__"): value for name, value in ask.bindings.items()}
    )


class _Course:
    """One read on its way, page after page: what no page changes is bound and written once."""

    def __init__(
        self, connection: Connection, ask: Ask, read: Read, fields: tuple[Field, ...], job: Mapping[str, str]
    ) -> None:
        self.connection = connection
        self.ask = ask
        self.read = read
        self.fields = fields
        self._job = job
        self._bound: Bindings | None = None
        self._written: render.Rendered | None = None
        moving = ("page", "last.key", *(("since",) if isinstance(read.next, NextMoment) else ()))

        def moves(value: Any) -> bool:
            """Whether it is another on each page."""
            return any(each.name in moving for text in texts(value) for each in parse_template(text).names)

        self._moving = [name for name, raw in read.params.items() if moves(raw)]
        rest = (connection.source.headers, read.headers, read.json_body, read.form, read.xml)
        query = [read.query.text, *read.query.where, read.query.order or ""] if read.query is not None else []
        named = any("{" in name for name in read.params)
        self._moves_in_params_alone = not named and not any(map(moves, (read.url, *rest, query)))
        self._constants_move = moves(read.add)
        self._decoder: tuple[tuple[Field, ...], Decoder] | None = None

    def of_fields(self, fields: tuple[Field, ...]) -> _Course:
        """The same read of other fields."""
        return _Course(self.connection, self.ask, self.read, fields, self._job)

    def bindings(self, position: Position) -> Bindings:
        if self._bound is None or self.connection.needs_sign_in:
            self._bound = _bindings(self.connection, self.ask, self.fields).with_(
                size=self.read.size, **{f"job__{name}": value for name, value in self._job.items()}
            )
            self._written = None
        return self._bound.with_(
            page=page_of(self.read.next, position),
            last__key=position.last_key,
            since=since_of(self.read.next, position, self.ask.bindings.get("since")),
        )

    def rendered(self, bindings: Bindings) -> render.Rendered:
        if self._written is None or not self._moves_in_params_alone:
            self._written = self.connection.render(self.read, bindings)
        elif self._moving:
            fixed = dict(self._written.params)
            fixed |= {name: render.param(self.read.params[name], bindings) for name in self._moving}  # type: ignore[misc]
            in_order = ((name, fixed.get(name)) for name in self.read.params)
            params = tuple((name, value) for name, value in in_order if value is not None)
            self._written = replace(self._written, params=params)
        return self._written

    def decoder(self, fields: tuple[Field, ...], bindings: Bindings) -> Decoder:
        if self._decoder is None or self._constants_move or self._decoder[0] is not fields:
            self._decoder = fields, _decoder(self.ask, self.read, fields, bindings)
        return self._decoder[1]


def _fetch(course: _Course, position: Position) -> Page:
    connection, ask, read, fields = course.connection, course.ask, course.read, course.fields
    bindings = course.bindings(position)
    slices = [fields]
    if isinstance(read.next, NextLink) and position.page is not None:
        rendered = render.Rendered("GET", position.page, (), connection.headers(read, bindings), None)
    else:
        rendered = course.rendered(bindings)
        if read.max_url is not None and rendered.length > read.max_url:
            slices = _slices(connection, read, ask, fields, bindings, read.max_url)
            rendered = connection.render(read, replace(bindings, fields=slices[0]))
    parent = str(ask.bindings.get("parent.key", ""))
    # the next request of a scroll gives the next page, also where the answer to this one is lost
    repeatable = False if isinstance(read.next, NextScroll) else None
    response = connection.send(
        rendered, read, role=ask.role, object=ask.schema.name, repeatable=repeatable, parent=parent
    )
    decoder = course.decoder(slices[0], bindings)
    decoded = _decode(decoder, read, ask, response)
    for more in slices[1:]:
        written = connection.render(read, replace(bindings, fields=more))
        other = connection.send(written, read, role=ask.role, object=ask.schema.name, parent=parent)
        decoded = _joined(decoded, _decode(_decoder(ask, read, more, bindings), read, ask, other), ask.schema.key)
    total = paths.first(read.total, decoded.answer) if read.total else MISSING
    served = Served(decoded.answer, decoded.rows if decoded.served is None else decoded.served, response.url)
    return Page(
        columns=decoded.columns,
        rows=decoded.rows,
        next=following(
            read.next,
            served,
            position,
            read.size,
            lambda: last_key(decoded.columns, ask.schema.key),
            lambda: _last_changed(decoded.columns, ask, bindings),
        ),
        told=told(ask.save, read.next, served),
        total=None if total in (MISSING, None) else int(total),
        sent_at=response.sent_at,
        vendor_time=response.vendor_time,
        bytes=len(response.body),
        exact=lambda: decoder.exact(response.body, response.headers, response.status).columns,
        unknown=lambda: decoder.unknown_fields(response.body),
    )


_decoders: dict[tuple[int, tuple[str, ...], str], tuple[Read, Decoder]] = {}


def _decoder(ask: Ask, read: Read, fields: tuple[Field, ...], bindings: Bindings) -> Decoder:
    """Structs are made once a read and choice of fields, not once a page."""
    constants = {
        name: value
        for name, reader in read.add.items()
        if isinstance(reader, str)
        and parse_template(reader).names
        and (value := render.text(reader, bindings)) is not render.UNBOUND
    }
    facts = () if ask.save is None else (ask.save,)
    key = (id(read), tuple(each.name for each in fields), repr((constants, sorted(ask.extra.items()), facts)))
    found = _decoders.get(key)
    if found is None or found[0] is not read:
        if len(_decoders) > 500:
            _decoders.clear()
        found = _decoders[key] = (read, Decoder(read, fields, ask.schema.key, ask.extra, constants, facts))
    return found[1]


def _decode(decoder: Decoder, read: Read, ask: Ask, response: Response) -> Decoded:
    try:
        decoded = decoder.decode(response.body, response.headers, response.status)
        place = decoder.elsewhere(response.body) if not decoded.rows and not decoded.served else None
    except NotAsPromised as error:
        raise VendorDown(f"the answer is no {read.format}: {error}", object=ask.schema.name) from error
    if place is not None:
        raise FixDefinition(
            f"the answer has no `{read.records}`, where the definition looks for records, and has some at `{place}`",
            next_step=f"correct `records` of the read `{ask.role}` in the source's definition",
            object=ask.schema.name,
        )
    return decoded


def _capped(page: Page, read: Read, ask: Ask, chain: int) -> Page:
    if read.cap is not None and page.next is not None and chain + (read.size or 0) > read.cap:
        return replace(page, next=Position(None, last_key(page.columns, ask.schema.key)))
    return page


def last_key(columns: Mapping[str, Any], key: tuple[str, ...]) -> str | None:
    """The last row's key, of a single key field."""
    column = columns[key[0]]
    return str(column[len(column) - 1]) if len(column) else None


def _last_changed(columns: Mapping[str, Any], ask: Ask, bindings: Bindings) -> datetime | None:
    column = columns.get(ask.schema.change_field or "") or [None]
    try:
        return None if column[-1] is None else read_timestamp(column[-1], bindings.values, bindings.zone)
    except ValueError:
        return None


def _slices(
    connection: Connection, read: Read, ask: Ask, fields: tuple[Field, ...], bindings: Bindings, limit: int
) -> list[tuple[Field, ...]]:
    """Fields in slices that each fit the URL; the key comes with every one."""
    keys = tuple(each for each in fields if each.name in ask.schema.key)
    rest = [each for each in fields if each.name not in ask.schema.key and each.name not in read.add]
    slices: list[tuple[Field, ...]] = []
    current: list[Field] = []
    for each in rest:
        if current and connection.render(read, replace(bindings, fields=(*keys, *current, each))).length > limit:
            slices.append((*keys, *current))
            current = []
        current.append(each)
    return [*slices, (*keys, *current)]


def _joined(one: Decoded, other: Decoded, key: tuple[str, ...]) -> Decoded:
    """The columns of both, row by row of the first; a record that only one call saw keeps what that call gave."""
    places = {tuple(values): row for row, values in enumerate(zip(*(other.columns[name] for name in key), strict=True))}
    order = [places.get(tuple(values)) for values in zip(*(one.columns[name] for name in key), strict=True)]
    columns = dict(one.columns)
    for name, column in other.columns.items():
        if name not in columns:
            columns[name] = [None if row is None else column[row] for row in order]
    return Decoded(columns, one.rows, one.answer)


def _without(
    refused: Refused, ask: Ask, fields: tuple[Field, ...], on_dropped: Callable[[Field], None]
) -> tuple[Field, ...]:
    """The fields without the one that the vendor says is not there. Raises what any other refusal means."""
    name = refused.facts.field.lower()
    lost = next((each for each in fields if each.name.lower() == name), None)
    if refused.outcome != "drop_field" or lost is None or lost.name in ask.schema.key:
        raise _as_read_error(refused) from refused
    on_dropped(lost)
    return tuple(each for each in fields if each is not lost)


def _as_read_error(refused: Refused) -> Exception:
    match refused.outcome:
        case "restart" | "resync":
            said = refused.facts.message or refused.facts.code or refused.status
            lost = PositionLost if refused.outcome == "resync" else WindowLost
            return lost(f"the vendor no longer serves this page: {said}")
        case "split":
            return TooMany(str(refused))
        case "next_read":
            return NextRead(str(refused))
        case "skip" | "absent":
            return NotServed(refused)
        case _:
            return refused


def records_in(
    answer: Any,
    definition: Read,
    fields: tuple[Field, ...],
    key: tuple[str, ...],
    at: str,
    constants: Mapping[str, Any],
) -> Decoded:
    """The children that stand within one parent's record."""
    inner = paths.each(at, Answer(answer))
    return Decoder(definition, fields, key, {}, constants).columns_of(inner, Answer(answer))
