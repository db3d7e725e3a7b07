"""How fast a push goes: as the vendor allows and no faster; what people wait for goes first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from tests.little import Asked, Little, Place, definition

from backhaul.project import Project

ALL = "select id::varchar as id, {} as score from range(9) t(id)"
SLACK = 0.5
"""Seconds by which a request may be seen later than it was sent, on a machine that has much to do."""


class Vendor:
    """Things whose `score` is written one by one; remembers when, and how many at a time."""

    def __init__(self, rows: int, *, together: int = 1) -> None:
        self.rows = {str(n): {"id": str(n), "score": 0} for n in range(rows)}
        self.written: list[tuple[float, str, Any]] = []
        self.most = 0
        self._inside = 0
        self._lock = threading.Lock()
        self._full = threading.Event()
        self._together = together

    def __call__(self, asked: Asked) -> Any:
        if asked.method != "PATCH":
            found = asked.params.get("ids", "")
            wanted = found.split(",") if found else list(self.rows)
            return {"things": [self.rows[each] for each in wanted if each in self.rows]}
        key = asked.path.rpartition("/")[2]
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
            self.written.append((time.monotonic(), key, asked.json["score"]))
            if self.most >= self._together:
                self._full.set()
        # an answer waits until as many are on their way as are allowed: who sends fewer is kept waiting
        self._full.wait(10)
        time.sleep(0.02)
        with self._lock:
            self._inside -= 1
            self.rows[key]["score"] = asked.json["score"]
        return {"id": key}


def place(tmp_path: Path, server: Little, limits: list[dict[str, Any]], **pushes: str) -> Place:
    reads = {
        "all": {"get": "/things", "records": "things"},
        "by_key": {"get": "/things", "params": {"ids": "{keys}"}, "batch": 50, "records": "things"},
    }
    write = {"patch": "/things/{key}", "json": {"...": "{values}"}, "repeatable": True, "result": {"type": "status"}}
    things = {"fields": {"id": "text", "score": "integer"}, "reads": reads, "writes": {"update": write}}
    made = Place(tmp_path, definition(server.url, objects={"things": things}, limits=limits), {"things": {}})
    path = tmp_path / "pipelines" / "acme.yaml"
    document = yaml.safe_load(path.read_text())
    document["push"] = {
        name: {"to": "crm.things", "select": select, "key": "id", "max_quota": "100%"}
        for name, select in pushes.items()
    }
    path.write_text(yaml.safe_dump(document))
    return made


def test_as_many_writes_are_on_their_way_as_the_vendor_takes_and_no_more(
    tmp_path: Path, serve: Callable[..., Little]
) -> None:
    vendor = Vendor(9, together=4)
    place(tmp_path, serve(vendor, one_by_one=False), [{"type": "concurrency", "requests": 4}], all=ALL.format(1))
    with Project(tmp_path) as project:
        acme = project.customer("acme")
        acme.run()
        report = acme.push("all")
    assert (report.updated, vendor.most) == (9, 4)


def test_no_window_holds_more_writes_than_the_rate_allows(tmp_path: Path, serve: Callable[..., Little]) -> None:
    vendor = Vendor(9)
    place(tmp_path, serve(vendor, one_by_one=False), [{"type": "rate", "requests": 4, "per": "1s"}], all=ALL.format(1))
    with Project(tmp_path) as project:
        acme = project.customer("acme")
        acme.run()
        assert acme.push("all").updated == 9
        waited = sum(day.waited for day in project.state.usage.days("acme"))
    times = [at for at, _, _ in vendor.written]
    assert all(times[n + 4] - times[n] >= 1 - SLACK for n in range(len(times) - 4))
    assert waited > 0, "what waits for a limit is counted"


def test_what_a_person_waits_for_goes_before_what_runs_in_bulk(tmp_path: Path, serve: Callable[..., Little]) -> None:
    vendor = Vendor(9)
    bulk = ALL.format(1) + " where id < 8"
    place(tmp_path, serve(vendor, one_by_one=False), [{"type": "rate", "requests": 2, "per": "1s"}], bulk=bulk,
                 urgent=ALL.format(2) + " where id = 8")  # fmt: skip
    with Project(tmp_path) as project:
        acme = project.customer("acme")
        acme.run()
        running = threading.Thread(target=acme.push, args=("bulk",))
        running.start()
        while not vendor.written:
            time.sleep(0.01)
        assert acme.push("urgent", priority="interactive").updated == 1
        running.join()
    order = [key for _, key, _ in vendor.written]
    assert len(order) == 9
    assert order.index("8") < 7, "it did not wait for the end of the other push"
