"""What guards a push: fields that may not be written, or only sometimes; defaults, pauses, canaries, quotas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from tests.conftest import Bench
from tests.pipeline.pushes import arrived, ledger, push, sent, truth, with_pushes

from backhaul.errors import ApprovalNeeded, ConfigError
from backhaul.project import Project

COMPANIES = "select source_id as hs_object_id, {} from accounts where not is_deleted"


@pytest.fixture
def hubspot(has_run: Callable[..., Bench]) -> Callable[..., Bench]:
    def make(guards: dict[str, Any] | None = None, **pushes: dict[str, Any]) -> Bench:
        return has_run(
            crm=("hubspot", {"companies": {}, "contacts": {}}), extra={"push": pushes, "guards": guards or {}}
        )

    return make


def companies(columns: str, **more: Any) -> dict[str, Any]:
    return push("crm.companies", COMPANIES.format(columns), key="hs_object_id", **more)


def test_a_field_that_the_product_guards_is_written_by_no_push(hubspot: Callable[..., Bench]) -> None:
    made = hubspot({"hubspot.*.*phone*": {"write": "never", "why": "personal"}}, calls=companies("'1' as phone"))
    before = arrived(made)
    with pytest.raises(ConfigError, match=r"crm.companies.phone is guarded, no push writes it: personal"):
        made.acme.push("calls")
    assert arrived(made) == before


def test_a_guard_of_the_base_pipeline_holds_for_every_customer(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(calls=companies("'1' as phone"))
    base = {"guards": {"hubspot.companies.phone": "never"}}
    (made.root / "pipelines" / "base.yaml").write_text(yaml.safe_dump(base))
    path = made.root / "pipelines" / "acme.yaml"
    path.write_text(yaml.safe_dump({"extends": "base", **yaml.safe_load(path.read_text())}))
    made.project.close()
    made.project = Project(made.root)
    with pytest.raises(ConfigError, match="is guarded"):
        made.acme.plan_push("calls")


def test_fields_are_written_into_new_records_old_ones_empty_ones_or_never(hubspot: Callable[..., Bench]) -> None:
    select = (
        "select email, 'New' as firstname, 'New' as lastname, 'New' as jobtitle, 'New' as city"
        " from (values ('old@new.example'), ('new@new.example')) t(email)"
    )
    fields = {"firstname": "create", "lastname": "update", "jobtitle": "empty", "city": "never"}
    made = hubspot(people=push("crm.contacts", select, mode="upsert", key="email", fields=fields))
    old = {"email": "old@new.example", "firstname": "Old", "lastname": "Old", "jobtitle": "Old", "city": "Old"}
    made.simulators["crm"].mutate("create", "contacts", None, old)
    report = made.acme.push("people")
    assert report.refused == 0, "that one of them is there is found out just before the write"
    found = {each["email"]: each for each in truth(made, "contacts").values()}
    assert [found["old@new.example"][name] for name in fields] == ["Old", "New", "Old", "Old"]
    assert [found["new@new.example"][name] for name in fields] == ["New", None, "New", None]
    made.simulators["crm"].advance(600)
    made.acme.run()
    assert made.acme.push("people").written <= 1
    before = arrived(made)
    assert made.acme.push("people").written == 0
    assert sent(made, since=before) == []


def test_a_field_that_was_filled_since_is_left_as_it_is(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(tiers=companies("'Gold' as tier__c", fields={"tier__c": "empty"}, conflict="overwrite"))
    empty = next(key for key, each in truth(made, "companies").items() if not each["tier__c"])
    plan = made.acme.plan_push("tiers")
    assert {change.before for row in plan.objects[0].rows for change in row.changes} == {None}
    made.simulators["crm"].mutate("update", "companies", empty, {"tier__c": "Silver"})
    made.acme.push("tiers", plan=plan)
    assert truth(made, "companies")[empty]["tier__c"] == "Silver", "also where the push overwrites"


def test_a_default_stands_in_for_nothing(hubspot: Callable[..., Bench]) -> None:
    column = "case when name < 'M' then 7 end as ai_score"
    made = hubspot(scores=companies(column, fields={"ai_score": {"default": 1.5}}))
    assert made.acme.push("scores").exit_code == 0
    for each in truth(made, "companies").values():
        assert float(each["ai_score"]) == (7 if each["name"] < "M" else 1.5)
    with_pushes(made, scores=companies(column, fields={"ai_score": {"default": "many"}}))
    with pytest.raises(ConfigError, match=r"the default of ai_score does not fit: .*is not a number"):
        made.acme.plan_push("scores")
    with_pushes(made, scores=companies(column, fields={"ai_scor": "never"}))
    with pytest.raises(ConfigError, match="did you mean ai_score"):
        made.acme.plan_push("scores")


def test_a_paused_push_sends_nothing_until_it_is_resumed(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=companies("5 as ai_score"))
    made.acme.pause_push("scores", reason="wrong since Monday", who="user:ada")
    before = arrived(made)
    with pytest.raises(ConfigError, match=r"paused by user:ada since .*: wrong since Monday"):
        made.acme.push("scores")
    assert arrived(made) == before
    assert made.acme.plan_push("scores").rows > 0, "it may still be looked at"
    assert made.acme.resume_push("scores")
    assert not made.acme.resume_push("scores")
    assert made.acme.push("scores", limit=3).updated == 3


def test_a_canary_writes_so_many_rows_and_the_rest_goes_later(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=companies("5 as ai_score"))
    plan = made.acme.plan_push("scores")
    canary = made.acme.push("scores", plan=plan, limit=10)
    assert (canary.updated, canary.left) == (10, plan.rows - 10)
    assert made.acme.push("scores").updated == plan.rows - 10


def test_a_plan_that_takes_too_much_of_the_day_waits_for_approval(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=companies("5 as ai_score", max_quota="0%"))
    plan = made.acme.plan_push("scores")
    assert plan.objects[0].share == plan.calls / 1_000_000, "of what the vendor's answers say, not the definition"
    with pytest.raises(ApprovalNeeded, match="of what crm has a day"):
        made.acme.push("scores")
    assert made.acme.push("scores", approve=True).updated == plan.rows


def test_a_fresh_plan_reads_only_the_records_concerned(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=companies("5 as ai_score"))
    made.acme.push("scores")
    made.simulators["crm"].advance(600)
    made.acme.run()
    some, other = sorted(truth(made, "companies"))[:2]
    with_pushes(made, scores=companies(f"case source_id when '{some}' then 6 else 5 end as ai_score"))
    made.simulators["crm"].mutate("update", "companies", some, {"ai_score": "99"})
    made.simulators["crm"].mutate("update", "companies", other, {"ai_score": "98"})
    assert made.acme.plan_push("scores").counts.conflict == 0, "the snapshot does not know of it"
    before = arrived(made)
    plan = made.acme.plan_push("scores", fresh=True)
    [conflict] = plan.objects[0].conflicts
    assert (conflict.row, conflict.changes[0].before) == (some, "99")
    reads = [each["path"] for each in made.simulators["crm"].received(before) if each["method"] == "POST"]
    assert len(reads) == 1
    assert sent(made, since=before) == []


def test_a_hundred_rows_refused_alike_stop_the_push(hubspot: Callable[..., Bench]) -> None:
    select = "select 'no mail ' || n as email from range(2000) t(n)"
    made = hubspot(mails=push("crm.contacts", select, mode="create", key="email"))
    report = made.acme.push("mails")
    assert report.exit_code == 1
    assert "were all refused with VALIDATION_ERROR" in report.troubles[0].what
    assert report.left >= 1000
    assert report.refused + report.left == 2000


def test_a_refused_row_is_sent_again_by_itself_after_a_while_and_given_up_in_the_end(
    hubspot: Callable[..., Bench],
) -> None:
    select = "select min(source_id) as hs_object_id, 'no mail' as email from contacts"
    retries = {"most": 2, "after": "0s"}
    made = hubspot(mails=push("crm.contacts", select, key="hs_object_id", retries=retries))
    assert [made.acme.push("mails").refused for _ in range(4)] == [1, 1, 1, 0], "at once, twice again, no more"
    with ledger(made) as kept:
        [dead] = kept.dead.all()
    assert dead.retries == 2


def test_a_guard_that_loosens_and_one_that_tightens_make_the_tighter() -> None:
    from backhaul.push.rules import stricter

    assert stricter("always", "empty") == "empty"
    assert stricter("create", "update") == "never"
    assert stricter("never", "always") == "never"
    assert stricter("empty", "create") == "create"
