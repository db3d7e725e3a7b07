"""`python -m tests.crash.push --rows 2000 --kills 60 --source hubspot`: pushes that are killed at every step, on a
vendor that drops answers, applies half a batch, answers after we gave up, and shows new records late.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from backhaul.config.catalog import catalog_root
from backhaul.config.layout import Layout
from backhaul.project import Project
from backhaul.push.ledger import Ledger
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.simulators import build
from backhaul.telemetry.crashpoints import VARIABLE
from backhaul.vault.master import new_master_key
from tests import forks
from tests.conftest import CONSENTED, connection_to, consent, secrets_of
from tests.crash.vendors import BATCH, LAG, VENDORS, Vendor, Wish

POINTS = ("push_fields", "push_looked", "push_intent", "push_sent", "push_receipt", "push_settled", "push_applied")
FAULTS = ("lost_answer", "half_applied", "late_answer")
SHARES = (0.9, 1.0)
"""Of the kills, by the end of each generation of wanted rows: the first makes records, the next changes some."""
AT_ITS_END = 0.1
"""How often a push may be killed after all of it was written: nothing is left to kill then."""
GIVEN_UP, LATE = 1.0, 3.0
"""Seconds: our patience for an answer, and the vendor's answer."""
WORKER = f"""
import json, sys
from pathlib import Path
from backhaul.http.request import Request
Request.__init__.__defaults__ = tuple({GIVEN_UP} if each == 60.0 else each for each in Request.__init__.__defaults__)
from backhaul.project import Project
with Project(Path(sys.argv[1])) as project:
    report = project.customer("acme").push(sys.argv[2], approve=True)
    print(json.dumps({{**report.figures(), "troubles": [each.what for each in report.troubles],
                      "notes": [each.message for each in report.notes[:3]]}}))
"""


def pushes(vendor: Vendor, rows: int, generation: int) -> dict[str, Any]:
    return {name: _push(wish, vendor.key, rows, generation) for name, wish in vendor.wishes.items()}


def _push(wish: Wish, key: str, rows: int, generation: int) -> dict[str, Any]:
    gone = _gone(rows, generation) if wish.kind == "mirror" else 0
    columns = [f"{_filled(wish.text, generation)} as {wish.mark}"] if wish.mark else []
    columns += [f"{_filled(wish.value[1], generation)} as {wish.value[0]}"] if wish.value else []
    columns += [wish.columns] if wish.columns else []
    source = f"range({gone}, {rows + gone}) t(n)"
    if wish.kind == "change":
        columns, source, found_by = [f"source_id as {key}", *columns], "accounts", key
    elif wish.keyed:
        found_by = wish.mark
    else:
        columns, found_by = ["'r' || n as ref", *columns], "ref"
    mode = {"once": "create", "blind": "create", "mirror": "mirror", "change": "update"}[wish.kind]
    allowed = {"max_deletes": rows} if wish.kind == "mirror" else {}
    select = f"select {', '.join(columns)} from {source}"
    return {
        "to": f"crm.{wish.object}", "select": select, "mode": mode, "key": found_by, "max_quota": "100%", **allowed,
        **wish.more,
    }  # fmt: skip


def _filled(text: str, generation: int) -> str:
    """The text as SQL over n."""
    before, part, after = text.replace("{g}", str(generation)).partition("{n}")
    return f"'{before}' || n || '{after}'" if part else f"'{before}'"


def _gone(rows: int, generation: int) -> int:
    return rows // 5 if generation else 0


class Patient:
    """One project, one simulated vendor, and applies in processes of their own."""

    def __init__(self, root: Path, rows: int, simulator: Running, vendor: Vendor) -> None:
        self.root, self.rows, self.simulator, self.vendor = root, rows, simulator, vendor
        source = simulator.vendor.source
        (root / "pipelines").mkdir(parents=True)
        (root / "sources" / source).mkdir(parents=True)
        definition = yaml.safe_dump(_small(source, vendor), sort_keys=False)
        (root / "sources" / source / "source.yaml").write_text(definition)
        os.environ.setdefault("BACKHAUL_MASTER_KEY", new_master_key())
        self.generation(0)
        self.before = {each.object: set(self._live(each.object)) for each in vendor.wishes.values()}
        with Project(root) as project:
            if source in CONSENTED:
                consent(project, "crm")
            assert project.customer("acme").run().exit_code == 0

    def generation(self, number: int) -> None:
        self.number = number
        source = self.simulator.vendor.source
        connection = connection_to(self.simulator, {each.object: {} for each in self.vendor.wishes.values()})
        connection["settings"] |= self.vendor.settings
        apps = {"apps": {source: secrets_of(self.simulator, CONSENTED[source])}} if source in CONSENTED else {}
        wanted = pushes(self.vendor, self.rows, number)
        document = {"customer": "acme", "connections": {"crm": connection}, **apps, "push": wanted}
        (self.root / "pipelines" / "acme.yaml").write_text(yaml.safe_dump(document, sort_keys=False))

    def apply(self, name: str, crash: str = "") -> dict[str, Any] | None:
        """None where it was killed."""
        environment = {**os.environ, VARIABLE: crash}
        done = forks.run(WORKER, str(self.root), name, environment=environment)
        if crash and done.returncode == -signal.SIGKILL:
            return None
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def unknown(self, name: str) -> list[str]:
        with Ledger(Layout(self.root).ledger("acme")) as ledger:
            object = self.vendor.wishes[name].object
            return [each.row for each in ledger.in_flight(ledger.target("crm", object, name))]

    def _live(self, object: str) -> dict[str, dict[str, Any]]:
        gone = self.vendor.gone.items()
        return {
            str(each[self.vendor.key]): each
            for each in self.simulator.dump(object)
            if not each["_deleted"] and not any(each.get(name) == value for name, value in gone)
        }

    # -- the reckoning -----------------------------------------------------------------------------------------------

    def quiet(self) -> Iterator[str]:
        """Apply without kills and faults until nothing is sent any more; what is wrong then."""
        self.simulator.clear_faults()
        restless = list(self.vendor.wishes)
        for _ in range(5):
            time.sleep(LAG + 0.2)
            for name in list(restless):
                at = len(self.simulator.received())
                report = self.apply(name)
                assert report is not None
                if report["troubles"] or report["refused"]:
                    yield f"{name}: {report['refused']} refused; {report['troubles']} {report['notes']}"
                if not self._writes(at):
                    restless.remove(name)
            if not restless:
                break
        yield from (f"{name} does not come to rest" for name in restless)
        for name, wish in self.vendor.wishes.items():
            yield from (f"{name}: {each}" for each in self._wrong(name, wish))

    def _writes(self, since: int) -> bool:
        paths = self.vendor.writes
        return any(
            re.search(paths[each["method"]], each["path"])
            for each in self.simulator.received(since)
            if each["method"] in paths
        )

    def _wrong(self, name: str, wish: Wish) -> Iterator[str]:
        live = self._live(wish.object)
        match wish.kind:
            case "once":
                yield from self._once(name, wish, live)
            case "blind":
                yield from self._blind(name, wish, live)
            case "mirror":
                yield from self._mirrored(name, wish, live)
            case "change":
                field, text = wish.value or ("", "")
                wanted = text.replace("{g}", str(self.number))
                wrong = [id for id, each in live.items() if id in self.before[wish.object]
                         and str(each.get(field)).removesuffix(".0") != wanted]  # fmt: skip
                if wrong:
                    yield f"{len(wrong)} are not right, {wrong[0]} among them"

    def _found(self, wish: Wish, live: dict[str, dict[str, Any]]) -> Counter[str]:
        """How often each text stands in the field that tells rows apart."""
        pattern = re.escape(wish.text).replace(r"\{n\}", r"\d+")
        texts = [str(each.get(wish.mark)) for each in live.values()]
        return Counter(text for text in texts if re.fullmatch(pattern, text))

    def _wanted(self, wish: Wish, start: int = 0) -> dict[str, int]:
        return {wish.text.replace("{n}", str(n)): n for n in range(start, self.rows + start)}

    def _once(self, name: str, wish: Wish, live: dict[str, dict[str, Any]]) -> Iterator[str]:
        found, wanted = self._found(wish, live), self._wanted(wish)
        yield from _twice(found)
        if set(found) != set(wanted):
            lack = sorted(set(wanted) - set(found))
            yield f"{len(lack)} lack: {lack[:1]}, {len(set(found) - set(wanted))} are too many"
        if left := self.unknown(name):
            yield f"{len(left)} are still unknown, {left[0]} among them"

    def _blind(self, name: str, wish: Wish, live: dict[str, dict[str, Any]]) -> Iterator[str]:
        found = self._found(wish, live)
        yield from _twice(found)
        unknown = {wish.text.replace("{n}", row[1:]) for row in self.unknown(name)}
        lacking = set(self._wanted(wish)) - set(found) - unknown
        if lacking:
            yield f"{len(lacking)} are neither there nor unknown, {min(lacking)} among them"

    def _mirrored(self, name: str, wish: Wish, live: dict[str, dict[str, Any]]) -> Iterator[str]:
        found = self._found(wish, live)
        yield from _twice(found)
        field, text = wish.value or ("", "")
        text = text.replace("{g}", str(self.number))
        held = {str(each[wish.mark]): each[field] for each in live.values() if str(each.get(wish.mark)) in found}
        wanted = self._wanted(wish, _gone(self.rows, self.number))
        wrong = [each for each, n in wanted.items() if held.get(each) != text.replace("{n}", str(n))]
        if wrong:
            yield f"{len(wrong)} records do not hold what they are to hold: {wrong[0]} has {held.get(wrong[0])}"
        left = sorted(set(held) - set(wanted))
        with Ledger(Layout(self.root).ledger("acme")) as ledger:
            kept = ledger.known(ledger.target("crm", wish.object, name), left)
        yield from (f"{each} was ours to take away and is there" for each, known in kept.items() if known.made)


def _twice(found: Counter[str]) -> Iterator[str]:
    twice = [name for name, count in found.items() if count > 1]
    if twice:
        yield f"{len(twice)} came twice, {twice[0]} among them"


def _small(source: str, vendor: Vendor) -> dict[str, Any]:
    definition: dict[str, Any] = yaml.safe_load((catalog_root() / "sources" / source / "source.yaml").read_text())
    definition["limits"] = []
    for place, value in vendor.small.items():
        *path, last = place.split(".")
        block = definition
        for name in path:
            block = block[name]
        block[last] = value
    return definition


@contextmanager
def patient(folder: Path, rows: int, source: str) -> Iterator[Patient]:
    vendor = VENDORS[source]
    simulator = serve(build(source, variants=dict(vendor.variants)))
    try:
        simulator.configure(**vendor.controls)
        yield Patient(folder, rows, simulator, vendor)
    finally:
        simulator.close()


def harness(
    folder: Path,
    rows: int,
    kills: int,
    seed: int,
    *,
    source: str = "hubspot",
    say: Callable[[str], None] = lambda text: None,
) -> list[str]:
    """Kill so often, in as many lives as that takes; what is wrong in the end. A life that lets itself not be killed
    at all is the last."""
    chance = random.Random(seed)
    problems: list[str] = []
    points: Counter[str] = Counter()
    life = 0
    while (before := points.total()) < kills:
        life += 1
        with patient(folder / str(life), rows, source) as one:
            problems += _lived(one, kills - before, points, chance, say)
        if points.total() == before:
            problems.append(f"{kills} kills were asked for, and only {before} came about: more rows give more room")
            break
    say(f"{points.total()} kills in {life} lives: {dict(points)}")
    return problems


def _lived(
    one: Patient, kills: int, points: Counter[str], chance: random.Random, say: Callable[[str], None]
) -> list[str]:
    """Two generations of wanted rows, with so many kills at most."""
    problems: list[str] = []
    begun: set[str] = set()
    before = points.total()
    for generation, share in enumerate(SHARES):
        one.generation(generation)
        busy = list(one.vendor.wishes)
        while busy and points.total() - before < int(kills * share):
            name = chance.choice(busy)
            point, passing = _where(one, name, points, chance, first=name not in begun)
            begun.add(name)
            one.simulator.clear_faults()
            for _ in range(chance.randint(0, 2)):
                _trouble(one, chance)
            report = one.apply(name, f"{point}:{passing}")
            points[point] += report is None
            if report is not None and not (report["left"] or report["created"] or report["updated"]):
                busy.remove(name)
            say(f"  {name}, {point}, passing {passing}: {'killed' if report is None else 'ended by itself'}")
        problems += one.quiet()
        if generation == 0:
            one.simulator.advance(600)
            with Project(one.root) as project:
                project.customer("acme").run()
    return problems


def _where(one: Patient, name: str, points: Counter[str], chance: random.Random, *, first: bool) -> tuple[str, int]:
    """A point that the push will pass, of those with the fewest kills; and at which passing."""
    within = ["push_looked", "push_intent", "push_sent", "push_receipt"]
    once = []
    if first and one.vendor.wishes[name].more.get("own_fields"):
        once.append("push_fields")
    if one.unknown(name):
        once.append("push_settled")
    if chance.random() < AT_ITS_END:
        once.append("push_applied")
    fewest = min(points[each] for each in within + once)
    point = chance.choice([each for each in within + once if points[each] == fewest])
    return point, 1 if point in once else chance.randint(1, max(1, min(4, one.rows // BATCH // 4)))


def _trouble(one: Patient, chance: random.Random) -> None:
    method = chance.choice(list(one.vendor.writes))
    # what is deleted stands in the query, of which there is no half
    kind = chance.choice([each for each in FAULTS if each != "half_applied" or method != "DELETE"])
    more = {"seconds": LATE} if kind == "late_answer" else {}
    one.simulator.fault(kind, method=method, path=one.vendor.writes[method], after=chance.randint(0, 3), **more)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.push")
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--source", choices=list(VENDORS), default="hubspot")
    options = parser.parse_args()
    if VENDORS[options.source].cannot:
        print(f"not of {options.source}: {VENDORS[options.source].cannot}")
    with tempfile.TemporaryDirectory(prefix="crash-push-") as folder:
        problems = harness(
            Path(folder) / "project",
            options.rows,
            options.kills,
            options.seed,
            source=options.source,
            say=lambda text: print(text, flush=True),
        )
    for each in problems:
        print(each)
    print(f"{len(problems)} faults")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
