"""conformance.md: what the kit says of every source of the catalog. Made by `make conformance`, which runs the kit."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import yaml

from backhaul.config.catalog import catalog_root
from backhaul.conformance.kit import check
from backhaul.conformance.report import POINTS, Report, spans
from docs.generate.definitions import ROOT
from docs.generate.markdown import page as whole
from docs.generate.markdown import table

PATH = ROOT / "docs" / "reference" / "conformance.md"
SIGNS = {"works": "✓", "fails": "✗", "cannot": "–"}


def names() -> list[str]:
    return sorted(path.parent.name for path in catalog_root().glob("sources/*/source.yaml"))


def reports() -> list[Report]:
    """One a source, each from a process of its own."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return list(pool.map(_report, names()))


def _report(name: str) -> Report:
    path = catalog_root() / "sources" / name / "source.yaml"
    return check(yaml.safe_load(path.read_text(encoding="utf-8")))


def page(found: Sequence[Report]) -> str:
    rows = [(each.title, *(SIGNS[each.cell(point).state] for point in POINTS)) for each in found]
    return whole(
        "Conformance",
        "What `backhaul source check` says of each source, against its simulator. ✓: proven by requests that are "
        "listed below; –: cannot exist, with the reason below; ✗: does not hold.",
        table(("source", *POINTS), rows),
        "## Points",
        table(("point", "green says"), list(POINTS.items())),
        *(part for each in found for part in _details(each)),
    )


def _details(report: Report) -> tuple[str, ...]:
    rows = [(cell.point, SIGNS[cell.state], cell.why, spans(cell.requests)) for cell in report.cells]
    return (
        f"## {report.title}",
        f"With {', '.join(report.objects)}. Requests are numbered as the simulator's log has them.",
        table(("point", "", "what was proven, or why it cannot exist", "requests"), rows),
    )


if __name__ == "__main__":
    PATH.write_text(page(reports()), encoding="utf-8")
    print(f"docs/reference/{PATH.name}")
