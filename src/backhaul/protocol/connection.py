"""One customer's open account in one source: renders its requests and sends them the way its definition says."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Any

import msgspec

from backhaul.config.auth import Grants
from backhaul.config.calls import Call, Values
from backhaul.config.objects import Discover, ObjectDefinition
from backhaul.config.paths import Answer
from backhaul.config.placeholders import parse as parse_template
from backhaul.config.reads import NextLink, Read
from backhaul.config.source import Source
from backhaul.errors import FixDefinition, Reauthorise, VendorDown
from backhaul.http.client import Streaming, Transport
from backhaul.http.clock import SYSTEM, Clock
from backhaul.http.refusals import Refused, Stopped
from backhaul.http.request import Expects, Request, Response
from backhaul.protocol import render, xml
from backhaul.protocol.paging import Position
from backhaul.protocol.read_answer import read, scopes_in
from backhaul.protocol.render import UNBOUND, Bindings, Rendered
from backhaul.protocol.schema import ObjectSchema

WRITES = frozenset({"create", "update", "upsert", "delete", "create_field"})


class Connection:
    """Everything that requests of one connection share. Threads share it; `close` it at the end of the run.

    account: what the probe kept, `id` among it; empty until `probe` was called or its outcome was handed in.
    """

    def __init__(
        self,
        *,
        customer: str,
        name: str,
        source: Source,
        settings: Mapping[str, Any],
        credentials: Mapping[str, str] = MappingProxyType({}),
        transport: Transport,
        run_id: str,
        base_url: str | None = None,
        account: Mapping[str, str] | None = None,
        grants: Grants | None = None,
        granted: Sequence[str] = (),
        stop: threading.Event | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        self.customer = customer
        self.name = name
        self.source = source
        self.transport = transport
        self.account: Mapping[str, str] = dict(account or {})
        self.settings: Mapping[str, Any] = {key: setting.default for key, setting in source.settings.items()} | dict(
            settings
        )
        self._credentials = dict(credentials)
        self._run_id = run_id
        self._base_url = base_url
        self._grants = grants
        self._granted = granted
        self._ahead = timedelta(0)
        self._stop = stop
        self._clock = clock
        if self.account:
            transport.identify(account=self.account["id"], user=self.account.get("user", ""))

    def probe(self) -> Mapping[str, str]:
        """Prove the connection and learn whose account it is; its limits hang on that from now on."""
        definition = self.source.probe
        bindings = self._common()
        response = self.call(definition, bindings, role="probe")
        answer = self.answer(response)
        if response.vendor_time is not None:
            ahead = response.vendor_time - response.sent_at
            # the header tells whole seconds: less than that is no difference
            self._ahead = ahead if abs(ahead) > timedelta(seconds=2) else timedelta(0)
        found: dict[str, str] = {}
        for name, reader in definition.keep.items():
            if isinstance(reader, str) and parse_template(reader).names:
                value = render.text(reader, bindings)
            else:
                value = read(reader, answer)
            if value not in (None, UNBOUND):
                found[name] = str(value)
        if "id" not in found:
            raise FixDefinition("the probe's answer does not say whose account it is", connection=self.name)
        self.account = found
        self.transport.identify(account=found["id"], user=found.get("user", ""))
        return found

    def scopes(self) -> frozenset[str] | None:
        """The scopes of its credentials: asked of the vendor, or told with its tokens. None where nobody tells."""
        if self._grants is None:
            return frozenset(self._granted) or None
        try:
            answer = self.answer(self.call(self._grants, self._common(), role="scopes"))
        except (Refused, FixDefinition, Reauthorise):
            return None  # the probe went well: of such tokens the vendor does not tell; what it refuses it will say
        told = scopes_in(self._grants.scopes, answer)
        return None if told is None else frozenset(told)

    def vendor_now(self) -> datetime:
        """The vendor's clock: ours, corrected by what the probe showed."""
        return datetime.now(UTC) + self._ahead

    @property
    def base_url(self) -> str:
        if self._base_url is not None:
            return self._base_url
        written = render.text(self.source.base_url, self._common())
        if written is UNBOUND:
            raise FixDefinition("base_url has an unbound placeholder: a setting is missing", connection=self.name)
        return str(written)

    def _common(self) -> Bindings:
        names: dict[str, Any] = {"run.id": self._run_id}
        names.update({f"settings.{key}": value for key, value in self.settings.items()})
        names.update({f"credentials.{key}": value for key, value in self._credentials.items()})
        names.update({f"account.{key}": value for key, value in self.account.items()})
        if self.needs_sign_in:
            names.update({f"auth.{key}": value for key, value in self.transport.signer.facts.items()})
        return Bindings(names, (), self.source.values, "UTC")

    @cached_property
    def needs_sign_in(self) -> bool:
        """Whether requests hold what the way in keeps, which may change under way; else it is not even fetched."""
        return "{auth." in self.source.model_dump_json(exclude={"auth"})

    def bindings(self, schema: ObjectSchema | None, definition: ObjectDefinition | None) -> Bindings:
        """What every request about an object may use."""
        bindings = self._common()
        if schema is None or definition is None:
            return bindings
        bindings = bindings.with_(object=schema.name, changed__field=schema.change_field)
        bindings = bindings.with_(**{f"object__{key}": value for key, value in schema.facts.items()})
        return bindings.with_(**_constants(definition, bindings))

    def each(self, definition: Read) -> list[str | None]:
        """What `{each}` stands for, one after the other: of a list, or of a setting that holds one; else once nothing.

        Raises FixDefinition where there is no such setting.
        """
        if definition.each is None:
            return [None]
        if isinstance(definition.each, list):
            return list(definition.each)
        found = render.text(definition.each, self._common())
        if found is UNBOUND:
            raise FixDefinition(f"`each` needs {definition.each}, which nothing gives", connection=self.name)
        return [str(one) for one in found] if isinstance(found, list | tuple) else [str(found)]

    def zone_of(self, values: Values) -> str:
        """The zone of the vendor's times that carry none."""
        zone = render.text(values.zone, self._common())
        return "UTC" if zone is UNBOUND else str(zone)

    def headers(self, definition: Call, bindings: Bindings) -> Mapping[str, str]:
        """A request's headers alone, for a page link that is followed as it stands."""
        written = {**self.source.headers, **definition.headers}
        filled = {name: render.body(value, bindings) for name, value in written.items()}
        return {name: str(value) for name, value in filled.items() if value is not UNBOUND}

    def render(self, definition: Call, bindings: Bindings) -> Rendered:
        try:
            return render.call(definition, bindings, self.base_url, self.source.headers)
        except ValueError as error:
            raise FixDefinition(f"a request cannot be written: {error}", connection=self.name) from error

    def request(
        self,
        rendered: Rendered,
        definition: Call,
        *,
        role: str,
        object: str | None,
        repeatable: bool | None = None,
        parent: str = "",
    ) -> Request:
        expects: Expects = "json" if definition.format == "json" else definition.format
        write = role in WRITES
        return Request(
            method=rendered.method,
            url=rendered.url,
            params=rendered.params,
            headers=rendered.headers,
            body=rendered.body,
            role=role,
            object=object,
            parent=parent,
            write=write,
            repeatable=(not write) if repeatable is None else repeatable,
            expects=expects,
        )

    def send(
        self,
        rendered: Rendered,
        definition: Call,
        *,
        role: str,
        object: str | None,
        repeatable: bool | None = None,
        parent: str = "",
    ) -> Response:
        """Send it. parent: the key of the one parent whose children are asked for."""
        request = self.request(rendered, definition, role=role, object=object, repeatable=repeatable, parent=parent)
        return self.transport.send(request)

    def call(
        self,
        definition: Call,
        bindings: Bindings,
        *,
        role: str,
        object: str | None = None,
        repeatable: bool | None = None,
    ) -> Response:
        """Render and send. Raises what `Transport.send` raises."""
        return self.send(self.render(definition, bindings), definition, role=role, object=object, repeatable=repeatable)

    def follow(
        self, definition: Read | Discover, bindings: Bindings, at: Position, *, role: str, object: str | None
    ) -> Response:
        """As `call`, of the page that starts there: a page's link is followed as it stands."""
        if isinstance(definition.next, NextLink) and at.page is not None:
            rendered = Rendered("GET", at.page, (), self.headers(definition, bindings), None)
        else:
            rendered = self.render(definition, bindings)
        return self.send(rendered, definition, role=role, object=object)

    @contextmanager
    def stream(self, definition: Call, bindings: Bindings, *, role: str, object: str) -> Iterator[Streaming]:
        """As `call`, for a body of any size."""
        rendered = self.render(definition, bindings)
        with self.transport.stream(self.request(rendered, definition, role=role, object=object)) as answer:
            yield answer

    def answer(self, response: Response) -> Answer:
        """A response for paths to read. Raises VendorDown where it is not what was promised."""
        if not response.body.strip():
            return Answer({}, response.headers, response.status)
        of_xml = xml.is_xml(response.body, response.headers)
        try:
            body = xml.parse(response.body) if of_xml else msgspec.json.decode(response.body)
        except (msgspec.DecodeError, ValueError) as error:
            kind = "XML" if of_xml else "JSON"
            raise VendorDown(f"the answer is no {kind}: {error}", connection=self.name) from error
        return Answer(body, response.headers, response.status)

    def wait(self, seconds: float, reason: str) -> None:
        """Wait as a request would. Raises Stopped."""
        if self._clock.sleep(seconds, self._stop):
            raise Stopped(f"stopped while waiting for {reason}")

    def close(self) -> None:
        self.transport.close()


def _constants(definition: ObjectDefinition, bindings: Bindings) -> dict[str, Any]:
    """The object's own constants, which may be made of one another.

    Raises FixDefinition where one holds a placeholder that nothing binds: a filter must never fall away unseen.
    """
    constants: dict[str, Any] = {}
    waiting = dict(definition.constants)
    while waiting:
        known = bindings.with_(**constants)
        filled = {
            name: render.text(value, known) if isinstance(value, str) else value for name, value in waiting.items()
        }
        ready = {name: value for name, value in filled.items() if value is not UNBOUND}
        if not ready:
            raise FixDefinition(f"the constants {', '.join(waiting)} of an object hold placeholders that nothing binds")
        constants |= {f"with__{name}": value for name, value in ready.items()}
        waiting = {name: value for name, value in waiting.items() if name not in ready}
    return constants
