"""What of the kit's points an account can prove that nobody can tell to fail, to change or to forget: a real one.

It is read by the definition, a bounded number of pages, and nothing that is read is kept. It is written only when that
is asked for, and then only records that were made here, which are taken away again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from backhaul.config import paths
from backhaul.config.auth import AuthApiKey, AuthBasic, AuthBearer
from backhaul.config.calls import Cut
from backhaul.config.objects import ChangedField, ObjectDefinition
from backhaul.config.reads import Read
from backhaul.conformance.bench import CannotExist, NotProven, require
from backhaul.conformance.report import POINTS, Cell, Report, in_order
from backhaul.discovery.discover import discover, list_objects
from backhaul.errors import BackhaulError, Reauthorise
from backhaul.extract.bounds import floor_to
from backhaul.extract.by_key import pages_by_key
from backhaul.pipeline.context import Context
from backhaul.protocol import writes
from backhaul.protocol.connection import Connection
from backhaul.protocol.keys import join_key
from backhaul.protocol.paging import Position
from backhaul.protocol.reads import Ask, NotServed, Page, read_pages
from backhaul.protocol.results import RowAnswer
from backhaul.protocol.schema import Field, ObjectSchema
from backhaul.protocol.values import read_timestamp
from backhaul.protocol.writes import OutRow
from backhaul.push.values import typed
from backhaul.state.usage import Meter

MOST_PAGES = 20
"""Of one object: enough to see how pages follow each other, and little of a large account's quota."""
TOLD_TO = "only a simulator can be told to do that"
NOT_HERE: Mapping[str, str] = {
    "jobs": "they are made for many rows; a simulator proves them",
    "late": TOLD_TO,
    "deleted": "nothing is deleted here that was not made here",
    "restored": TOLD_TO,
    "merged": TOLD_TO,
    "purged": TOLD_TO,
    "429 storm": TOLD_TO,
    "failing vendor": TOLD_TO,
    "dead token": TOLD_TO,
    "schema change": TOLD_TO,
    "upsert": "what it would match is not ours to write over",
    "written once": "it takes a push: `backhaul push apply`, twice",
    "mirror": "it takes a push, whose select gives less the second time",
    "append": "it takes a push: `backhaul push apply`, twice",
    "associate": "the records that it would link are not ours",
    "write limits": "it would take many writes",
}
OnCell = Callable[[Cell], None]


@dataclass
class _Counted:
    """The account's own meter, which also numbers the requests of this check."""

    beneath: Meter
    seen: int = 0

    def count(
        self, *, requests: int = 0, bytes: int = 0, retries: int = 0, throttled: int = 0, waited: float = 0.0
    ) -> None:
        self.seen += requests
        self.beneath.count(requests=requests, bytes=bytes, retries=retries, throttled=throttled, waited=waited)


@dataclass
class _Seen:
    """What the first read showed of an object. pages: the keys of each, and where the next one starts."""

    schema: ObjectSchema
    definition: ObjectDefinition
    read: Read
    pages: list[tuple[list[str], Position | None]] = field(default_factory=list)
    latest: tuple[datetime, str] | None = None
    """The latest change value, and whose it is."""

    @property
    def keys(self) -> list[str]:
        return [key for keys, _ in self.pages for key in keys]


def check(
    context: Context,
    name: str,
    *,
    points: Sequence[str] = (),
    objects: int = 6,
    write: bool = False,
    on_cell: OnCell = lambda cell: None,
) -> Report:
    """Prove what can be proven on this connection's account. write: make, change and delete records of our own, too.

    points: only these; empty: all. objects: at most so many of those that the connection has chosen.
    Raises ConfigError where the connection cannot even be opened.
    """
    meter = _Counted(context.state.usage.meter(context.customer, name))
    connection = context.opened(name, context.credentials(name), context.tokens(name), priority="bulk", meter=meter)
    try:
        account = _Account(context, name, connection, meter, points or tuple(POINTS), objects, write, on_cell)
        account.run()
    finally:
        connection.close()
    source = connection.source
    return Report(
        source.source, source.title, f"{context.customer}/{name}", tuple(account.seen), in_order(account.cells)
    )


class _Account:
    def __init__(
        self, context: Context, name: str, connection: Connection, meter: _Counted, points: Sequence[str], most: int,
        write: bool, on_cell: OnCell,
    ) -> None:  # fmt: skip
        self._context, self._name, self._connection, self._meter = context, name, connection, meter
        self._points, self._most, self._write, self._on_cell = points, most, write, on_cell
        self.cells: list[Cell] = []
        self.seen: dict[str, _Seen] = {}
        self._made: dict[str, tuple[ObjectSchema, ObjectDefinition, str, Field]] = {}

    def run(self) -> None:
        proofs: dict[str, Callable[[], str]] = {
            "probe": self._probe,
            "discovery": self._discovery,
            "first read": self._first_read,
            "resume": self._resume,
            "incremental": self._incremental,
            "by key": self._by_key,
            "limits": self._limits,
            "create": self._create,
            "update": self._update,
            "delete": self._delete,
            "auth": self._auth,
        }
        needed = {"probe"} if set(self._points) <= {"auth", "probe", "limits"} else {"probe", "discovery"}
        needed |= {"first read"} & set(self._points) or ({"first read"} if self._reads() else set())
        needed |= {"create"} if {"update", "delete"} & set(self._points) and self._write else set()
        needed |= {"delete"} if "create" in needed | set(self._points) and self._write else set()
        failed = ""
        for point, prove in proofs.items():
            if point not in self._points and point not in needed:
                continue
            if failed and point not in ("auth", "limits"):
                self.cells.append(Cell(point, "fails", f"the point {failed} fails"))
            elif not self._point(point, prove) and point in ("probe", "discovery"):
                failed = point
        self.cells += [Cell(point, "cannot", why) for point, why in NOT_HERE.items() if point in self._points]

    def _reads(self) -> bool:
        return bool({"resume", "incremental", "by key", "create", "update", "delete"} & set(self._points))

    def _point(self, point: str, prove: Callable[[], str]) -> bool:
        mark = self._meter.seen
        try:
            why = prove()
        except CannotExist as reason:
            cell = Cell(point, "cannot", str(reason))
        except NotProven as reason:
            cell = Cell(point, "fails", str(reason))
        except NotServed as unseen:
            cell = Cell(point, "fails", unseen.refused.what)
        except BackhaulError as error:
            cell = Cell(point, "fails", error.what)
        else:
            cell = Cell(point, "works", why, tuple(range(mark + 1, self._meter.seen + 1)))
        self.cells.append(cell)
        self._on_cell(cell)
        return cell.state != "fails"

    # -- who, and what -----------------------------------------------------------------------------------------------

    def _probe(self) -> str:
        first, second = self._connection.probe(), self._connection.probe()
        require(first["id"] == second["id"], f"asked twice, it tells {first['id']} and {second['id']}")
        return f"account {first['id']}"

    def _auth(self) -> str:
        """The right ones were accepted by the probe; wrong ones of the same kind are told from them."""
        source, config = self._connection.source, self._context.pipeline.connections[self._name]
        way = source.auth[source.way_in(config.auth) or ""]
        if not isinstance(way, AuthBearer | AuthApiKey | AuthBasic):
            raise CannotExist("wrong credentials would cost the connection its tokens, or the app its good name")
        wrong = {name: f"{value}-but-wrong" for name, value in self._context.credentials(self._name).items()}
        opened = self._context.opened(self._name, wrong, None, priority="bulk", meter=self._meter)
        try:
            opened.probe()
        except Reauthorise:
            return "wrong credentials are refused, and known for what they are"
        finally:
            opened.close()
        raise NotProven("wrong credentials were accepted: does the probe ask something that takes credentials?")

    def _discovery(self) -> str:
        connection = self._connection
        mark = self._meter.seen
        there = {each.name for each in list_objects(connection)}
        chosen = self._context.pipeline.connections[self._name].objects
        names = sorted(there) if isinstance(chosen, str) else list(chosen)
        names = [each for each in names if each in there or each in connection.source.objects]
        require(names, "the account has none of the objects that the connection has chosen")
        own = [each for each in names if _is_read_alone(connection, each)][: self._most]
        found = discover(connection, own)
        for name, schema in found.schema.objects.items():
            definition = connection.source.definition(name)
            if definition is not None and name in own:
                self.seen[name] = _Seen(schema, definition, definition.reads.all[0])
        unknown = ", ".join(f"{place} ({kind})" for place, kind in sorted(found.unknown_types.items()))
        require(not unknown, f"types that the definition does not know, taken as text: {unknown}")
        require(self.seen, f"none of {', '.join(own)} is served: {next(iter(found.not_served.values()), '')}")
        if self._meter.seen == mark:
            raise CannotExist("the definition has all fields itself: nothing is asked")
        fields = sum(len(each.schema.fields) for each in self.seen.values())
        return f"{len(there)} object{'s' * (len(there) != 1)}; {fields} fields of {', '.join(self.seen)}"

    # -- reading -----------------------------------------------------------------------------------------------------

    def _pages(self, seen: _Seen, read: Read, role: str, start: Position | None = None, **bound: Any) -> Iterator[Page]:
        ask = Ask(seen.schema, seen.definition, read, role, tuple(seen.schema.fields.values()), bound)
        for number, page in enumerate(read_pages(self._connection, ask, start), 1):
            yield page
            if number == MOST_PAGES:
                return

    def _first_read(self) -> str:
        rows, new = 0, set()
        for name, seen in self.seen.items():
            total = None
            for page in self._pages(seen, seen.read, "all"):
                keys = _keys(page, seen.schema)
                require(None not in keys, f"{name}: a record has no {', '.join(seen.schema.key)}")
                seen.pages.append(([str(each) for each in keys], page.next))
                self._take(seen, page)
                new |= {f"{name}.{each}" for each in page.unknown()}
                total = page.total if page.total is not None else total
            twice = _first_double(seen.keys)
            require(twice is None, f"{name} {twice} came on two pages: do pages follow one another?")
            ended = not seen.pages or seen.pages[-1][1] is None
            told = f"{name}: {len(seen.keys)} records came, and the vendor counts {total}"
            require(not ended or total is None or total == len(seen.keys), told)
            rows += len(seen.keys)
        also = f"; fields that its schema does not tell: {', '.join(sorted(new)[:6])}" if new else ""
        return f"{rows} records of {', '.join(self.seen)}{also}"

    def _take(self, seen: _Seen, page: Page) -> None:
        """Look at each value as its type; remember the latest change."""
        values = seen.read.values or self._connection.source.values
        zone = self._connection.zone_of(values)
        for name, column in page.columns.items():
            kind = seen.schema.fields.get(name)
            for place, raw in enumerate(column if kind is not None and kind.type != "json" else ()):
                if raw is None or raw == "" or kind is None:
                    continue
                try:
                    value = read_timestamp(raw, values, zone) if kind.type == "timestamp" else _plain(raw, kind)
                except (ValueError, ArithmeticError, OverflowError, OSError):
                    raise NotProven(
                        f"{seen.schema.name}.{name} holds {str(raw)[:40]!r}, which is no {kind.type}"
                    ) from None
                if name == seen.schema.change_field and isinstance(value, datetime):
                    key = str(_keys(page, seen.schema)[place])
                    seen.latest = max(seen.latest or (value, key), (value, key))

    def _resume(self) -> str:
        name, seen = self._longest(2, "everything stands on one page")
        (_, after), (second, _), *_ = seen.pages
        again = next(self._pages(seen, seen.read, "all", after))
        keys = [str(each) for each in _keys(again, seen.schema)]
        require(keys == second, f"{name}: behind the first page came {keys[:1]}, and the first time {second[:1]}")
        return f"the second page of {name}, asked for by itself"

    def _incremental(self) -> str:
        changing = {
            name: each for name, each in self.seen.items()
            if isinstance(each.definition.changed, ChangedField) and each.definition.reads.changes and each.latest
        }  # fmt: skip
        if not changing:
            raise CannotExist("no object that was read tells change by a field, or none holds a record")
        for name, seen in changing.items():
            changed, latest = seen.definition.changed, seen.latest
            assert isinstance(changed, ChangedField) and latest is not None  # noqa: S101, PT018  chosen so above
            moment, key = latest
            now = floor_to(self._connection.vendor_now(), changed.resolution)
            found = self._changes(seen, floor_to(moment, changed.resolution), max(now, moment) + changed.resolution)
            told = f"{name} {key} changed at {moment:%Y-%m-%dT%H:%M:%SZ}"
            require(key in found, f"{told}, and a read of what changed since then does not find it")
            if moment < now - changed.index_lag:
                found = self._changes(seen, now, now + changed.resolution)
                require(key not in found, f"{told}, and a read of what changed since {now:%H:%M:%SZ} finds it")
        return f"{', '.join(changing)}: the latest change is found by its time, and not by a later one"

    def _changes(self, seen: _Seen, since: datetime, until: datetime) -> set[str]:
        pages = self._pages(seen, seen.definition.reads.changes[0], "changes", since=since, until=until)
        return {str(each) for page in pages for each in _keys(page, seen.schema)}

    def _by_key(self) -> str:
        able = {name: each for name, each in self.seen.items() if each.definition.reads.by_key and each.keys}
        if not able:
            raise CannotExist("no object that was read is read by key, or none holds a record")
        for name, seen in able.items():
            wanted = seen.keys[:3]
            found = self._found(seen, wanted)
            require(set(found) == set(wanted), f"{name}: of {', '.join(wanted)} came {', '.join(found) or 'none'}")
        return f"three records each of {', '.join(able)}"

    def _found(self, seen: _Seen, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Records by their keys, as they were sent."""
        read = seen.definition.reads.by_key[0]
        ask = Ask(seen.schema, seen.definition, read, "by_key", tuple(seen.schema.fields.values()))
        rows: dict[str, dict[str, Any]] = {}
        for page in pages_by_key(self._connection, ask, keys):
            for place, key in enumerate(_keys(page, seen.schema)):
                rows[str(key)] = {name: column[place] for name, column in page.columns.items()}
        return rows

    def _longest(self, least: int, else_why: str) -> tuple[str, _Seen]:
        found = [(name, each) for name, each in self.seen.items() if len(each.pages) >= least]
        if not found:
            raise CannotExist(else_why)
        return max(found, key=lambda one: len(one[1].pages))

    def _limits(self) -> str:
        """Only what the vendor tells of itself: its limits are not tried out on an account that others use."""
        source = self._connection.source
        named = [
            (each, getattr(each, each_name)) for each in source.limits for each_name in ("remaining", "used", "max")
        ]
        wanted = {header for _, reader in named if (header := _header(reader)) is not None}
        if not wanted:
            raise CannotExist("the definition names no header that tells of limits; and limits are not tried out here")
        response = self._connection.call(source.probe, self._connection.bindings(None, None), role="probe")
        absent = sorted(each for each in wanted if each not in response.headers)
        require(not absent, f"the answer to the probe has no header {', '.join(absent)}")
        return ", ".join(f"{each}: {response.headers[each]}" for each in sorted(wanted))

    # -- writing -----------------------------------------------------------------------------------------------------

    def _create(self) -> str:
        self._may_write()
        for name, seen in self.seen.items():
            text = _text_of(seen.schema)
            needed = [each.name for each in seen.schema.fields.values() if each.required and each != text]
            if text is None or needed or not (seen.definition.writes.create and seen.definition.writes.delete):
                continue
            value = f"backhaul check {self._context.run_id}"
            (answer,) = self._sent(seen, "create", OutRow(f"check{self._context.run_id}", {text.name: value}))
            require(
                answer.state == "confirmed", f"{name}: a new record is {answer.state}: {answer.message or answer.code}"
            )
            require(answer.key, f"{name}: the answer to a create does not tell the key of what was made")
            self._made[name] = (seen.schema, seen.definition, str(answer.key), text)
            self._holds(seen, str(answer.key), text.name, value)
        if not self._made:
            raise CannotExist("no object that was read can be made of one text, and taken away again")
        return ", ".join(f"{name} {key}" for name, (_, _, key, _) in self._made.items())

    def _update(self) -> str:
        self._may_write()
        able = [name for name, (_, definition, _, _) in self._made.items() if definition.writes.update]
        if not able:
            raise CannotExist("nothing that was made can be changed")
        for name in able:
            _, _, key, text = self._made[name]
            value = f"backhaul check {self._context.run_id}, again"
            (answer,) = self._sent(self.seen[name], "update", OutRow("again", {text.name: value}, key=key))
            require(answer.state == "confirmed", f"{name} {key} is {answer.state}: {answer.message or answer.code}")
            self._holds(self.seen[name], key, text.name, value)
        return ", ".join(able)

    def _delete(self) -> str:
        """What was made here is taken away, whatever became of it in between."""
        self._may_write()
        if not self._made:
            raise CannotExist("nothing was made that could be taken away")
        left = []
        for name, (_, _, key, _) in self._made.items():
            (answer,) = self._sent(self.seen[name], "delete", OutRow("gone", key=key))
            if answer.state != "confirmed":
                left.append(f"{name} {key} ({answer.message or answer.code or answer.state})")
        require(not left, f"take them away by hand, they were made here: {', '.join(left)}")
        return ", ".join(f"{name} {key}" for name, (_, _, key, _) in self._made.items())

    def _may_write(self) -> None:
        if not self._write:
            raise CannotExist("nothing is written unless --writes is given")

    def _sent(self, seen: _Seen, mode: Any, row: OutRow) -> list[RowAnswer]:
        target = writes.choose(seen.schema, seen.definition, mode, 1, strict=True)
        version = target.write.version
        if version is not None and row.key is not None and mode == "update":
            name = version.field.replace("{changed.field}", str(seen.schema.change_field))
            now = self._found(seen, [row.key]).get(row.key, {}).get(name)
            values = seen.definition.reads.by_key[0].values or self._connection.source.values
            kind = seen.schema.fields.get(name)
            told = (
                read_timestamp(now, values)
                if kind is not None and kind.type == "timestamp" and now is not None
                else now
            )
            row = OutRow(row.id, row.values, row.key, version=told)
        return writes.send(self._connection, target, [row])

    def _holds(self, seen: _Seen, key: str, name: str, value: str) -> None:
        if not seen.definition.reads.by_key:
            return
        record = self._found(seen, [key]).get(key)
        require(
            record is not None, f"{seen.schema.name} {key} was written, and is not there when it is read by its key"
        )
        assert record is not None  # noqa: S101  required above
        require(
            record.get(name) == value,
            f"{seen.schema.name} {key} {name} is {record.get(name)!r}, and {value!r} was written",
        )


def _is_read_alone(connection: Connection, name: str) -> bool:
    definition = connection.source.definition(name)
    return (
        definition is not None
        and definition.parent is None
        and bool(definition.reads.all)
        and not any((definition.reads.all[0].job, definition.reads.all[0].each, definition.reads.all[0].hydrate))
    )


def _keys(page: Page, schema: ObjectSchema) -> list[str | None]:
    if not page.rows:
        return []
    parts = zip(*(page.columns[name] for name in schema.key), strict=True)
    return [None if None in each else join_key(each) for each in parts]


def _first_double(keys: Sequence[str]) -> str | None:
    seen: set[str] = set()
    return next((key for key in keys if key in seen or seen.add(key)), None)  # type: ignore[func-returns-value]


def _plain(raw: Any, kind: Field) -> Any:
    return typed(str(raw).lower() if isinstance(raw, bool) else str(raw), kind)


def _header(reader: Any) -> str | None:
    text = reader.source if isinstance(reader, Cut) else reader
    if text is None:
        return None
    return next((str(each.steps[0]) for each in paths.parse(text) if each.place == "header"), None)


def _text_of(schema: ObjectSchema) -> Field | None:
    able = [
        each for each in schema.fields.values()
        if each.type == "text" and each.creatable and each.updatable and not each.options and not each.references
        and each.name not in schema.key
    ]  # fmt: skip
    named = [each for each in able if any(word in each.name.lower() for word in ("name", "title", "subject"))]
    return next(iter([*(each for each in able if each.required), *named, *able]), None)
