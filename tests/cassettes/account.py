"""One vendor's account as a recorded test sees it: in a cassette, in a simulator, or a real one."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from backhaul.config.pipeline import Connection as ConnectionConfig
from backhaul.config.project import ProjectConfig
from backhaul.extract.typed import typed
from backhaul.http.clock import SYSTEM, SystemClock
from backhaul.http.patience import Patience
from backhaul.protocol.connection import Connection
from backhaul.protocol.opening import open_connection
from backhaul.protocol.reads import Ask, Page, read_pages
from backhaul.protocol.results import RowAnswer
from backhaul.protocol.schema import Field, ObjectSchema, Type
from backhaul.protocol.writes import Mode, OutRow, choose, send
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.simulators import build
from tests.cassettes.scrub import PUBLIC, SALESFORCE_LOGIN, SECRET, Scrubber

NEEDED = {
    "hubspot": {"private_app": ("token",)},
    "salesforce": {"client": ("client_id", "client_secret"), "jwt": ("client_id", "username", "private_key")},
    "netsuite": {"tba": ("consumer_key", "consumer_secret", "token_id", "token_secret")},
}
"""What each way in takes; the first that a real account has is used where a test does not care."""
SIMULATED = {"hubspot": "48291034", "salesforce": "00D5g000000EXMPEA4", "netsuite": "1234567_SB1"}
"""The account ids of the simulators: a cassette that holds one was recorded from a simulator."""
HASTE = Patience(tries=2, first_backoff=0.01, longest_backoff=0.02)


def credentials_in(environ: Mapping[str, str], source: str) -> dict[str, str]:
    """A real account's credentials, where all of one way in are set: BACKHAUL_REAL_HUBSPOT_TOKEN and the like."""
    prefix = f"BACKHAUL_REAL_{source.upper()}_"
    found = {name.removeprefix(prefix).lower(): value for name, value in environ.items() if name.startswith(prefix)}
    return found if any(set(names) <= set(found) for names in NEEDED[source].values()) else {}


class Played(SystemClock):
    """In playback nobody waits; what was asked for is noted."""

    def __init__(self, *, sleeps: bool) -> None:
        self.waits: list[float] = []
        self._sleeps = sleeps

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> bool:
        self.waits.append(seconds)
        return SYSTEM.sleep(seconds, stop) if self._sleeps else False


@dataclass
class Account:
    """The account of one test. `simulator` is there only while recording from one."""

    source: str
    credentials: Mapping[str, str]
    settings: Mapping[str, Any]
    base_url: str | None
    clock: Played
    simulator: Running | None = None
    _open: list[Connection] = field(default_factory=list)

    def connect(self, *, auth: str | None = None, probe: bool = True, patience: Patience = HASTE) -> Connection:
        ways = NEEDED[self.source]
        way = auth or next(name for name, needed in ways.items() if set(needed) <= set(self.credentials))
        source = ProjectConfig.open(os.curdir).source(self.source)
        credentials = {name: self.credentials[name] for name in ways[way]}
        if credentials.get("private_key") == SECRET:
            credentials["private_key"] = _throwaway_key()
        connection = open_connection(
            customer="acme",
            name="crm",
            source=source,
            config=ConnectionConfig(source=self.source, auth=way, settings=dict(self.settings), base_url=self.base_url),
            credentials=credentials,
            run_id="recorded",
            buckets=None,
            patience=patience,
            clock=self.clock,
        )
        self._open.append(connection)
        if probe:
            connection.probe()
        return connection

    def trouble(self, kind: str, **more: Any) -> None:
        """Tell the simulator to fail. In playback the failure is in the cassette."""
        if self.simulator is not None:
            self.simulator.fault(kind, **more)

    def tell(self, op: str, object: str, id: str | None = None, **values: Any) -> None:
        """Change something at the simulator, behind the API."""
        if self.simulator is not None:
            self.simulator.mutate(op, object, id, values)

    def configure(self, **settings: Any) -> None:
        if self.simulator is not None:
            self.simulator.configure(**settings)

    def simulated(self, connection: Connection) -> bool:
        """Whether these exchanges were had with a simulator, whose records are known."""
        return connection.account["id"] == SIMULATED[self.source]

    def close(self) -> None:
        for connection in self._open:
            connection.close()
        if self.simulator is not None:
            self.simulator.close()


@contextmanager
def opened(source: str, *, recording: bool, scrubber: Scrubber) -> Iterator[Account]:
    """The account to use: a real one where its credentials are set, else a simulator; in playback neither."""
    real = credentials_in(os.environ, source) if recording else {}
    clock = Played(sleeps=recording)
    if real:
        account = _real(source, real, clock, scrubber)
    elif recording:
        simulator = serve(build(source))
        scrubber.origins[simulator.base_url] = PUBLIC[source]
        account = Account(source, simulator.credentials, simulator.settings, simulator.base_url, clock, simulator)
        if source == "salesforce":
            account.base_url = None
    else:
        names = {name for needed in NEEDED[source].values() for name in needed}
        account = Account(source, dict.fromkeys(names, SECRET), _settings(source), None, clock)
    scrubber.secrets |= {value for value in account.credentials.values() if value != SECRET}
    try:
        yield account
    finally:
        account.close()


def _real(source: str, found: Mapping[str, str], clock: Played, scrubber: Scrubber) -> Account:
    settings: dict[str, Any] = {}
    if source == "netsuite":
        settings["account"] = found["account"]
        host = found["account"].lower().replace("_", "-")
        scrubber.origins[f"https://{host}.suitetalk.api.netsuite.com"] = PUBLIC["netsuite"]
    if source == "salesforce" and "login_url" in found:
        settings["login_url"] = found["login_url"]
    return Account(source, found, settings, None, clock)


def _settings(source: str) -> dict[str, Any]:
    match source:
        case "salesforce":
            return {"login_url": SALESFORCE_LOGIN}
        case "netsuite":
            return {"account": SIMULATED["netsuite"]}
        case _:
            return {}


def _throwaway_key() -> str:
    """Signs assertions that nobody checks: they are hidden in the cassette."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    return (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


# -- what the tests say of reads and writes ----------------------------------------------------------------------------


def schema_of(name: str, key: Sequence[str], change_field: str | None = None, /, **fields: Type) -> ObjectSchema:
    """A schema by hand, so that a read's cassette holds the read alone."""
    made = {each: Field(each, "text") for each in key} | {name: Field(name, kind) for name, kind in fields.items()}
    return ObjectSchema(name, tuple(key), made, change_field=change_field)


def asking(
    connection: Connection,
    schema: ObjectSchema,
    role: str,
    *,
    which: int = 0,
    size: int | None = None,
    extra: Mapping[str, str] | None = None,
    job_id: str | None = None,
    **bindings: Any,
) -> Ask:
    """A read of the definition by its role, the `which`th, `size` rows a page. extra: further columns by path."""
    definition = connection.source.definition(schema.name)
    assert definition is not None
    read = getattr(definition.reads, role)[which]
    if size is not None:
        read = read.model_copy(update={"size": size})
    return Ask(schema, definition, read, role, tuple(schema.fields.values()), bindings, extra or {}, job_id)


def pages(connection: Connection, ask: Ask, most: int = 50, **more: Any) -> list[Page]:
    return list(islice(read_pages(connection, ask, **more), most))


def rows(connection: Connection, ask: Ask, some: Sequence[Page]) -> list[dict[str, Any]]:
    """The rows of pages, typed as an extract types them. A value that does not fit fails the test."""
    values = ask.read.values or connection.source.values
    zone = connection.zone_of(values)
    found: list[dict[str, Any]] = []
    for page in some:
        bad: list[Any] = []
        columns = {
            each.name: typed(page.columns[each.name], each, values, zone, bad, exact=True).to_pylist()
            for each in ask.fields
            if each.name in page.columns
        }
        assert bad == []
        found += [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return found


def writing(
    connection: Connection, schema: ObjectSchema, mode: Mode, out: Sequence[OutRow], match: str | None = None, *,
    many: int = 0,
) -> list[RowAnswer]:  # fmt: skip
    """Write one batch as the definition's first write for so few rows does it; many: for so many."""
    definition = connection.source.definition(schema.name)
    assert definition is not None
    return send(connection, choose(schema, definition, mode, many or len(out), match), out)
