"""Runs the points in order against one source's simulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from backhaul.conformance import troubles
from backhaul.conformance.bench import BACK, Bench, CannotExist, NotProven, eager, require
from backhaul.conformance.choosing import families, representatives
from backhaul.conformance.pushing import Pushing
from backhaul.conformance.reading import Reading
from backhaul.conformance.report import POINTS, Cell, Report, in_order
from backhaul.conformance.writing import Writing
from backhaul.discovery.discover import discover, list_objects
from backhaul.errors import BackhaulError
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.simulators import build

FIRST = ("first read",)
"""What the other points build on."""
BEFORE = {"restored": ("deleted",), "delete": ("create",), "mirror": ("create", "delete"), "append": ("create",),
          "write limits": ("create", "append")}  # fmt: skip
"""Point -> those that make what it needs."""
BY_THEMSELVES = {"probe", "discovery", "auth"}
"""Points that need nothing to have been read."""
OnCell = Callable[[Cell], None]


def check(
    written: Mapping[str, Any],
    *,
    points: Sequence[str] = (),
    objects: int = 6,
    names: Sequence[str] = (),
    until_red: bool = False,
    on_cell: OnCell = lambda cell: None,
) -> Report:
    """Prove a definition, as it is written, against its source's simulator.

    points: only these; empty: all. objects: at most so many, one a shape of definition. names: these objects instead,
    and what they are children of. until_red: stop at the first
    point that fails. on_cell: told each cell as it is known. Raises ValueError where there is no simulator.
    """
    simulator = build(str(written["source"]))
    simulator.clock.advance(-BACK)
    with serve(simulator) as vendor, TemporaryDirectory(prefix="backhaul-kit-") as folder:
        kit = _Kit(Path(folder), vendor, written, objects, names, _with_what_is_needed(points), until_red, on_cell)
        kit.run()
        bench = kit.bench
        return Report(bench.source.source, bench.source.title, "simulator", kit.objects, in_order(kit.cells))


class _Kit:
    def __init__(
        self, folder: Path, vendor: Running, written: Mapping[str, Any], most: int, names: Sequence[str],
        points: Sequence[str], until_red: bool, on_cell: OnCell,
    ) -> None:  # fmt: skip
        self._folder, self._written = folder, written
        self.bench = Bench(folder / "reading", vendor, written)
        self.cells: list[Cell] = []
        self.objects: tuple[str, ...] = ()
        self._most = most
        self._names = names
        self._points = points
        self._until_red = until_red
        self._on_cell = on_cell

    def run(self) -> None:
        self._point("probe", lambda: troubles.probe(self.bench))
        reading = self._point("discovery", self._discovery)
        if not isinstance(reading, Reading):
            self._rest("nothing was discovered")
            return
        writing = Writing(reading)
        pushing = Pushing(writing)
        proofs: dict[str, Callable[[], Any]] = {
            "first read": reading.first,
            "jobs": lambda: reading.jobs(self._fresh("jobs", eager(self._written))),
            "resume": lambda: reading.resume(self._fresh("stopped")),
            "incremental": reading.incremental,
            "by key": lambda: troubles.by_key(reading),
            "late": reading.late,
            "deleted": reading.deleted,
            "restored": reading.restored,
            "merged": reading.merged,
            "purged": reading.purged,
            "limits": lambda: troubles.limits(reading),
            "429 storm": lambda: troubles.storm(reading),
            "failing vendor": lambda: troubles.failing(reading),
            "dead token": lambda: troubles.dead_token(reading),
            "schema change": lambda: troubles.schema_change(reading),
            "create": writing.create,
            "update": writing.update,
            "upsert": writing.upsert,
            "delete": writing.delete,
            "written once": pushing.once,
            "mirror": pushing.mirror,
            "append": pushing.append,
            "associate": pushing.associate,
            "write limits": pushing.pace,
            "auth": self._auth,
        }
        for point, prove in proofs.items():
            if self._until_red and any(cell.state == "fails" for cell in self.cells):
                return
            if point in self._points or (point in FIRST and not set(self._points) <= BY_THEMSELVES):
                self._point(point, prove)

    def _auth(self) -> str:
        """Last, when the vendor's clock shows our time: signed assertions hang on it."""
        self.bench.catch_up()
        return troubles.auth(self.bench)

    def _fresh(self, name: str, written: Mapping[str, Any] | None = None) -> Bench:
        """A project that has read nothing yet, on the same simulator."""
        return Bench(self._folder / name, self.bench.vendor, written or self._written)

    def _point(self, point: str, prove: Callable[[], Any]) -> Any:
        """The point's cell; what the proof gave, where it holds."""
        mark = self.bench.seen
        found: Any = None
        try:
            found = prove()
        except CannotExist as reason:
            cell = Cell(point, "cannot", str(reason))
        except NotProven as reason:
            cell = Cell(point, "fails", str(reason))
        except BackhaulError as error:
            cell = Cell(point, "fails", error.what)
        except Exception as error:  # noqa: BLE001  a definition that breaks the engine fails the point, not the kit
            cell = Cell(point, "fails", f"{type(error).__name__}: {error}")
        else:
            why = found if isinstance(found, str) else ""
            cell = Cell(point, "works", why, tuple(each["n"] for each in self.bench.since(mark)))
        self.cells.append(cell)
        self._on_cell(cell)
        return found

    def _rest(self, why: str) -> None:
        known = {each.point for each in self.cells}
        self.cells += [Cell(point, "fails", why) for point in self._points if point not in known]

    def _discovery(self) -> Reading:
        with self.bench.opened() as connection:
            found = list_objects(connection)
            # beside those that the definition lists, what an account has of its own
            names = [each.name for each in found if each.custom or each.name in self.bench.source.objects]
            require(names, "the account has no objects")
            source = self.bench.source
            self.objects = families(source, self._names) or representatives(
                source, self.bench.vendor, names, self._most
            )
            require(self.objects, "no object that the vendor has is in the definition")
            discovered = discover(connection, self.objects)
        self.bench.choose({name: {} for name in self.objects})
        return Reading(self.bench, discovered.schema, self.objects, few=bool(self._names))


def _with_what_is_needed(points: Sequence[str]) -> tuple[str, ...]:
    return (*points, *(before for each in points for before in BEFORE.get(each, ()))) if points else tuple(POINTS)
