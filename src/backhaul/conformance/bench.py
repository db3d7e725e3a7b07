"""The kit's own project: one customer, one connection, read from a simulator that the kit may trouble."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import yaml

from backhaul.config.auth import Auth, needs
from backhaul.config.layout import Layout
from backhaul.config.source import Limit, Source
from backhaul.config.templates import resolve
from backhaul.conformance.truth import differences, raw_rows
from backhaul.http.patience import Patience
from backhaul.pipeline.context import Context
from backhaul.pipeline.reading import Wanted
from backhaul.pipeline.report import SyncReport
from backhaul.pipeline.run import run_customer
from backhaul.project import Customer, Project
from backhaul.protocol.connection import Connection
from backhaul.protocol.schema import ObjectSchema, Schema
from backhaul.sandbox.server import Running
from backhaul.vault.master import FILE, KEYRING, TEXT, new_master_key

CUSTOMER, CONNECTION = "kit", "account"
PAGE_ROWS = 60
"""Rows on a page of the simulator's, so that a little data has several pages."""
BACK = 30 * 24 * 3600.0
"""Seconds by which the vendor's clock is behind ours at first: what people do there happened, whatever its hour."""
UNCOUNTED = 1e6
"""A pace at which no limit of requests in a span is ever reached."""
LONGEST_SPANS = (10.0, 40.0)
"""Seconds that the longest span of a limit takes while limits are proven; the next where requests came too early. On a
busy machine some travel longer than others, which counts for less in a longer span; a wrong limit is wrong in both."""
SERVICE_MS = 200
SOON = Patience(tries=6, first_backoff=0.02, longest_backoff=0.1)


class NotProven(Exception):
    """A point does not hold; the text says what was seen."""


class CannotExist(Exception):
    """A point has nothing to prove at this source; the text says why."""


def require(holds: object, what: str) -> None:
    """Raise NotProven unless it holds."""
    if not holds:
        raise NotProven(what)


class Bench:
    """A project in an empty folder. `began` is where the simulator's log stood when it was made."""

    def __init__(self, root: Path, vendor: Running, written: Mapping[str, Any]) -> None:
        self.root = root
        self.vendor = vendor
        self.behind = BACK
        self.whole: int | None = None
        """Requests of the last read of everything that had one before it: children that are there are not asked for."""
        self._read = False
        self.written = brisk(written)
        self.source = Source.model_validate(resolve(dict(self.written)))
        self._key = new_master_key()
        self._consented: str | None = None
        self.layout = Layout(root)
        self._file = root / "sources" / self.source.source / "source.yaml"
        self._file.parent.mkdir(parents=True)
        (root / "pipelines").mkdir()
        self.make_easy()
        self.choose({})

    def make_easy(self) -> None:
        """Small pages, asked for and given, so that a little data has several; and nobody counts requests."""
        self._write(unhurried(small_pages(self.written)))
        self.vendor.configure(page_size_cap=PAGE_ROWS, pace=UNCOUNTED, service_ms=0)

    def make_real(self, longest_span: float) -> None:
        """The definition's own pages and limits, but that the spans of the limits pass faster, for us and there."""
        spans = [each.per.total_seconds() for each in self.source.limits if each.type == "rate" and each.per]
        pace = max(1.0, max(spans, default=0.0) / longest_span)
        self._write(hurried(self.written, pace))
        self.vendor.configure(page_size_cap=None, pace=pace, service_ms=SERVICE_MS)

    def _write(self, written: Mapping[str, Any]) -> None:
        self._file.write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")

    # -- the customer's file -----------------------------------------------------------------------------------------

    def choose(
        self,
        objects: Mapping[str, Any],
        push: Mapping[str, Any] | None = None,
        *,
        way: str | None = None,
        secrets: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Write the pipeline: these objects, these pushes, this way in. secrets: in place of the right ones.

        Where a person consents, one does, unless they did; nobody does to an app with wrong secrets.
        """
        ways = dict(self.ways())
        way = way or next(iter(ways))
        asked = ways[way]
        by_consent = self.by_consent(way)
        held = {name: str(self.vendor.credentials[name]) for name in asked} | dict(secrets)
        for name, value in held.items():
            os.environ[_variable(name)] = value
        given = {name: f"${{{_variable(name)}}}" for name in asked}
        block: dict[str, Any] = {
            "source": self.source.source,
            "auth": way,
            "credentials": "vault" if by_consent else given,
            "settings": dict(self.vendor.settings),
            "objects": dict(objects),
        }
        if "{auth." not in self.source.base_url:
            block["base_url"] = self.vendor.base_url
        document = {"customer": CUSTOMER, "connections": {CONNECTION: block}, "push": dict(push or {})}
        if by_consent:
            document["apps"] = {self.source.source: given}
        self.layout.pipeline(CUSTOMER).write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        if by_consent and self._consented != way and not secrets:
            self.consent()
            self._consented = way

    def by_consent(self, way: str) -> bool:
        return _by_consent(self.source.auth[way])

    def consent(self) -> None:
        """Somebody opens the vendor's page, and consents; what comes back is proven and kept."""
        with self._project() as project:
            customer = project.customer(CUSTOMER)
            begun = customer.begin_consent(CONNECTION)
            sent_on = httpx.get(begun.url, trust_env=False)
            require("location" in sent_on.headers, f"the page of consent says {sent_on.status_code}: {sent_on.text}")
            customer.finish_consent(CONNECTION, begun, sent_on.headers["location"])

    def ways(self) -> list[tuple[str, tuple[str, ...]]]:
        """The ways in that the simulator gives credentials for, and those that each needs.

        Ways that a person consents to come behind those that run by themselves. Ways that sign assertions come last:
        the kit moves the vendor's clock, and those hang on ours.
        """
        ways = sorted(
            self.source.auth.items(),
            key=lambda item: ("assertion" in item[1].model_fields_set, _by_consent(item[1]), item[0]),
        )
        found = [
            (name, asked)
            for name, auth in ways
            if (asked := needs(auth)) and all(isinstance(self.vendor.credentials.get(each), str) for each in asked)
        ]
        require(found, f"the simulator gives credentials for none of {', '.join(self.source.auth)}")
        return found

    # -- doing -------------------------------------------------------------------------------------------------------

    def sync(self, *, check_deletes: bool = False, census: bool = False, full: bool = False) -> SyncReport:
        """Read what changed into the raw tables."""
        wanted = Wanted(full=full, check_deletes=check_deletes, census=census)
        mark = self.seen
        with self.context() as context:
            report = run_customer(context, wanted, kind="sync", transform=False, publish=False, approve_deletes=True)
        if full and self._read:
            self.whole = self.seen - mark
        self._read = True
        done = report.sync or SyncReport(CUSTOMER, report.run)
        done.failures += report.failures
        return done

    def good_sync(self, **how: bool) -> SyncReport:
        """As `sync`; a failure is what the point fails by."""
        report = self.sync(**how)
        for each in report.failures:
            raise NotProven(f"{each.object or 'the connection'}: {each.what}")
        for line in report.lines.values():
            require(not line.not_served, f"{line.object} is not served: {line.not_served}")
        return report

    @contextmanager
    def context(self) -> Iterator[Context]:
        with self._project() as project, project.customer(CUSTOMER).context(patience=SOON) as context:
            yield context

    @contextmanager
    def customer(self) -> Iterator[Customer]:
        """The customer, by the engine's front door."""
        with self._project() as project:
            yield project.customer(CUSTOMER)

    @contextmanager
    def _project(self) -> Iterator[Project]:
        """With a master key of its own, whatever key whoever runs the kit has."""
        theirs = {name: os.environ.pop(name, None) for name in (TEXT, FILE, KEYRING)}
        os.environ[TEXT] = self._key
        try:
            with Project(self.root) as project:
                yield project
        finally:
            del os.environ[TEXT]
            os.environ.update({name: value for name, value in theirs.items() if value is not None})

    @contextmanager
    def opened(self) -> Iterator[Connection]:
        """The connection alone, probed."""
        with self.context() as context:
            connection = context.open(CONNECTION, priority="interactive")
            try:
                yield connection
            finally:
                connection.close()

    def reconnect(self) -> None:
        """Give the connection its credentials anew, as a person does; they are proven first."""
        with self.context() as context:
            connection = context.opened(CONNECTION, context.credentials(CONNECTION), context.tokens(CONNECTION))
            try:
                account = connection.probe()
            finally:
                connection.close()
            context.state.connections.probed(CUSTOMER, CONNECTION, account["id"], account)

    # -- looking -----------------------------------------------------------------------------------------------------

    def rows(self, object: str) -> dict[str, dict[str, Any]]:
        return raw_rows(self.layout.work(CUSTOMER), f"{CONNECTION}__{object}")

    def truth(self, schema: ObjectSchema) -> dict[str, dict[str, Any]]:
        """The simulator's records of an object by their key, as we make it."""
        return {key_of(each, schema): each for each in self.vendor.dump(schema.name)}

    def unlike(self, schema: Schema, objects: Sequence[str], *, winners: bool = True) -> list[str]:
        return [
            each
            for name in objects
            for each in differences(name, self.rows(name), self.truth(schema.objects[name]), winners=winners)
        ]

    def require_truth(self, schema: Schema, objects: Sequence[str], *, winners: bool = True) -> None:
        found = self.unlike(schema, objects, winners=winners)
        more = f", and {len(found) - 1} more differences" if len(found) > 1 else ""
        require(not found, f"{found[0] if found else ''}{more}")

    @property
    def seen(self) -> int:
        """How many requests have arrived."""
        return len(self.vendor.received())

    def since(self, mark: int) -> list[dict[str, Any]]:
        return self.vendor.received(mark)

    def settle(self, seconds: float = 3600.0) -> None:
        """Let the vendor's clock run on, past what a window holds back."""
        self.vendor.advance(seconds)
        self.behind -= seconds

    def catch_up(self) -> None:
        """Let the vendor's clock run on to ours."""
        self.settle(self.behind)


def _by_consent(auth: Auth) -> bool:
    """A person must say yes first."""
    return getattr(auth, "grant", "") == "authorization_code"


def _variable(name: str) -> str:
    return f"BACKHAUL_KIT_{name.upper()}"


def key_of(record: Mapping[str, Any], schema: ObjectSchema) -> str:
    """The key that the raw table has for a record as the simulator tells it."""
    absent = [name for name in schema.key if name not in record]
    require(not absent, f"records of {schema.name} have no {', '.join(absent)}, which their key is made of")
    return ":".join(str(record[name]) for name in schema.key)


def brisk(written: Any) -> Any:
    """The definition as it stands, but that jobs are asked often: how long we wait is no fact of the vendor's."""
    if isinstance(written, Mapping):
        made = {name: brisk(value) for name, value in written.items()}
        if isinstance(poll := made.get("poll"), dict):
            poll |= {"every": "20ms", "up_to": "40ms"}
        return made
    return [brisk(each) for each in written] if isinstance(written, list) else written


def eager(written: Any) -> Any:
    """The definition, but that no read or write is below what it is worth: jobs are taken for a few rows, too."""
    if isinstance(written, Mapping):
        return {name: 0 if name == "at_least" else eager(value) for name, value in written.items()}
    return [eager(each) for each in written] if isinstance(written, list) else written


def unhurried(written: Mapping[str, Any]) -> dict[str, Any]:
    """The definition, but that no rate is kept: they are proven by a point of their own."""
    return {**written, "limits": [each for each in written.get("limits", ()) if each["type"] != "rate"]}


def hurried(written: Mapping[str, Any], pace: float) -> dict[str, Any]:
    """The definition, but that the spans of its rates pass so many times as fast."""

    def faster(limit: Mapping[str, Any]) -> dict[str, Any]:
        if limit["type"] != "rate":
            return dict(limit)
        span = Limit.model_validate(limit).per or timedelta()
        return {**limit, "per": f"{round(1000 * span.total_seconds() / pace)}ms"}

    return {**written, "limits": [faster(each) for each in written.get("limits", ())]}


def small_pages(written: Any) -> Any:
    """The definition, but that it asks for small pages: a little data has several then."""
    if isinstance(written, Mapping):
        made = {name: small_pages(value) for name, value in written.items()}
        if isinstance(made.get("size"), int):
            made["size"] = min(made["size"], PAGE_ROWS)
        return made
    return [small_pages(each) for each in written] if isinstance(written, list) else written


Check = Callable[[], str]
"""Proves a point or raises NotProven, CannotExist; gives what the proof is of."""
