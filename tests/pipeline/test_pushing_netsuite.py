"""Pushes to NetSuite: one record a call, names as the record service spells them, external ids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import Bench
from tests.pipeline.pushes import arrived, push, sent, truth

HEALTH = push(
    "erp.customer",
    "select source_id as id, length(name) as custentity_health_score, 'by ' || name as comments from accounts"
    " where not is_deleted and source_object = 'customer'",
)
NEW = "select 'Company ' || n as companyname, 1 as subsidiary, 'c' || n || '@new.example' as email from range(6) t(n)"


@pytest.fixture
def netsuite(has_run: Callable[..., Bench]) -> Callable[..., Bench]:
    def make(variants: dict[str, str] | None = None, **pushes: dict[str, Any]) -> Bench:
        return has_run(erp=("netsuite", {"customer": {}}), extra={"push": pushes}, variants=variants or {})

    return make


def test_updates_go_one_by_one_after_a_look_at_some(netsuite: Callable[..., Bench]) -> None:
    made = netsuite(health=HEALTH)
    customers = truth(made, "customer", "erp")
    plan = made.acme.plan_push("health")
    rows = len(plan.objects[0].rows)
    assert plan.calls == rows + -(-rows // 25), "so many are read together that the last is still fresh when written"
    report = made.acme.push("health", plan=plan)
    assert (report.updated, report.exit_code) == (len(customers), 0), report
    for each in truth(made, "customer", "erp").values():
        assert each["comments"] == f"by {each['companyname'] or each['altname']}"
    made.simulators["erp"].advance(3600)
    made.acme.run()
    at = arrived(made, "erp")
    assert made.acme.push("health").written == 0
    assert sent(made, "erp", at) == []


@pytest.mark.parametrize("variants", [{}, {"success": "200"}, {"success": "201"}])
def test_a_lost_create_is_found_by_the_id_we_gave_it(netsuite: Callable[..., Bench], variants: dict[str, str]) -> None:
    made = netsuite(variants, new=push("erp.customer", NEW, mode="create", key="companyname"))
    before = len(truth(made, "customer", "erp"))
    made.simulators["erp"].fault("lost_answer", method="POST", path="record/v1/customer$", count=3)
    at = arrived(made, "erp")
    report = made.acme.push("new")
    assert (report.created, report.unknown, report.exit_code) == (6, 0, 0), report
    assert len(sent(made, "erp", at)) == 6
    assert len(truth(made, "customer", "erp")) == before + 6
    assert made.acme.push("new").created == 0


def test_upserts_match_by_external_id(netsuite: Callable[..., Bench]) -> None:
    made = netsuite(
        new=push(
            "erp.customer",
            "select 'ext-' || n as externalid, 'Company ' || n as companyname, 1 as subsidiary from range(4) t(n)",
            mode="upsert",
            key="externalid",
        )
    )
    assert made.acme.push("new").created == 4
    assert sum(str(each["externalid"]).startswith("ext-") for each in truth(made, "customer", "erp").values()) == 4
    assert made.acme.push("new").written == 0


def test_a_mirror_by_external_id_writes_that_id(netsuite: Callable[..., Bench]) -> None:
    select = "select 'm' || n as externalid, 'Mirrored ' || n as companyname, '1' as subsidiary from range(3) t(n)"
    made = netsuite(kept=push("erp.customer", select, mode="mirror", key="externalid"))
    assert made.acme.push("kept").created == 3
    found = {each["externalid"]: each["companyname"] for each in truth(made, "customer", "erp").values()}
    assert {f"m{n}": f"Mirrored {n}" for n in range(3)}.items() <= found.items()
    assert made.acme.push("kept").written == 0
