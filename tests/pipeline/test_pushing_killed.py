"""A push whose process is killed between intent and receipt: nothing is written twice, nothing is forgotten."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests import forks
from tests.conftest import Bench
from tests.pipeline.pushes import arrived, defined_otherwise, found_at_once, ledger, push, sent, truth

APPLY = """
import json, sys
from pathlib import Path
from backhaul.project import Project
with Project(Path(sys.argv[1])) as project:
    report = project.customer("acme").push(sys.argv[2])
    print(json.dumps([report.created, report.updated, report.settled, report.unknown, report.refused]))
"""
LEADS = push(
    "crm.contacts",
    "select 'lead' || n || '@new.example' as email, 'Lead ' || n as firstname from range(2000) t(n)",
    mode="create",
    key="email",
)


def apply(root: Path, name: str, crash: str = "") -> list[int] | None:
    """Apply in a process of its own; None where it was killed."""
    environment = {**os.environ, "BACKHAUL_CRASH_AT": crash}
    done = forks.run(APPLY, str(root), name, environment=environment)
    if crash and done.returncode == -signal.SIGKILL:
        return None
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


@pytest.fixture
def hubspot(has_run: Callable[..., Bench]) -> Callable[..., Bench]:
    def make(**pushes: dict[str, Any]) -> Bench:
        made = has_run(crm=("hubspot", {"companies": {}, "contacts": {}}), extra={"push": pushes})
        defined_otherwise(made, "hubspot", found_at_once)
        made.project.close()
        return made

    return make


@pytest.mark.slow
@pytest.mark.parametrize("point", ["push_intent", "push_sent"])
def test_creates_are_never_doubled(hubspot: Callable[..., Bench], point: str) -> None:
    made = hubspot(leads=LEADS)
    before = len(truth(made, "contacts"))
    for passing in (1, 3, 2):
        assert apply(made.root, "leads", f"{point}:{passing}") is None, "killed with rows in flight"
    report = apply(made.root, "leads")
    assert report is not None
    _, _, _, unknown, refused = report
    assert (unknown, refused) == (0, 0)
    contacts = [each["email"] for each in truth(made, "contacts").values() if str(each["email"]).startswith("lead")]
    assert len(contacts) == len(set(contacts)) == 2000
    assert len(truth(made, "contacts")) == before + 2000
    at = arrived(made)
    assert apply(made.root, "leads") == [0, 0, 0, 0, 0]
    assert sent(made, since=at) == []


def test_what_cannot_be_found_again_stays_unknown_and_is_sent_no_second_time(hubspot: Callable[..., Bench]) -> None:
    select = "select 'Company ' || n as name from range(100) t(n)"
    made = hubspot(new=push("crm.companies", select, mode="create", key="name"))
    before = len(truth(made, "companies"))
    assert apply(made.root, "new", "push_sent:1") is None
    assert len(truth(made, "companies")) == before + 100
    at = arrived(made)
    assert apply(made.root, "new") == [0, 0, 0, 100, 0]
    assert sent(made, since=at) == []
    with ledger(made) as kept:
        rows = kept.in_flight(kept.target("crm", "companies", "new"))
    assert {each.state for each in rows} == {"unknown"}


def test_a_process_killed_before_the_request_left_still_writes_every_update(hubspot: Callable[..., Bench]) -> None:
    select = "select source_id as hs_object_id, 5 as ai_score from accounts where not is_deleted"
    made = hubspot(scores=push("crm.companies", select, key="hs_object_id"))
    assert apply(made.root, "scores", "push_intent:1") is None
    report = apply(made.root, "scores")
    companies = truth(made, "companies")
    assert report is not None
    assert report[1] + report[2] == len(companies)
    assert all(float(each["ai_score"]) == 5 for each in companies.values())


def test_a_create_that_the_vendor_may_not_show_yet_is_unknown_and_waited_for(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(leads={**LEADS, "select": LEADS["select"].replace("2000", "50")})
    defined_otherwise(made, "hubspot", lambda definition: None)
    assert apply(made.root, "leads", "push_intent:1") is None, "killed before anything left"
    at = arrived(made)
    assert apply(made.root, "leads") == [0, 0, 0, 50, 0], "not found, but the vendor may need a minute to show it"
    assert sent(made, since=at) == []
    defined_otherwise(made, "hubspot", found_at_once)
    assert apply(made.root, "leads") == [50, 0, 0, 0, 0]
