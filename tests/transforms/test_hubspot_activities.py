"""HubSpot's activities and associations become these rows, whatever odd data they hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rawtables import Work

PRIMARY = '[{"category": "HUBSPOT_DEFINED", "typeId": 5, "label": "Primary"}]'
PLAIN = '[{"category": "HUBSPOT_DEFINED", "typeId": 341, "label": null}]'
CHAMPION = '[{"category": "HUBSPOT_DEFINED", "typeId": 3, "label": null}, {"typeId": 9, "label": "Champion"}]'


@pytest.fixture
def hubspot(work: Callable[[str], Work]) -> Work:
    return work("hubspot")


def test_calls_last_as_long_as_their_milliseconds(hubspot: Work) -> None:
    hubspot.table(
        "calls",
        "id",
        "id hs_call_title hs_call_body hs_call_direction hs_call_status hs_timestamp:timestamp hs_call_duration:decimal"
        " hubspot_owner_id",
        ["1", "Intro", "<p>hi</p>", "OUTBOUND", "COMPLETED", "2026-01-01 10:00:00+00", 90_500, "7"],
        ["2", None, None, "INBOUND", "NO_ANSWER", "2026-01-01 10:00:00+00", None, None],
        ["3", None, None, None, "QUEUED", None, 5, None],
        ["4", None, None, None, "FAILED", None, None, None],
    )
    hubspot.build()
    assert hubspot.rows(
        "activities", "type subject body direction status source_status starts_at ends_at owner_id"
    ) == [
        ("call", "Intro", "<p>hi</p>", "outbound", "completed", "COMPLETED", "2026-01-01T10:00:00Z",
         "2026-01-01T10:01:30.500000Z", "it:owners:7"),
        ("call", None, None, "inbound", "completed", "NO_ANSWER", "2026-01-01T10:00:00Z", None, None),
        ("call", None, None, None, "open", "QUEUED", None, None, None),
        ("call", None, None, None, "cancelled", "FAILED", None, None, None),
    ]  # fmt: skip


def test_a_forwarded_mail_came_from_outside_and_a_bounced_one_was_sent(hubspot: Work) -> None:
    hubspot.table(
        "emails",
        "id",
        "id hs_email_subject hs_email_text hs_email_html hs_email_direction hs_email_status hs_timestamp:timestamp",
        ["1", "Offer", "text", "<p>text</p>", "EMAIL", "BOUNCED", "2026-01-01"],
        ["2", "Re: Offer", None, "<p>only</p>", "FORWARDED_EMAIL", "SENT", "2026-01-02"],
        ["3", "Later", None, None, "INCOMING_EMAIL", "SCHEDULED", None],
    )
    hubspot.build()
    assert hubspot.rows("activities", "type subject body direction status source_status") == [
        ("email", "Offer", "text", "outbound", "completed", "BOUNCED"),
        ("email", "Re: Offer", "<p>only</p>", "inbound", "completed", "SENT"),
        ("email", "Later", None, "inbound", "open", "SCHEDULED"),
    ]


def test_meetings_tasks_and_notes_share_one_table(hubspot: Work) -> None:
    hubspot.table(
        "meetings",
        "id",
        "id hs_meeting_title hs_meeting_outcome hs_timestamp:timestamp hs_meeting_start_time:timestamp"
        " hs_meeting_end_time:timestamp",
        ["1", "Kick-off", "NO_SHOW", "2026-01-01 09:00+00", "2026-01-01 10:00+00", "2026-01-01 11:00+00"],
        ["2", "Old", None, "2019-01-01 09:00+00", None, None],
    )
    hubspot.table(
        "tasks",
        "id",
        "id hs_task_subject hs_task_type hs_task_status hs_timestamp:timestamp hs_task_completion_date:timestamp",
        ["1", "Ring Ada", "CALL", "COMPLETED", "2026-01-02", "2026-01-03"],
        ["2", "Wait", "TODO", "DEFERRED", "2026-01-02", None],
    )
    hubspot.table("notes", "id", "id hs_note_body hs_timestamp:timestamp", ["1", "<b>noted</b>", "2026-01-04"])
    hubspot.build()
    assert hubspot.rows("activities", "id type subject body status starts_at ends_at due_at completed_at") == [
        ("it:meetings:1", "meeting", "Kick-off", None, "cancelled", "2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z",
         None, None),
        ("it:meetings:2", "meeting", "Old", None, None, "2019-01-01T09:00:00Z", None, None, None),
        ("it:notes:1", "note", None, "<b>noted</b>", None, "2026-01-04T00:00:00Z", None, None, None),
        ("it:tasks:1", "task", "Ring Ada", None, "completed", None, None, "2026-01-02T00:00:00Z",
         "2026-01-03T00:00:00Z"),
        ("it:tasks:2", "task", "Wait", None, "open", None, None, "2026-01-02T00:00:00Z", None),
    ]  # fmt: skip


def test_associations_become_links_with_the_accounts_own_label_as_role(hubspot: Work) -> None:
    hubspot.table(
        "deals_contacts",
        "from_id:to_id",
        "from_id to_id associationTypes",
        ["1", "201", CHAMPION],
        ["1", "202", PLAIN],
    )
    hubspot.table("contacts_companies", "from_id:to_id", "from_id to_id associationTypes", ["201", "100", PRIMARY])
    hubspot.table("notes_companies", "from_id:to_id", "from_id to_id associationTypes", ["1", "100", "no json"])
    hubspot.build()
    assert hubspot.rows("links", "id from_entity from_id to_entity to_id role method confidence") == [
        ("it:contacts_companies:201:100", "contacts", "it:contacts:201", "accounts", "it:companies:100", "primary",
         "vendor", "1"),
        ("it:deals_contacts:1:201", "deals", "it:deals:1", "contacts", "it:contacts:201", "champion", "vendor", "1"),
        ("it:deals_contacts:1:202", "deals", "it:deals:1", "contacts", "it:contacts:202", "related", "vendor", "1"),
        ("it:notes_companies:1:100", "activities", "it:notes:1", "accounts", "it:companies:100", "regarding", "vendor",
         "1"),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["notes", "calls", "emails", "meetings", "tasks"])
def test_every_kind_of_activity_links_to_its_contacts(hubspot: Work, kind: str) -> None:
    hubspot.table(f"{kind}_contacts", "from_id:to_id", "from_id to_id associationTypes", ["1", "201", PLAIN])
    hubspot.build()
    assert hubspot.rows("links", "from_entity from_id to_entity to_id role") == [
        ("activities", f"it:{kind}:1", "contacts", "it:contacts:201", "regarding")
    ]
