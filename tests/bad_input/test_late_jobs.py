"""A bulk job tells what was true when it ran: what was read since, by key, is newer and stays."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from backhaul.config.catalog import catalog_root
from backhaul.spool.spool import Spool
from tests.bad_input.runs import landed, run
from tests.conftest import Bench


@pytest.mark.parametrize("snapshot", ["create", "run"])
def test_a_job_that_lands_after_a_newer_read_by_key_does_not_win(snapshot: str, bench: Callable[..., Bench]) -> None:
    made = bench(sf=("salesforce", {"Account": {}}))
    vendor = made.simulators["sf"]
    ids = sorted(each["Id"] for each in vendor.dump("Account") if not each["_deleted"])
    assert run(made).exit_code == 0

    text = (catalog_root() / "sources" / "salesforce" / "source.yaml").read_text(encoding="utf-8")
    own = made.root / "sources" / "salesforce" / "source.yaml"
    own.parent.mkdir(parents=True)
    quick = text.replace("every: 2s, up_to: 60s", "every: 50ms, up_to: 50ms")
    own.write_text(quick.replace("at_least: 20000", "at_least: 1"), encoding="utf-8")
    made.project.close()
    made.project = type(made.project)(made.root)

    vendor.advance(3600)
    vendor.mutate("update", "Account", ids[0], {"Name": "Old news"})
    vendor.mutate("update", "Account", ids[1], {"Name": "Old news"})
    vendor.advance(3600)
    vendor.configure(bulk_snapshot=snapshot, bulk_polls=10_000)
    outcome: list[int] = []
    job = threading.Thread(target=lambda: outcome.append(run(made).exit_code))
    job.start()
    try:
        waiting = threading.Event()
        while not any("/jobs/query/" in each["path"] for each in vendor.received()):
            waiting.wait(0.05)
        waiting.wait(0.2)
        # the job is on its way with what was; meanwhile the record changes, and is read by its key
        vendor.mutate("update", "Account", ids[0], {"Name": "Fresh news"})
        vendor.mutate("delete", "Account", ids[1])
        refetched = made.acme.refetch("sf", "Account", [ids[0]])
        assert refetched.exit_code == 0, refetched.all_failures
        rows = {row[0]: row[1] for row in made.raw("sf__Account", "_key, Name")}
        assert rows[ids[0]] == "Fresh news"
    finally:
        vendor.configure(bulk_polls=1)
        job.join(60)
    assert outcome == [0]
    assert any("/results" in each["path"] for each in vendor.received()), "the job was read"
    rows = {row[0]: row[1] for row in made.raw("sf__Account", "_key, Name")}
    assert rows[ids[0]] == "Fresh news"
    assert not Spool(made.project.config.layout.spool("acme")).windows()
    vendor.advance(3600)
    assert run(made).exit_code == 0
    landed(made, "sf", "Account")
