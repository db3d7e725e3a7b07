"""Tickets, what is said on them, files and histories of HubSpot and Salesforce."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rawtables import Work

PRIMARY = '[{"category": "HUBSPOT_DEFINED", "typeId": 26, "label": "Primary"}]'
PLAIN = '[{"category": "HUBSPOT_DEFINED", "typeId": 339, "label": null}]'


@pytest.fixture
def hubspot(work: Callable[[str], Work]) -> Work:
    return work("hubspot")


@pytest.fixture
def salesforce(work: Callable[[str], Work]) -> Work:
    return work("salesforce")


def test_a_tickets_status_is_what_its_stage_says_in_its_own_pipeline(hubspot: Work) -> None:
    hubspot.table(
        "pipeline_stages",
        "object_type:pipeline_id:id",
        "object_type pipeline_id id label metadata",
        ["tickets", "0", "1", "New", '{"ticketState": "OPEN"}'],
        ["tickets", "0", "2", "Waiting on contact", '{"ticketState": "OPEN"}'],
        ["tickets", "0", "4", "Closed", '{"ticketState": "CLOSED"}'],
        ["tickets", "77", "2", "Shipped", '{"ticketState": "CLOSED"}'],
        ["deals", "0", "1", "A stage of deals", '{"isClosed": "true"}'],
    )
    hubspot.table(
        "tickets",
        "id",
        "id subject hs_pipeline hs_pipeline_stage hs_ticket_priority source_type closed_date:timestamp"
        " hubspot_owner_id",
        ["1", "New", "0", "1", "LOW", "EMAIL", None, "7"],
        ["2", "Waits", "0", "2", "MEDIUM", "CHAT", None, None],
        ["3", "Done", "0", "4", "HIGH", "PHONE", "2026-01-03", None],
        ["4", "Elsewhere", "77", "2", "URGENT", "FORM", "2026-01-04", None],
        ["5", "Again", "0", "1", None, None, "2026-01-05", None],
        ["6", "No stage", "9", "9", None, None, None, None],
    )
    hubspot.build()
    assert hubspot.rows("tickets", "status source_status priority channel solved_at assignee_id") == [
        ("open", "New", "low", "email", None, "it:owners:7"),
        ("pending", "Waiting on contact", "normal", "chat", None, None),
        ("closed", "Closed", "high", "phone", "2026-01-03T00:00:00Z", None),
        ("closed", "Shipped", "urgent", "web", "2026-01-04T00:00:00Z", None),
        ("open", "New", None, None, None, None),
        ("open", "9", None, None, None, None),
    ]


def test_a_ticket_of_several_companies_and_contacts_has_one_of_each_and_links_to_all(hubspot: Work) -> None:
    hubspot.table("tickets", "id", "id subject", ["1", "Help"])
    hubspot.table(
        "tickets_companies",
        "from_id:to_id",
        "from_id to_id associationTypes",
        ["1", "100", PLAIN],
        ["1", "101", PRIMARY],
    )
    hubspot.table(
        "tickets_contacts", "from_id:to_id", "from_id to_id associationTypes", ["1", "202", PLAIN], ["1", "201", PLAIN]
    )
    hubspot.build()
    assert hubspot.rows("tickets", "account_id requester_id") == [("it:companies:101", "it:contacts:201")]
    assert hubspot.rows("links", "from_entity from_id to_entity to_id role") == [
        ("tickets", "it:tickets:1", "accounts", "it:companies:100", "related"),
        ("tickets", "it:tickets:1", "accounts", "it:companies:101", "primary"),
        ("tickets", "it:tickets:1", "contacts", "it:contacts:201", "related"),
        ("tickets", "it:tickets:1", "contacts", "it:contacts:202", "related"),
    ]


def test_several_files_stand_in_one_field_of_a_note(hubspot: Work) -> None:
    hubspot.table("notes", "id", "id hs_attachment_ids", ["1", "57;58"], ["2", ""], ["3", None])
    hubspot.build()
    assert hubspot.rows("attachments", "id entity record_id") == [
        ("it:notes:1:57", "activities", "it:notes:1"),
        ("it:notes:1:58", "activities", "it:notes:1"),
    ]


def test_a_case_is_a_ticket_and_a_conversation_and_its_comments_are_messages(salesforce: Work) -> None:
    salesforce.table(
        "Case",
        "Id",
        "Id AccountId ContactId OwnerId CaseNumber Subject Status Priority Origin IsClosed:boolean"
        " ClosedDate:timestamp",
        ["5001", "0011", "0031", "0051", "1001", "Broken", "Escalated", "High", "Phone", False, None],
        ["5002", None, None, "00G1", "1002", "Queue", "Done", "Whatever", "Twitter", True, "2026-01-02"],
    )
    salesforce.table("User", "Id", "Id Name ContactId", ["0051", "Ada", None], ["0052", "Portal user", "0031"])
    salesforce.table(
        "CaseComment",
        "Id",
        "Id ParentId CommentBody IsPublished:boolean CreatedById CreatedDate:timestamp",
        ["00a1", "5001", "We look", True, "0051", "2026-01-01"],
        ["00a2", "5001", "Thanks", True, "0052", "2026-01-02"],
        ["00a3", "5001", "Third time", False, "0051", "2026-01-03"],
    )
    salesforce.build()
    assert salesforce.rows("tickets", "number status source_status priority source_priority channel assignee_id") == [
        ("1001", "open", "Escalated", "high", "High", "phone", "it:User:0051"),
        ("1002", "closed", "Done", None, "Whatever", None, None),
    ]
    assert salesforce.rows("conversations", "ticket_id account_id contact_id status custom") == [
        ("it:Case:5001", "it:Account:0011", "it:Contact:0031", "open", None),
        ("it:Case:5002", None, None, "closed", None),
    ]
    assert salesforce.rows("messages", "conversation_id author_user_id author_contact_id body is_private sent_at") == [
        ("it:Case:5001", "it:User:0051", None, "We look", False, "2026-01-01T00:00:00Z"),
        ("it:Case:5001", None, "it:Contact:0031", "Thanks", False, "2026-01-02T00:00:00Z"),
        ("it:Case:5001", "it:User:0051", None, "Third time", True, "2026-01-03T00:00:00Z"),
    ]


def test_a_file_hangs_on_what_its_parents_id_begins_with(salesforce: Work) -> None:
    salesforce.table(
        "Attachment",
        "Id",
        "Id ParentId Name ContentType BodyLength:integer",
        ["00P1", "0061", "offer.pdf", "application/pdf", 100],
        ["00P2", "8001", "contract.pdf", None, None],
        ["00P3", "00U1", "agenda.txt", "text/plain", 5],
    )
    salesforce.build()
    assert salesforce.rows("attachments", "entity record_id name mime_type size") == [
        ("deals", "it:Opportunity:0061", "offer.pdf", "application/pdf", 100),
        (None, None, "contract.pdf", None, None),
        ("activities", "it:Event:00U1", "agenda.txt", "text/plain", 5),
    ]


def test_an_owners_change_is_remembered_twice_and_counts_once(salesforce: Work) -> None:
    salesforce.table("OpportunityStage", "Id", "Id ApiName MasterLabel", ["01J1", "New", "N"], ["01J2", "Won", "W"])
    salesforce.table(
        "OpportunityFieldHistory",
        "Id",
        "Id OpportunityId Field OldValue NewValue CreatedById CreatedDate:timestamp",
        ["1", "0061", "created", None, None, "0051", "2026-01-01"],
        ["2", "0061", "Owner", "Ada", "Grace", "0051", "2026-01-02"],
        ["3", "0061", "Owner", "0051", "0052", "0051", "2026-01-02"],
        ["4", "0061", "StageName", "New", "Won", "0052", "2026-01-03"],
        ["5", "0061", "StageName", "Gone", "New", "0052", "2026-01-04"],
        ["6", "0061", "Amount", "10", None, "0052", "2026-01-05"],
    )
    salesforce.build()
    changes = "source_id record_id field old_value new_value changed_at changed_by_id method"
    assert salesforce.rows("field_changes", changes) == [
        ("3", "it:Opportunity:0061", "owner_id", "it:User:0051", "it:User:0052", "2026-01-02T00:00:00Z", "it:User:0051",
         "history"),
        ("4", "it:Opportunity:0061", "stage_id", "it:OpportunityStage:01J1", "it:OpportunityStage:01J2",
         "2026-01-03T00:00:00Z", "it:User:0052", "history"),
        ("5", "it:Opportunity:0061", "stage_id", "Gone", "it:OpportunityStage:01J1", "2026-01-04T00:00:00Z",
         "it:User:0052", "history"),
        ("6", "it:Opportunity:0061", "amount", "10", None, "2026-01-05T00:00:00Z", "it:User:0052", "history"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("history", "entity", "key", "owner"),
    [("AccountHistory", "accounts", "AccountId", "owner_id"), ("CaseHistory", "tickets", "CaseId", "assignee_id")],
)
def test_histories_of_accounts_and_cases_are_changes_too(
    salesforce: Work, history: str, entity: str, key: str, owner: str
) -> None:
    salesforce.table(
        history,
        "Id",
        f"Id {key} Field OldValue NewValue",
        ["1", "1", "Owner", "0051", "0052"],
        ["2", "1", "Status", "New", "Working"],
        ["3", "1", "Owner", "A", "B"],
    )
    salesforce.build()
    assert [row[:2] for row in salesforce.rows("field_changes", "entity field")] == [
        (entity, owner),
        (entity, "Status"),
    ]
