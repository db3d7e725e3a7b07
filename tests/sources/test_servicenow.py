"""What is ServiceNow's own: rows hidden from a page, deletions that may not be asked for, moments of a user's zone,
values dropped without a word, upserts that it does not have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conftest import Bench
from tests.pipeline.pushes import push, with_pushes
from tests.sources.days import live
from tests.truth import differences

Make = Callable[..., Bench]
DAY = 25 * 3600


def truth(made: Bench, *names: str) -> list[str]:
    dumps = {name: made.simulators["crm"].dump(name) for name in names}
    return list(differences(made.project.config.layout.work("acme"), "crm", dumps))


def synced(made: Bench, **how: Any) -> list[dict[str, Any]]:
    """Sync, and tell what the vendor was asked of its tables."""
    before = len(made.simulators["crm"].received())
    report = made.acme.sync(**how)
    assert report.exit_code == 0, report.all_failures
    asked = made.simulators["crm"].received(before)
    return [each for each in asked if "/table/" in each["path"] and "sys_user" not in each["path"]]


def small(made: Bench, rows: int) -> None:
    made.simulators["crm"].configure(page_size_cap=rows)


# -- reading ----------------------------------------------------------------------------------------------------------


def test_a_page_of_hidden_rows_is_not_the_end(bench: Make) -> None:
    made = bench(crm=("servicenow", {"incident": {}}))
    vendor = made.simulators["crm"]
    keys = live(vendor, "incident")
    hidden = keys[20:75]
    vendor.configure(hidden=hidden, page_size_cap=20)
    synced(made)
    assert [row[0] for row in made.raw("crm__incident", "_key")] == [each for each in keys if each not in hidden]


def test_rows_that_change_while_pages_are_read_push_none_over_an_edge(bench: Make) -> None:
    made = bench(crm=("servicenow", {"incident": {}}))
    vendor = made.simulators["crm"]
    small(made, 40)
    keys = live(vendor, "incident")
    for page, key in ((1, keys[2]), (2, keys[50]), (3, keys[-1])):
        edit = {"op": "update", "object": "incident", "id": key, "values": {"short_description": f"At {page}"}}
        vendor.fault("edit", path="/table/incident$", after=page, **edit)
    synced(made)
    assert len(made.raw("crm__incident", "_key")) == len(keys)
    vendor.advance(7200)
    synced(made)
    assert truth(made, "incident") == []


def test_a_run_with_nothing_new_costs_a_call_an_object(bench: Make) -> None:
    made = bench(crm=("servicenow", {"incident": {}, "customer_account": {}}))
    synced(made)
    made.simulators["crm"].advance(7200)
    asked = [each for each in synced(made) if "sys_audit_delete" not in each["path"]]
    assert sorted(each["path"].rpartition("/")[2] for each in asked) == ["customer_account", "incident"]
    assert all(each["rows"] == 0 for each in asked)


@pytest.mark.parametrize("how", ["403", "empty"])
def test_without_the_right_to_the_audit_deletions_are_found_by_their_keys(how: str, bench: Make) -> None:
    made = bench(crm=("servicenow", {"incident": {}}), variants={"without_rights": how})
    vendor = made.simulators["crm"]
    vendor.configure(forbidden=["Read sys_audit_delete"])
    synced(made)
    vendor.mutate("delete", "incident", live(vendor, "incident")[0])
    vendor.advance(DAY)
    report = made.acme.sync()
    assert report.exit_code == 0, report.all_failures
    assert truth(made, "incident") == []
    line = report.sync.lines["crm", "incident"]
    assert line.not_served == ""
    assert ("feed" in line.refused) == (how == "403"), "an empty audit looks like one of nothing"


def test_what_a_table_has_from_those_that_extend_it_is_deleted_with_them(bench: Make) -> None:
    made = bench(crm=("servicenow", {"task": {}, "core_company": {}}))
    vendor = made.simulators["crm"]
    synced(made)
    vendor.mutate("delete", "incident", live(vendor, "incident")[0])
    vendor.mutate("delete", "customer_account", live(vendor, "customer_account")[-1])
    vendor.advance(7200)
    synced(made)
    assert truth(made, "task", "core_company") == []


def test_a_record_that_comes_back_as_it_was_is_found_by_its_key(bench: Make) -> None:
    made = bench(crm=("servicenow", {"incident": {}}), variants={"restored_stamp": "stays"})
    vendor = made.simulators["crm"]
    key = live(vendor, "incident")[0]
    synced(made)
    vendor.mutate("delete", "incident", key)
    vendor.advance(7200)
    synced(made)
    assert dict(made.raw("crm__incident", "_key, _deleted_at is null"))[key] is False
    vendor.mutate("restore", "incident", key)
    vendor.advance(DAY)
    synced(made)
    assert truth(made, "incident") == []


def test_an_answer_that_ran_out_of_time_is_asked_for_in_smaller_windows(bench: Make) -> None:
    made = bench(crm=("servicenow", {"incident": {}}))
    made.simulators["crm"].configure(rows_in_time=60)
    synced(made)
    assert truth(made, "incident") == []


@pytest.mark.parametrize("zone", ["GMT", "America/Los_Angeles", "Europe/Berlin"])
def test_moments_of_a_query_are_of_the_users_zone(zone: str, bench: Make) -> None:
    made = bench(crm=("servicenow", {"incident": {}}), variants={"user_time_zone": zone})
    vendor = made.simulators["crm"]
    synced(made)
    for each in live(vendor, "incident")[:3]:
        vendor.advance(3600)
        vendor.mutate("update", "incident", each, {"short_description": "Changed"})
    vendor.advance(7200)
    asked = [each for each in synced(made) if each["path"].endswith("/incident")]
    assert truth(made, "incident") == []
    assert [each["rows"] for each in asked] == [3]


@pytest.mark.parametrize("meant", ["earlier", "later"])
def test_changes_of_an_hour_that_comes_twice_are_not_lost(meant: str, bench: Make) -> None:
    variants = {"user_time_zone": "Europe/Berlin", "hour_that_comes_twice": meant}
    made = bench(crm=("servicenow", {"u_reading": {}}), variants=variants)
    vendor = made.simulators["crm"]
    now = datetime.fromisoformat(vendor._call("GET", "/clock")["now"])
    vendor.advance((datetime(2026, 10, 24, 23, 50, tzinfo=UTC) - now).total_seconds())
    for key in live(vendor, "u_reading")[:8]:  # from two o'clock to three, and from two to three again
        synced(made)
        vendor.advance(600)
        vendor.mutate("update", "u_reading", key, {"u_value": "7"})
        vendor.advance(600)
    vendor.advance(7200)
    synced(made)
    assert truth(made, "u_reading") == []


def test_a_user_without_a_zone_is_told_to_have_one(bench: Make) -> None:
    made = bench(crm=("servicenow", {"incident": {}}))
    vendor = made.simulators["crm"]
    me = next(each for each in vendor.dump("sys_user") if each["user_name"] == "integration.user")
    vendor.mutate("update", "sys_user", me["sys_id"], {"time_zone": ""})
    report = made.acme.sync()
    assert report.exit_code == 1
    assert "zone" in str(report.all_failures)


def test_a_sleeping_instance_is_down_and_loses_nothing(bench: Make) -> None:
    made = bench(crm=("servicenow", {"u_reading": {}}))
    vendor = made.simulators["crm"]
    synced(made)
    vendor.configure(hibernating=True)
    assert made.acme.sync().exit_code == 1
    vendor.configure(hibernating=False)
    synced(made)
    assert truth(made, "u_reading") == []


def test_columns_come_with_those_of_the_table_above_and_with_their_choices(bench: Make) -> None:
    made = bench(crm=("servicenow", {"incident": {}}))
    schema = made.acme.discover("crm").schema.objects["incident"]
    fields = schema.fields
    assert {fields[each].type for each in ("number", "caller_id", "u_region")} == {"text"}
    assert (fields["state"].type, set(fields["state"].options)) == (
        "integer",
        {"1", "2", "3", "6", "7", "8", "-5", "4"},
    )
    assert fields["u_severity_score"].custom
    assert not fields["priority"].custom
    assert fields["caller_id"].references == "sys_user"
    assert fields["correlation_id"].unique
    assert "comments" not in fields, "what is said stands in sys_journal_field"
    assert not fields["sys_updated_on"].updatable


# -- writing ----------------------------------------------------------------------------------------------------------

SUBSCRIPTIONS = push(
    "crm.u_subscription",
    "select * from (values ('SUB-003', 'Old', 7), ('SUB-900', 'New', 8), ('SUB^901', 'Caret', 9))"
    " t(u_code, u_name, u_seats)",
    mode="upsert",
    key="u_code",
)


@pytest.fixture
def written(has_run: Make) -> Callable[..., Bench]:
    def make(objects: dict[str, Any], *, variants: dict[str, str] | None = None, **pushes: dict[str, Any]) -> Bench:
        return has_run(crm=("servicenow", objects), extra={"push": pushes}, variants=variants or {})

    return make


def test_an_upsert_is_a_look_and_then_a_new_record_or_a_change(written: Callable[..., Bench]) -> None:
    made = written({"u_subscription": {}}, subs=SUBSCRIPTIONS)
    vendor = made.simulators["crm"]
    # somebody makes one of them after our last read
    vendor.mutate("create", "u_subscription", values={"u_code": "SUB-900", "u_name": "Theirs", "u_seats": "1"})
    report = made.acme.push("subs")
    assert (report.created, report.updated, report.exit_code) == (1, 2, 0), report
    held = {each["u_code"]: each["u_name"] for each in vendor.dump("u_subscription")}
    assert (held["SUB-003"], held["SUB-900"], held["SUB^901"]) == ("Old", "New", "Caret")
    assert len([each for each in held if each.startswith("SUB-9")]) == 1
    assert made.acme.push("subs").written == 0


def test_an_upsert_by_a_value_that_two_records_hold_is_refused(written: Callable[..., Bench]) -> None:
    select = "select 'ERP-7' as correlation_id, 'Known' as short_description"
    made = written({"incident": {}}, known=push("crm.incident", select, mode="upsert", key="correlation_id"))
    vendor = made.simulators["crm"]
    for _ in range(2):
        vendor.mutate("create", "incident", values={"correlation_id": "ERP-7", "short_description": "Twin"})
    report = made.acme.push("known")
    assert (report.written, report.refused) == (0, 1)
    assert [each.code for each in report.notes] == ["AMBIGUOUS"]


def test_what_a_batch_did_not_get_to_is_sent_again_and_a_lost_answer_makes_nothing_twice(
    written: Callable[..., Bench],
) -> None:
    select = "select 'New ' || n as short_description, 'c' || n as description from range(60) t(n)"
    made = written({"incident": {}}, new=push("crm.incident", select, mode="create", key="short_description"))
    vendor = made.simulators["crm"]
    vendor.configure(batch_serves=30)
    vendor.fault("lost_answer", path="/batch$", count=1)
    report = made.acme.push("new")
    assert (report.created, report.unknown, report.refused, report.exit_code) == (60, 0, 0, 0), report
    made_ = [each["short_description"] for each in vendor.dump("incident") if each["short_description"][:4] == "New "]
    assert sorted(made_) == sorted(f"New {n}" for n in range(60))


def test_a_value_that_was_dropped_without_a_word_is_told(written: Callable[..., Bench]) -> None:
    made = written({"incident": {}})
    vendor = made.simulators["crm"]
    keys = live(vendor, "incident")[:2]
    rows = ", ".join(f"('{key}', 'Solved', 'By us')" for key in keys)
    select = f"select * from (values {rows}) t(sys_id, close_code, close_notes)"
    with_pushes(made, given=push("crm.incident", select, mode="update", key="sys_id"))
    vendor.configure(dropped=["incident.close_code"])
    report = made.acme.push("given")
    assert (report.updated, report.refused) == (2, 0)
    assert {(each.state, each.code, each.field) for each in report.notes} == {("altered", "NOT_KEPT", "close_code")}
    held = {each["sys_id"]: (each["close_code"], each["close_notes"]) for each in vendor.dump("incident")}
    assert {held[key] for key in keys} == {("", "By us")}


def test_a_comment_is_written_into_its_record(written: Callable[..., Bench]) -> None:
    made = written({"incident": {}, "sys_journal_field": {}})
    vendor = made.simulators["crm"]
    key = live(vendor, "incident")[0]
    select = f"select 'incident' as name, 'work_notes' as element, '{key}' as element_id, 'Seen by us' as value"
    with_pushes(made, note=push("crm.sys_journal_field", select, mode="append"))
    assert made.acme.push("note").created == 1
    made.simulators["crm"].advance(7200)
    synced(made)
    (entry,) = [each for each in made.simulators["crm"].dump("sys_journal_field") if each["value"] == "Seen by us"]
    assert (entry["element"], entry["element_id"]) == ("work_notes", key)
    assert truth(made, "incident", "sys_journal_field") == []
