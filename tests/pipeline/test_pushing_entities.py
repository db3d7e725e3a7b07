"""Pushes through an entity: each row goes to the connection and object in its id, by the inverse of the mapping."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from tests.conftest import Bench
from tests.pipeline.pushes import arrived, entities, push, sent, truth, with_pushes

from backhaul.errors import ConfigError

MAPPINGS = {
    "accounts": {
        "crm": {
            "arr": {"from": "to_decimal(arr__c)", "type": "money"},
            "tier": {"from": "tier__c", "values": {"Gold": "top", "Silver": "middle", "Bronze": "low"}, "type": "text"},
            "score": {"from": "coalesce(health_score, 0)", "type": "number"},
        },
        "erp": {"arr": {"from": "custentity_arr", "type": "money"}},
    }
}
LIVE = "from accounts where not is_deleted"


@pytest.fixture
def both(has_run: Callable[..., Bench]) -> Callable[..., Bench]:
    def make(**pushes: dict[str, Any]) -> Bench:
        return has_run(
            crm=("hubspot", {"companies": {}, "contacts": {}}),
            erp=("netsuite", {"customer": {}}),
            extra={"push": pushes, "mappings": MAPPINGS},
        )

    return make


def test_rows_go_to_the_system_they_came_from(both: Callable[..., Bench]) -> None:
    made = both(arr=push("accounts", f"select id, coalesce(arr, 0) + 0.5 as arr {LIVE}", max_rows=1000))
    plan = made.acme.plan_push("arr")
    assert {each.place for each in plan.objects} == {"crm.companies", "erp.customer"}
    wanted = dict(entities(made, f"select id, coalesce(arr, 0) + 0.5 {LIVE}"))
    report = made.acme.push("arr", plan=plan)
    assert (report.updated, report.exit_code) == (len(wanted), 0), (report.troubles, report.notes[:3])
    for key, each in truth(made, "companies").items():
        assert Decimal(each["arr__c"]) == wanted[f"crm:companies:{key}"]
    for key, each in truth(made, "customer", "erp").items():
        assert Decimal(each["custentity_arr"]) == wanted[f"erp:customer:{key}"]


def test_a_value_map_is_inverted_and_what_it_does_not_know_is_refused(both: Callable[..., Bench]) -> None:
    select = (
        "select id, case when row_number() over (order by id) = 1 then 'unheard of' else 'middle' end as tier"
        f" {LIVE} and connection_id = 'crm'"
    )
    made = both(tier=push("accounts", select))
    plan = made.acme.plan_push("tier")
    [only] = plan.objects
    assert {change.after for row in only.rows for change in row.changes} == {"Silver"}
    assert [each.code for each in only.refused] == ["WRONG_TYPE"]
    assert "'unheard of'" in only.refused[0].reason
    made.acme.push("tier", plan=plan)
    tiers = [each["tier__c"] for key, each in truth(made, "companies").items() if key != only.refused[0].row]
    assert set(tiers) == {"Silver"}
    made.simulators["crm"].advance(600)
    made.acme.run()
    at = arrived(made)
    assert made.acme.push("tier").written == 0
    assert sent(made, since=at) == []


def test_a_column_without_a_way_back_is_told_for_the_rows_it_concerns(both: Callable[..., Bench]) -> None:
    made = both(
        score=push("accounts", f"select id, 7 as score {LIVE} and connection_id = 'crm'"),
        tier=push("accounts", f"select id, 'top' as tier {LIVE}"),
    )
    plan = made.acme.plan_push("score")
    assert plan.rows == 0
    assert plan.counts.refused == len(truth(made, "companies"))
    assert "cannot be written to crm.companies: it is computed" in plan.objects[0].refused[0].reason
    plan = made.acme.plan_push("tier")
    by_place = {each.place: each for each in plan.objects}
    assert by_place["crm.companies"].rows
    assert "erp.customer does not fill tier" in by_place["erp.customer"].refused[0].reason
    assert by_place["erp.customer"].counts.refused == len(truth(made, "customer", "erp"))


def test_ids_that_lead_nowhere_are_refused_and_counted(both: Callable[..., Bench]) -> None:
    made = both(
        arr=push("accounts", "select unnest([null, 'nonsense', 'crm:nothing:1', 'other:companies:1']) as id, 1 as arr"),
        noid=push("accounts", "select 1 as arr"),
    )
    plan = made.acme.plan_push("arr")
    assert (plan.counts.wanted, plan.counts.refused, plan.rows) == (4, 4, 0)
    with pytest.raises(ConfigError, match="no column id"):
        made.acme.plan_push("noid")
    with_pushes(made, up=push("accounts", f"select id, 1 as arr {LIVE}", mode="upsert"))
    with pytest.raises(ConfigError, match="the mode upsert needs a connection's object"):
        made.acme.plan_push("up")
    with_pushes(made, gone=push("account", "select 1"))
    with pytest.raises(ConfigError, match="no entity called account"):
        made.acme.plan_push("gone")


def test_a_reference_is_written_as_the_vendor_s_key(both: Callable[..., Bench]) -> None:
    select = (
        f"select id, (select id from users where connection_id = 'crm' and not is_deleted order by id limit 1)"
        f" as owner_id {LIVE} and connection_id = 'crm'"
    )
    made = both()
    path = made.root / "pipelines" / "acme.yaml"
    path.write_text(path.read_text().replace("companies: {}", "companies: {}\n      owners: {}"))
    with_pushes(made, owner=push("accounts", select))
    made.acme.run()
    [[owner]] = entities(
        made, "select source_id from users where connection_id = 'crm' and not is_deleted order by id limit 1"
    )
    report = made.acme.push("owner")
    assert report.exit_code == 0, report.notes[:3]
    assert {each["hubspot_owner_id"] for each in truth(made, "companies").values()} == {owner}
