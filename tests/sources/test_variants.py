"""What the vendors' papers leave open is a variant of each simulator: runs end with the truth under every one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from backhaul.config.catalog import catalog_root
from backhaul.sandbox.simulators import SIMULATORS, simulator
from backhaul.telemetry.progress import PageRead
from tests.conftest import Bench
from tests.sources.days import bring_back, choices, pass_a_day, untrue
from tests.sources.test_written_rows import WRITING

Variants = Mapping[str, str]

# What does not interact is tried together; what might is kept apart.
READING: Mapping[str, tuple[Variants, ...]] = {
    "hubspot": (
        {
            "merge_winner": "new_id",
            "batch_read_absent": "errors",
            "unlinked": "omitted",
            "cleared_reads_as": "empty",
            "archived_properties": "reduced",
            "search_rate_headers": "present",
            "search_rps": "4",
            "list_order": "none",
            "unique_read": "indexed",
            "unknown_parameters": "ignored",
        },
        {"merge_loser": "archived"},
        {"merge_winner": "new_id", "merge_loser": "archived"},
    ),
    "salesforce": (
        {
            "deleted_window_days": "15",
            "recycle_bin_days": "30",
            "merged_cases": "no",
            "last_page_url": "present",
            "wide_rows": "small_pages",
            "missing_in_retrieve": "left_out",
            "formula_moves_stamp": "yes",
            "if_unmodified_since": "ignored",
            "new_fields": "visible",
            "describe_if_modified_since": "ignored",
            "unknown_parameters": "ignored",
        },
    ),
    "netsuite": (
        {
            "nulls": "null",
            "numbers": "bare",
            "timezone_key": "expr1",
            "time_zone": "Europe/Berlin",
            "date_format": "DD.MM.YYYY",
            "unknown_column": "identifier",
            "deletedrecord_scriptid": "lower",
            "deletedrecord_recordtypeid": "name",
            "date_times": "milliseconds",
            "retry_after": "present",
        },
        {"time_zone": "UTC", "date_format": "YYYY-MM-DD", "void": "reversing journal", "date_times": "offset"},
        {"time_zone": "Asia/Kolkata", "nulls": "null"},
    ),
    "pipedrive": (
        {
            "cursor_end": "absent",
            "empty_data": "list",
            "daily_headers": "absent",
            "deleted_update_time": "stays",
            "unknown_parameters": "ignored",
        },
    ),
    "zendesk": (
        {
            "deleted_organizations": "exported",
            "deleted_groups": "gone",
            "decimals": "number",
            "dates": "midnight",
            "too_many": "text",
            "unknown_parameters": "ignored",
        },
        {"empty_export": "nothing"},
    ),
    "quickbooks": (
        {
            "id_order": "text",
            "projection": "whole",
            "inactive_names": "plain",
            "refresh_tokens": "stay",
            "unknown_parameters": "ignored",
        },
    ),
    "dynamics365": (
        {
            "untracked_tables": "Change Tracking",
            "etags": "opaque",
            "required_columns": "checked",
            "new_columns": "at once",
        },
    ),
    "slack": (
        {"pages": "short", "last_cursor": "absent", "throttled": "rate_limited", "unknown_parameters": "ignored"},
    ),
    "xero": (
        {
            "id_order": "bytes",
            "pagination": "absent",
            "modified_since": "after",
            "deleted_documents": "only when changed",
            "stamps_as_text": "absent",
            "unknown": "ignored",
        },
        {"unchanged": "304"},
    ),
    "freshdesk": (
        {
            "unknown": "ignored",
            "contacts_order": "name",
            "contacts_since": "ignored",
            "deleted_ticket": "absent",
            "choices": "map",
            "limit_headers": "account",
            "too_many": "message",
            "last_page": "null",
        },
    ),
    "servicenow": (
        {"user_time_zone": "America/Los_Angeles", "invalid_query": "ignored", "unknown_parameters": "ignored"},
        {"user_time_zone": "Europe/Berlin"},
    ),
    "intercom": (
        {
            "conversation_dates": "days",
            "largest_pages": "150",
            "merged_contact": "404",
            "companies_without_users": "shown",
            "companies_of_a_contact": "companies",
            "too_many": "too_many_requests",
            "unknown_parameters": "ignored",
        },
    ),
    "sage_intacct": (
        {
            "times": "company",
            "inspect": "text",
            "session_end": "own words",
            "unknown_field": "quoted",
            "throttled": "200",
        },
    ),
}
# Those that have a test of their own, below or in the source's own file.
APART: Mapping[str, tuple[Variants, ...]] = {
    "hubspot": (),
    "salesforce": (
        {"invalid_session_status": "403", "userinfo_refusal": "array"},
        {"empty_bulk_result": "nothing", "bulk_bad_query": "job_fails", "bulk_stages": "unsupported"},
        {"locator_lifetime": "15m"},
    ),
    "netsuite": ({"deletes": "untracked"}, {"resolution": "millisecond"}),
    "pipedrive": (),
    "zendesk": (),
    "quickbooks": (
        {"changes_cut": "oldest left out"},
        {"throttled": "429 with Retry-After"},
        {"throttled": "503"},
    ),
    "dynamics365": (
        {"expired_token_status": "410"},
        {"expired_token_status": "500"},
        {"untracked_tables": "ignored"},
    ),
    "slack": ({"app": "commercial"}, {"replies_of_channels": "refused"}),
    "xero": ({"limit_words": "Minute limit"}, {"expired": "plain"}),
    "freshdesk": ({"merged_contacts": "gone"},),
    "servicenow": ({"without_rights": "empty"}, {"restored_stamp": "stays"}, {"hour_that_comes_twice": "later"}),
    "intercom": (),
    "sage_intacct": ({"audit_trail": "off"}, {"audit_right": "missing"}),
}
# No definition meets these: NetSuite's asynchronous requests are not used, exports never begin in the last minute,
# tokens never stand in an address, each write says whether its errors are summarized.
UNUSED: Mapping[str, tuple[Variants, ...]] = {
    "hubspot": (),
    "salesforce": (),
    "netsuite": ({"task_result": "in a body"},),
    "pipedrive": ({"token_in_query": "both"},),
    "zendesk": ({"too_recent": "400"},),
    "quickbooks": (),
    "dynamics365": (),
    "slack": (),
    "xero": ({"summarize_errors": "false"},),
    "freshdesk": (),
    "servicenow": (),
    "intercom": (),
    "sage_intacct": (),
}


# Of the way in by consent, which tests/pipeline/test_connecting.py goes.
CONSENT: Mapping[str, tuple[Variants, ...]] = {
    "hubspot": ({"refresh_token": "rotates"},),
    "salesforce": ({"refresh_token": "rotates"},),
    "netsuite": (),
    "quickbooks": (),
    "dynamics365": ({"refresh_tokens": "rotate"},),
    "slack": ({"token_rotation": "off"},),
    "xero": (),
    "servicenow": (),
    "intercom": (),
}


def named(source: str, variants: Variants) -> str:
    return f"{source}: {', '.join(f'{name} {value}' for name, value in variants.items())}"[:100]


def of_every_source(groups: Mapping[str, tuple[Variants, ...]]) -> list[Any]:
    return [pytest.param(source, each, id=named(source, each)) for source, all_ in groups.items() for each in all_]


@pytest.mark.parametrize("source", list(SIMULATORS))
def test_every_value_of_every_variant_is_tried(source: str) -> None:
    tried = {
        (name, value)
        for groups in (READING, APART, UNUSED, CONSENT, WRITING)
        for group in groups.get(source, ())
        for name, value in group.items()
    }
    there_are = {(name, value) for name, values in simulator(source).VARIANTS.items() for value in values[1:]}
    assert there_are - tried == set()


@pytest.mark.parametrize(("source", "variants"), of_every_source(READING))
def test_runs_end_with_the_truth(source: str, variants: Variants, bench: Callable[..., Bench]) -> None:
    made = bench(crm=(source, choices(source)), variants=dict(variants))
    vendor = made.simulators["crm"]
    for happens in (lambda *_: None, pass_a_day, bring_back):
        happens(vendor, source)
        sync(made)
        assert untrue(made, source) == []
    vendor.advance(3600)
    assert sync(made).changed == 0


def test_a_session_ends_while_it_is_used_however_that_is_told(bench: Callable[..., Bench]) -> None:
    made = bench(
        crm=("salesforce", choices("salesforce")),
        variants={"invalid_session_status": "403", "userinfo_refusal": "array"},
    )
    vendor = made.simulators["crm"]
    vendor.fault("expired_token", count=1, path="/query")
    vendor.fault("expired_token", count=1, path="/userinfo")
    sync(made)
    assert untrue(made, "salesforce") == []
    tokens = [each for each in vendor.received() if each["path"].endswith("/token")]
    assert 2 <= len(tokens) <= 3, "one refresh an ending"


@pytest.fixture
def bulk(bench: Callable[..., Bench]) -> Callable[..., Bench]:
    """A project whose Salesforce reads and writes are jobs, whatever their size."""

    def make(**more: Any) -> Bench:
        made = bench(**more)
        text = (catalog_root() / "sources" / "salesforce" / "source.yaml").read_text(encoding="utf-8")
        own = made.root / "sources" / "salesforce" / "source.yaml"
        own.parent.mkdir(parents=True)
        own.write_text(
            text.replace("at_least: 20000", "at_least: 1").replace("every: 2s, up_to: 60s", "every: 10ms, up_to: 20ms"),
            encoding="utf-8",
        )
        return made

    return make


def test_jobs_that_give_nothing_or_do_not_serve_an_object(bulk: Callable[..., Bench]) -> None:
    made = bulk(
        crm=("salesforce", choices("salesforce")),
        variants={"empty_bulk_result": "nothing", "bulk_bad_query": "job_fails", "bulk_stages": "unsupported"},
    )
    vendor = made.simulators["crm"]
    report = sync(made)
    assert report.lines["crm", "Account"].how == "all: job"
    assert "link" in report.lines["crm", "OpportunityStage"].how, "REST serves what Bulk does not"
    for happens in (pass_a_day, bring_back):
        happens(vendor, "salesforce")
        sync(made)
        assert untrue(made, "salesforce") == []


@pytest.mark.parametrize("told", ["refused", "job_fails"])
def test_a_field_that_is_gone_is_left_out_of_a_job(told: str, bulk: Callable[..., Bench]) -> None:
    made = bulk(crm=("salesforce", {"Account": {}}), variants={"bulk_bad_query": told})
    vendor = made.simulators["crm"]
    vendor.mutate("add_field", "Account", values={"name": "Gone__c", "type": "string"})
    sync(made)
    pass_a_day(vendor, "salesforce")
    vendor.mutate("remove_field", "Account", values={"name": "Gone__c"})
    report = sync(made)
    assert [(each.field, each.kind) for _, each in report.drift] == [("Gone__c", "removed")]
    assert report.lines["crm", "Account"].updated > 1


def test_a_locator_that_dies_between_two_pages_starts_its_window_again(
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read before is on disk, or loaded, by then; what moved meanwhile must not fall between the two."""
    monkeypatch.setattr("backhaul.extract.window.PART_ROWS", 60)
    monkeypatch.setattr("backhaul.pipeline.loading.EAGER_ROWS", 60)
    made = bench(crm=("salesforce", {"Contact": {}}), variants={"locator_lifetime": "15m"})
    vendor = made.simulators["crm"]
    vendor.configure(page_size_cap=20)
    oldest = sorted(vendor.dump("Contact"), key=lambda each: (each["SystemModstamp"], each["Id"]))[:60]
    pages: list[int] = []

    class Slow:
        """A reader who pauses for twenty minutes after the third page; the vendor's people go on working."""

        def on(self, event: object) -> None:
            if isinstance(event, PageRead) and event.object == "Contact":
                pages.append(event.rows)
                if len(pages) == 3:
                    for each in oldest:
                        vendor.mutate("update", "Contact", each["Id"], {"LastName": "Moved"})
                    vendor.advance(1200)

    made.project.progress = Slow()
    sync(made)
    received = [each for each in vendor.received() if "query" in each["path"]]
    assert any(each["status"] == 400 for each in received), "the locator died"
    assert list(untrue_of(made, "Contact")) == []


def test_a_deletion_that_leaves_no_trace_is_found_by_the_census(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("netsuite", choices("netsuite")), variants={"deletes": "untracked"})
    vendor = made.simulators["crm"]
    sync(made)
    pass_a_day(vendor, "netsuite")
    sync(made)
    assert any("live here" in each for each in untrue(made, "netsuite")), "nothing tells of it yet"
    vendor.advance(8 * 86400)
    sync(made)
    assert untrue(made, "netsuite") == []


def test_times_finer_than_a_second_are_cut_and_nothing_is_missed(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("netsuite", choices("netsuite")), variants={"resolution": "millisecond"})
    vendor = made.simulators["crm"]
    for happens in (lambda *_: None, pass_a_day):
        happens(vendor, "netsuite")
        sync(made)
        times = ("datecreated", "createddate", "lastmodifieddate", "linelastmodifieddate", "linecreateddate")
        assert [each for each in untrue(made, "netsuite") if not any(f" {name} is" in each for name in times)] == []


def sync(made: Bench) -> Any:
    report = made.acme.sync(check_deletes=True)
    assert report.exit_code == 0, report.all_failures
    assert report.sync is not None
    assert sum(line.rejected for line in report.sync.lines.values()) == 0
    assert [line for line in report.sync.lines.values() if line.not_served] == []
    return report.sync


def untrue_of(made: Bench, *objects: str) -> Iterator[str]:
    from tests.truth import differences

    dumps = {name: made.simulators["crm"].dump(name) for name in objects}
    yield from differences(Path(made.project.config.layout.work("acme")), "crm", dumps)
