"""Points of trouble: wrong credentials, limits, refusals, a failing vendor, a token that dies, a schema that moves."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from backhaul.conformance.bench import CONNECTION, LONGEST_SPANS, Bench, CannotExist, NotProven, require
from backhaul.conformance.choosing import live
from backhaul.conformance.reading import Reading
from backhaul.errors import ConfigError, Reauthorise
from backhaul.protocol.connection import Connection
from backhaul.protocol.reads import Ask, read_pages

MADE = "kit_made"
AT_ONCE = 32
BURST = 40
SPELLINGS = (MADE, f"{MADE}__c", f"custom_{MADE}")


def auth(bench: Bench) -> str:
    """Every way in that the simulator gives credentials for; then one wrong secret in each."""
    proven = []
    for way, asked in bench.ways():
        bench.choose({}, way=way)
        with bench.opened():
            pass
        spoilt = next(name for name in reversed(asked) if name != "private_key")
        bench.choose({}, way=way, secrets={spoilt: f"{bench.vendor.credentials[spoilt]}x"})
        try:
            if bench.by_consent(way):
                bench.consent()
            else:
                with bench.opened():
                    pass
        except (Reauthorise, ConfigError):
            proven.append(way)
        finally:
            bench.choose({})
        require(way in proven, f"{way} with a wrong {spoilt} is accepted")
    return ", ".join(proven)


def probe(bench: Bench) -> str:
    with bench.opened() as connection:
        require(connection.account.get("id"), "the probe does not say whose account it is")
        kept = set(bench.source.probe.keep)
        absent = kept - set(connection.account)
        require(not absent, f"the probe's answer has no {', '.join(sorted(absent))}")
        return ", ".join(f"{name} {value}" for name, value in connection.account.items())


def by_key(reading: Reading) -> str:
    """Records read again by their keys, as a refetch and the read-back of a push do."""
    names = [name for name in reading.own() if reading.definition(name).reads.by_key]
    if not names:
        raise CannotExist("no object of the definition is read by key")
    bench = reading.bench
    for name in names:
        keys = live(bench.truth(reading.of(name)))[:3]
        with bench.customer() as customer:
            report = customer.refetch(CONNECTION, name, keys)
        for failure in report.all_failures:
            require(False, f"{name}: {failure.what}")
        read = report.sync.line(CONNECTION, name).read if report.sync is not None else 0
        require(read == len(keys), f"{len(keys)} keys of {name} were asked for, {read} records came")
    reading.require_truth()
    return f"three records of {', '.join(names)}"


# -- limits --------------------------------------------------------------------------------------------------------


def limits(reading: Reading) -> str:
    """Everything in the definition's own page sizes, then windows of changes side by side, as fast as they let."""
    bench = reading.bench

    def work() -> None:
        bench.good_sync(full=True)
        reading.require_truth()
        with bench.opened() as connection, ThreadPoolExecutor(AT_ONCE) as pool:
            asks = [
                each for each in (_changes(reading, name, connection) for name in reading.own()) if each is not None
            ]
            many = [asks[place % len(asks)] for place in range(BURST)]
            for future in [pool.submit(each) for each in many]:
                future.result()

    keeps_pace(bench, work)
    return f"{BURST} windows, {AT_ONCE} side by side"


def keeps_pace(bench: Bench, work: Callable[[], None]) -> None:
    """Under the definition's own limits none of the work's requests is refused. It is done twice where one was."""
    if not bench.source.limits:
        raise CannotExist("the definition has no limits")
    refused: list[Any] = []
    for longest_span in LONGEST_SPANS:
        if refused:
            time.sleep(longest_span)  # what the vendor has counted so far is out of the longer span then
        bench.make_real(longest_span)
        mark = bench.seen
        try:
            work()
        finally:
            bench.make_easy()
        refused = [each for each in bench.since(mark) if (each["status"] or 0) >= 400]
        if not refused:
            return
    raise NotProven(f"{len(refused)} requests were refused for going too fast, the first {refused[0]['path']}")


def _changes(reading: Reading, name: str, connection: Connection) -> Callable[[], None] | None:
    """Reads a window of an object, as an incremental read does."""
    definition, schema = reading.definition(name), reading.of(name)
    role = "changes" if definition.reads.changes else "all"
    reads = [each for each in getattr(definition.reads, role) if each.job is None]
    if not reads:
        return None
    now = connection.vendor_now()
    fields = tuple(schema.fields[each] for each in schema.key if each in schema.fields)
    each = next(iter(reads[0].each)) if isinstance(reads[0].each, list) else None
    bindings = {"since": now - timedelta(minutes=1), "until": now, "each": each}
    ask = Ask(schema, definition, reads[0], role, fields, bindings)

    def read() -> None:
        for _ in read_pages(connection, ask, None, on_dropped=lambda field: None, on_job=lambda job: None):
            pass

    return read


# -- faults --------------------------------------------------------------------------------------------------------


def storm(reading: Reading) -> str:
    """Four refusals in a row, in the middle of a read; their pause is short, for the kit's sake."""
    bench = reading.bench
    mark = bench.seen
    bench.vendor.fault("429", count=4, after=3, soon=True, retry_after=0.05)
    _survives(reading)
    hit = [each for each in bench.since(mark) if each["fault"] == "429"]
    return f"{len(hit)} refusals"


def failing(reading: Reading) -> str:
    """In two reads, so that small ones have room for all."""
    rounds = (("500", "503", "html"), ("cut_body", "truncated_json", "lost_answer"))
    for kinds in rounds:
        for place, kind in enumerate(kinds):
            reading.bench.vendor.fault(kind, after=2 + 2 * place)
        _survives(reading)
    return ", ".join(kind for kinds in rounds for kind in kinds)


def _survives(reading: Reading) -> None:
    bench = reading.bench
    try:
        bench.good_sync(full=True)
        left = [each["kind"] for each in bench.vendor.faults() if not each["hits"]]
        require(not left, f"the read was over before {', '.join(left)}")
    finally:
        bench.vendor.clear_faults()
    reading.require_truth()


def dead_token(reading: Reading) -> str:
    """Among the first requests of a read of everything, as many as the last one had."""
    bench = reading.bench
    if bench.whole is None:
        bench.good_sync(full=True)
    mark = bench.seen
    bench.vendor.fault("expired_token", after=(bench.whole or 0) // 4)
    try:
        report = bench.sync(full=True)
    finally:
        bench.vendor.clear_faults()
    hit = [each for each in bench.since(mark) if each["fault"]]
    require(hit, "the read was over before the token died")
    renewed = not report.failures
    if not renewed:
        codes = {each.exit_code for each in report.failures}
        require(codes == {4}, f"a dead token is no matter of credentials: {report.failures[0].what}")
        bench.reconnect()
        bench.good_sync()
    reading.require_truth()
    return "renewed on the way" if renewed else "a person is asked, and the read goes on"


def schema_change(reading: Reading) -> str:
    """A field goes while pages are read, another comes: the read ends whole, and the new field is read from then on."""
    bench = reading.bench
    name, going = _object_with_new_field(reading, "a")
    with bench.customer() as customer:
        customer.discover(CONNECTION)
    keys = live(bench.truth(reading.of(name)))
    bench.vendor.mutate_all([{"op": "update", "object": name, "id": key, "values": {going: "x"}} for key in keys[:3]])
    bench.settle()
    bench.good_sync(full=True)
    require(bench.rows(name)[keys[0]].get(going) == "x", f"the field {going}, which came, is not read")
    bench.vendor.fault("500", count=None, after=2 + len(reading.pages) // 4)
    bench.sync(full=True)
    bench.vendor.clear_faults()
    bench.vendor.mutate("remove_field", name, None, {"name": going})
    coming = _add_field(reading, name, "b")
    bench.vendor.mutate("update", name, keys[0], {coming: "y"})
    bench.settle()
    bench.good_sync(full=True)
    reading.require_truth()
    with bench.customer() as customer:
        customer.discover(CONNECTION)
    bench.good_sync(full=True)
    require(bench.rows(name)[keys[0]].get(coming) == "y", f"the field {coming}, which came, is not read")
    return f"a field of {name}"


def _object_with_new_field(reading: Reading, suffix: str) -> tuple[str, str]:
    """The first object whose fields come and go, and one that came."""
    refusals = []
    for name in [*reading.tells_change(), *reading.own()]:
        try:
            return name, _add_field(reading, name, suffix)
        except CannotExist as reason:
            refusals.append(str(reason))
    raise CannotExist("; ".join(dict.fromkeys(refusals)))


def _add_field(reading: Reading, name: str, suffix: str) -> str:
    refusals = []
    for spelling in SPELLINGS:
        field = spelling.replace(MADE, f"{MADE}_{suffix}")
        try:
            told = reading.bench.vendor.mutate("add_field", name, None, {"name": field})
        except ValueError as error:
            refusals.append(str(error))
        else:
            return str(told.get("name", field))
    raise CannotExist(f"fields of {name} do not come and go: {refusals[0]}")
