"""What tests of bad input share: two connections, impatient runs, and what a failure must tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backhaul.http.patience import Patience
from backhaul.pipeline.reading import Wanted
from backhaul.pipeline.report import Failure
from backhaul.pipeline.run import RunReport, run_customer
from backhaul.project import Project
from tests.conftest import Bench
from tests.truth import differences

IMPATIENT = Patience(tries=2, first_backoff=0.01, longest_backoff=0.02, longest_wait=3)
OBJECTS: Mapping[str, tuple[str, ...]] = {
    "crm": ("companies", "contacts"),
    "erp": ("customer", "currency"),
    "sf": ("Account", "Contact"),
}
SOURCES = {"crm": "hubspot", "erp": "netsuite", "sf": "salesforce"}


def connections(*names: str) -> dict[str, Any]:
    """Connections to make a bench of."""
    return {name: (SOURCES[name], {each: {} for each in OBJECTS[name]}) for name in names}


def run(made: Bench, *, patience: Patience = IMPATIENT, whole: bool = False, **wanted: Any) -> RunReport:
    """One sync, by somebody who does not wait long. whole: transform and publish, too."""
    with made.acme.context(patience=patience) as context:
        return run_customer(context, Wanted(**wanted), transform=whole, publish=whole)


def reopened(made: Bench) -> None:
    """The project, as a new process sees it: secrets are read when it is opened."""
    made.project.close()
    made.project = Project(made.root)


def the_failure(report: RunReport, connection: str, object: str = "") -> Failure:
    """The one failure of the run, at that place, with a next step."""
    assert report.customer == "acme"
    failures = {(each.connection, each.object): each for each in report.all_failures}
    assert list(failures) == [(connection, object)], report.all_failures
    found = failures[connection, object]
    assert found.what
    assert found.next_step
    assert not found.next_step.startswith("run the command again with --log-level debug")
    return found


def landed(made: Bench, connection: str, *objects: str) -> None:
    """These objects are here as the vendor has them."""
    vendor, names = made.simulators[connection], objects or OBJECTS[connection]
    work = made.project.config.layout.work("acme")
    found = differences(work, connection, {name: vendor.dump(name) for name in names}, winners=connection != "erp")
    assert not (wrong := [each[:300] for each in found]), wrong


def ends_well(made: Bench) -> None:
    """A later good run completes with the truth."""
    report = run(made)
    assert report.exit_code == 0, report.all_failures
    for connection in made.simulators:
        landed(made, connection)
