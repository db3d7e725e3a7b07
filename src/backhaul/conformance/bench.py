"""The kit's own project: one customer, one connection, read from a simulator that the kit may trouble."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from backhaul.config.auth import Auth, needs
from backhaul.config.layout import Layout
from backhaul.config.source import Source
from backhaul.config.templates import resolve
from backhaul.conformance.truth import differences, raw_rows
from backhaul.http.patience import Patience
from backhaul.pipeline.context import Context
from backhaul.pipeline.reading import Wanted
from backhaul.pipeline.report import SyncReport
from backhaul.pipeline.run import run_customer
from backhaul.project import Project
from backhaul.protocol.connection import Connection
from backhaul.protocol.schema import ObjectSchema, Schema
from backhaul.sandbox.server import Running

CUSTOMER, CONNECTION = "kit", "account"
PAGE_ROWS = 60
"""Rows on a page of the simulator's, so that a little data has several pages."""
BACK = 30 * 24 * 3600.0
"""Seconds by which the vendor's clock is behind ours at first: what people do there happened, whatever its hour."""
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
        self.written = brisk(written)
        self.source = Source.model_validate(resolve(dict(self.written)))
        self.layout = Layout(root)
        self._file = root / "sources" / self.source.source / "source.yaml"
        self._file.parent.mkdir(parents=True)
        (root / "pipelines").mkdir()
        self.pages(small=True)
        self.choose({})

    def pages(self, *, small: bool) -> None:
        """Ask for small pages, and have the simulator give no larger ones; or for those of the definition."""
        written = small_pages(self.written) if small else self.written
        self._file.write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")
        self.vendor.configure(page_size_cap=PAGE_ROWS if small else None)

    # -- the customer's file -----------------------------------------------------------------------------------------

    def choose(
        self,
        objects: Mapping[str, Any],
        push: Mapping[str, Any] | None = None,
        *,
        way: str | None = None,
        secrets: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Write the pipeline: these objects, these pushes, this way in. secrets: in place of the right ones."""
        ways = dict(self.ways())
        way = way or next(iter(ways))
        asked = ways[way]
        held = {name: str(self.vendor.credentials[name]) for name in asked} | dict(secrets)
        for name, value in held.items():
            os.environ[_variable(name)] = value
        block: dict[str, Any] = {
            "source": self.source.source,
            "auth": way,
            "credentials": {name: f"${{{_variable(name)}}}" for name in asked},
            "settings": dict(self.vendor.settings),
            "objects": dict(objects),
        }
        if "{auth." not in self.source.base_url:
            block["base_url"] = self.vendor.base_url
        document = {"customer": CUSTOMER, "connections": {CONNECTION: block}, "push": dict(push or {})}
        self.layout.pipeline(CUSTOMER).write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    def ways(self) -> list[tuple[str, tuple[str, ...]]]:
        """The ways in that the simulator gives credentials for, and those that each needs.

        Ways that sign assertions come last: the kit moves the vendor's clock, and those hang on ours.
        """
        found = [
            (name, asked)
            for name, auth in sorted(self.source.auth.items(), key=lambda item: "assertion" in item[1].model_fields_set)
            if (asked := _runs(auth)) is not None
            and all(isinstance(self.vendor.credentials.get(each), str) for each in asked)
        ]
        require(found, f"the simulator gives credentials for none of {', '.join(self.source.auth)}")
        return found

    # -- doing -------------------------------------------------------------------------------------------------------

    def sync(self, *, check_deletes: bool = False, census: bool = False, full: bool = False) -> SyncReport:
        """Read what changed into the raw tables."""
        wanted = Wanted(full=full, check_deletes=check_deletes, census=census)
        with self.context() as context:
            report = run_customer(context, wanted, kind="sync", transform=False, publish=False, approve_deletes=True)
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
        with Project(self.root) as project, project.customer(CUSTOMER).context(patience=SOON) as context:
            yield context

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


def _runs(auth: Auth) -> tuple[str, ...] | None:
    """The credentials of a way in that runs by itself; None where a person must say yes first."""
    return None if getattr(auth, "grant", "") == "authorization_code" else needs(auth)


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
