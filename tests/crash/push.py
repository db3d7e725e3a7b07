"""`python -m tests.crash.push --rows 2000 --kills 60`: pushes that are killed at every step, on a vendor that drops
answers, applies half a batch, answers after we gave up, and shows new records late.
"""

from __future__ import annotations

import argparse
import json
import os
import random
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
from tests import forks
from tests.conftest import connection_to

POINTS = ("push_fields", "push_looked", "push_intent", "push_sent", "push_receipt", "push_settled", "push_applied")
FAULTS = ("lost_answer", "half_applied", "late_answer")
LAG, GIVEN_UP, LATE = 2.0, 1.0, 3.0
"""Seconds: the vendor's index, our patience for an answer, and the vendor's answer."""
BATCH = 20
WORKER = f"""
import json, sys
from pathlib import Path
from backhaul.http.request import Request
Request.__init__.__defaults__ = tuple({GIVEN_UP} if each == 60.0 else each for each in Request.__init__.__defaults__)
from backhaul.project import Project
with Project(Path(sys.argv[1])) as project:
    report = project.customer("acme").push(sys.argv[2], approve=True)
    print(json.dumps({{**report.figures(), "troubles": [each.what for each in report.troubles]}}))
"""


def pushes(rows: int, generation: int) -> dict[str, Any]:
    """people: created by a unique field. firms: made by our own id in a field of our own. mirrored: upserted, and
    taken away. blind: created with nothing that finds them again. scores: changed by their keys.
    """
    gone = rows // 5 if generation else 0
    own_id = {"trace": "backhaul_row", "own_fields": {"backhaul_row": {"label": "backhaul row", "unique": True}}}
    made = f"from range({rows}) t(n)"
    people = f"select 'p' || n || '@new.example' as email, 'Person ' || n as firstname {made}"
    mirrored = (
        f"select 'm' || n || '@new.example' as email, 'Mirrored {generation} ' || n as firstname"
        f" from range({gone}, {rows + gone}) t(n)"
    )
    scores = f"select source_id as hs_object_id, {generation + 5} as ai_score from accounts"
    firms = f"select 'f' || n as ref, 'Firm ' || n as name {made}"
    blind = f"select 'b' || n as ref, 'Blind ' || n as name {made}"
    return {
        "people": _push("contacts", people, mode="create", key="email"),
        "firms": _push("companies", firms, mode="create", key="ref", **own_id),
        "mirrored": _push("contacts", mirrored, mode="mirror", key="email", max_deletes=rows),
        "blind": _push("companies", blind, mode="create", key="ref"),
        "scores": _push("companies", scores, key="hs_object_id"),
    }


def _push(object: str, select: str, **more: Any) -> dict[str, Any]:
    return {"to": f"crm.{object}", "select": select, "max_quota": "100%", **more}


class Patient:
    """One project, one simulated vendor, and applies in processes of their own."""

    def __init__(self, root: Path, rows: int, simulator: Running) -> None:
        self.root, self.rows, self.simulator = root, rows, simulator
        (root / "pipelines").mkdir(parents=True)
        (root / "sources" / "hubspot").mkdir(parents=True)
        (root / "sources" / "hubspot" / "source.yaml").write_text(yaml.safe_dump(_small(), sort_keys=False))
        self.generation(0)
        self.before = {name: self._keys(name) for name in ("contacts", "companies")}
        with Project(root) as project:
            assert project.customer("acme").run().exit_code == 0

    def generation(self, number: int) -> None:
        self.number = number
        connection = connection_to(self.simulator, {"companies": {}, "contacts": {}})
        document = {"customer": "acme", "connections": {"crm": connection}, "push": pushes(self.rows, number)}
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
            object = "contacts" if name in ("people", "mirrored") else "companies"
            return [each.row for each in ledger.in_flight(ledger.target("crm", object, name))]

    def _keys(self, object: str) -> set[str]:
        return {each["id"] for each in self.simulator.dump(object)}

    # -- the reckoning -----------------------------------------------------------------------------------------------

    def quiet(self) -> Iterator[str]:
        """Apply without kills and faults until nothing is sent any more; what is wrong then."""
        self.simulator.clear_faults()
        restless = list(pushes(self.rows, self.number))
        for _ in range(5):
            time.sleep(LAG + 0.2)
            for name in list(restless):
                at = len(self.simulator.received())
                report = self.apply(name)
                assert report is not None
                if report["troubles"] or report["refused"]:
                    yield f"{name}: {report}"
                if not self._writes(at):
                    restless.remove(name)
            if not restless:
                break
        yield from (f"{name} does not come to rest" for name in restless)
        yield from self.wrong()

    def _writes(self, since: int) -> bool:
        paths = [each["path"] for each in self.simulator.received(since)]
        return any(path.endswith(("batch/create", "batch/update", "batch/upsert", "batch/archive")) for path in paths)

    def wrong(self) -> Iterator[str]:
        live = {
            name: [each for each in self.simulator.dump(name) if not each["_deleted"]]
            for name in ("contacts", "companies")
        }
        new = [each for each in live["contacts"] if str(each["email"]).endswith("@new.example")]
        people = Counter(each["email"] for each in new if each["email"].startswith("p"))
        yield from self._counted("people", people, {f"p{n}@new.example" for n in range(self.rows)})
        firms = Counter(each["name"] for each in live["companies"] if str(each["name"]).startswith("Firm "))
        yield from self._counted("firms", firms, {f"Firm {n}" for n in range(self.rows)})
        start = self.rows // 5 if self.number else 0
        names = {f"m{n}@new.example": f"Mirrored {self.number} {n}" for n in range(start, self.rows + start)}
        held = {each["email"]: each["firstname"] for each in new if each["email"].startswith("m")}
        left = {email for email in held if email not in names}
        if {email: held.get(email) for email in names} != names:
            yield "mirrored records do not hold what they are to hold"
        with Ledger(Layout(self.root).ledger("acme")) as ledger:
            kept = ledger.known(ledger.target("crm", "contacts", "mirrored"), sorted(left))
        yield from (f"{email} was ours to take away and is there" for email, each in kept.items() if each.made)
        blind = Counter(each["name"] for each in live["companies"] if str(each["name"]).startswith("Blind "))
        twice = [name for name, count in blind.items() if count > 1]
        if twice:
            yield f"{len(twice)} blind creates came twice, {twice[0]} among them"
        unknown = {f"Blind {row[1:]}" for row in self.unknown("blind")}
        lacking = {f"Blind {n}" for n in range(self.rows)} - set(blind) - unknown
        if lacking:
            yield f"{len(lacking)} blind creates are neither there nor unknown, {min(lacking)} among them"
        ours = self.before["companies"]
        wrong = [each["id"] for each in live["companies"]
                 if each["id"] in ours and float(each["ai_score"] or 0) != self.number + 5]  # fmt: skip
        if wrong:
            yield f"{len(wrong)} scores are not right"

    def _counted(self, push: str, found: Counter[str], wanted: set[str]) -> Iterator[str]:
        twice = [name for name, count in found.items() if count > 1]
        if twice:
            yield f"{push}: {len(twice)} came twice, {twice[0]} among them"
        if set(found) != wanted:
            yield f"{push}: {len(wanted - set(found))} lack, {len(set(found) - wanted)} are too many"
        if left := self.unknown(push):
            yield f"{push}: {len(left)} are still unknown, {left[0]} among them"


def _small() -> dict[str, Any]:
    """The shipped definition, with small batches, a quick index and no limits, which would only make us wait."""
    definition: dict[str, Any] = yaml.safe_load((catalog_root() / "sources" / "hubspot" / "source.yaml").read_text())
    definition["limits"] = []
    templates = definition["templates"]
    templates["batch"]["batch"] = BATCH
    templates["crm_object"]["writes"]["delete"]["batch"] = BATCH
    templates["crm_object"]["reads"]["by_match"]["lag"] = f"{LAG:g}s"
    return definition


@contextmanager
def patient(folder: Path, rows: int) -> Iterator[Patient]:
    simulator = serve(build("hubspot", variants={"unique_read": "indexed"}))
    try:
        simulator.configure(index_lag=LAG, limit_10s=10**9, limit_search=10**9)
        yield Patient(folder, rows, simulator)
    finally:
        simulator.close()


def harness(
    folder: Path, rows: int, kills: int, seed: int, *, say: Callable[[str], None] = lambda text: None
) -> list[str]:
    """Kill so often, over two generations of wanted rows; what is wrong in the end."""
    chance = random.Random(seed)
    problems: list[str] = []
    points: Counter[str] = Counter()
    with patient(folder, rows) as one:
        for generation in range(2):
            one.generation(generation)
            tries = 0
            while sum(points.values()) < kills * (generation + 1) // 2 and tries < 3 * kills:
                tries += 1
                name = chance.choice(list(pushes(rows, generation)))
                point = chance.choice(POINTS)
                one.simulator.clear_faults()
                for _ in range(chance.randint(0, 2)):
                    kind = chance.choice(FAULTS)
                    path = r"batch/(create|update|upsert|archive)"
                    more = {"seconds": LATE} if kind == "late_answer" else {}
                    one.simulator.fault(kind, path=path, after=chance.randint(0, 3), **more)
                killed = one.apply(name, f"{point}:{chance.randint(1, max(1, rows // BATCH // 2))}") is None
                points[point] += killed
                say(f"  {name}, {point}: {'killed' if killed else 'ended by itself'}")
            problems += one.quiet()
            if generation == 0:
                one.simulator.advance(600)
                with Project(one.root) as project:
                    project.customer("acme").run()
    say(f"{sum(points.values())} kills: {dict(points)}")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.push")
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crash-push-") as folder:
        problems = harness(
            Path(folder), options.rows, options.kills, options.seed, say=lambda text: print(text, flush=True)
        )
    for each in problems:
        print(each)
    print(f"{len(problems)} faults")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
