"""Intercom's records become these rows, whatever odd data they hold."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from rawtables import Work

TALK = (
    "id title state priority admin_assignee_id team_assignee_id contact_id company_id ticket_id source_type "
    "source_subject source_body source_author_type source_author_id tag_names created_at:timestamp "
    "first_admin_reply_at:timestamp last_admin_reply_at:timestamp last_contact_reply_at:timestamp "
    "last_close_at:timestamp"
)
AT = [f"2026-02-03 10:0{n}:00+00" for n in range(6)]


@pytest.fixture
def intercom(work: Callable[[str], Work]) -> Work:
    return work("intercom")


def test_teammates_are_users_with_their_first_team_and_teams_are_inboxes(intercom: Work) -> None:
    intercom.table("teams", "id", "id name", ["5", "Support"], ["6", "Billing"])
    intercom.table(
        "admins", "id", "id name email team_ids away_mode_enabled:boolean",
        ["1", "Ada Abbott", "ada@x.example", "[6, 5]", False],
        ["2", "Bo Berg", None, "[]", True],
        ["3", "Cy Cole", "cy@x.example", None, False],
    )  # fmt: skip
    intercom.build()
    assert intercom.rows("users", "id email is_active team") == [
        ("it:admins:1", "ada@x.example", True, "Billing"),
        ("it:admins:2", None, True, None),
        ("it:admins:3", "cy@x.example", True, None),
    ]
    assert intercom.rows("channels", "id name type") == [
        ("it:teams:5", "Support", "inbox"),
        ("it:teams:6", "Billing", "inbox"),
    ]


def test_everyone_is_a_contact_and_leads_are_leads_too(intercom: Work) -> None:
    first = json.dumps({"type": "list", "data": [{"id": "c1"}, {"id": "c2"}], "has_more": True})
    intercom.table(
        "contacts", "id",
        "id role name email phone owner_id unsubscribed_from_emails:boolean companies _deleted_at _merged_into",
        ["u1", "user", "Ada", "ada@x.example", "+1", "1", True, first, None, None],
        ["l1", "lead", None, None, None, None, None, "{}", None, None],
        ["l2", "lead", "Was", "was@x.example", None, None, False, None, "2026-03-01 00:00:00+00", "u1"],
    )  # fmt: skip
    intercom.table("contact_companies", "contact_id:company_id", "contact_id company_id", ["u1", "c1"], ["u1", "c2"])
    intercom.build()
    assert intercom.rows("contacts", "id account_id owner_id opted_out is_deleted") == [
        ("it:contacts:l1", None, None, None, False),
        ("it:contacts:l2", None, None, False, True),
        ("it:contacts:u1", "it:companies:c1", "it:admins:1", True, False),
    ]
    assert intercom.rows("leads", "id status is_deleted") == [
        ("it:contacts:l1", "open", False),
        ("it:contacts:l2", "open", True),
    ]
    assert intercom.rows("links", "from_id to_id role") == [
        ("it:contacts:u1", "it:companies:c1", "related"),
        ("it:contacts:u1", "it:companies:c2", "related"),
    ]


def test_a_company_without_a_name_is_called_by_our_id_of_it_and_its_domain_is_its_websites(intercom: Work) -> None:
    intercom.table(
        "companies", "id", "id company_id name website size:integer industry monthly_spend:integer",
        ["c1", "C-1", "Acme", "https://www.Acme.example/about", 40, "toys", 900],
        ["c2", "C-2", None, "", None, None, 0],
    )  # fmt: skip
    intercom.build()
    assert intercom.rows("accounts", "name domain employees industry annual_revenue") == [
        ("Acme", "acme.example", 40, "toys", None),
        ("C-2", None, None, None, None),
    ]


def test_a_conversation_is_a_ticket_a_thread_and_its_first_message(intercom: Work) -> None:
    intercom.table(
        "conversations", "id", TALK,
        ["1", "Late", "closed", "medium", "7", "5", "u1", "c1", None, "email", "Re: late", "<p>Where?</p>", "user",
         "u1", '["vip"]', AT[0], AT[1], AT[3], AT[2], AT[4]],
        ["2", "", "snoozed", "none", "0", "0", "l1", None, None, "whatsapp", "", None, "lead", "l1", None, AT[1], None,
         None, None, None],
        ["3", None, "open", "urgent", None, None, "u1", None, "90", "phone_call", "Call", "<p>Hi</p>", "bot", "b1",
         None, AT[2], None, None, None, None],
        ["4", None, None, None, None, None, None, None, None, None, None, "<p>Out</p>", "admin", "7", None, None, None,
         None, None, None],
    )  # fmt: skip
    intercom.build()
    assert intercom.rows("tickets", "id subject status priority channel assignee_id solved_at tags") == [
        ("it:conversations:1", "Late", "solved", "normal", "email", "it:admins:7", "2026-02-03T10:04:00Z", '["vip"]'),
        ("it:conversations:2", None, "pending", None, "chat", None, None, None),
        ("it:conversations:4", None, "open", None, None, None, None, None),
    ]
    assert intercom.rows("conversations", "id ticket_id channel_id contact_id subject status last_message_at") == [
        ("it:conversations:1", "it:conversations:1", "it:teams:5", "it:contacts:u1", "Late", "closed",
         "2026-02-03T10:03:00Z"),
        ("it:conversations:2", "it:conversations:2", None, "it:contacts:l1", None, "pending", "2026-02-03T10:01:00Z"),
        ("it:conversations:3", "it:tickets:90", None, "it:contacts:u1", "Call", "open", "2026-02-03T10:02:00Z"),
        ("it:conversations:4", "it:conversations:4", None, None, None, "open", None),
    ]  # fmt: skip
    assert intercom.rows("messages", "conversation_id author_user_id author_contact_id body is_private") == [
        ("it:conversations:1", None, "it:contacts:u1", "<p>Where?</p>", False),
        ("it:conversations:3", None, None, "<p>Hi</p>", False),
        ("it:conversations:4", "it:admins:7", None, "<p>Out</p>", False),
    ]


def test_a_ticket_is_done_by_the_category_of_its_state_and_its_parts_are_messages(intercom: Work) -> None:
    fields = "id ticket_id state state_label open:boolean contact_id admin_assignee_id cf__default_title_"
    intercom.table(
        "tickets", "id", fields,
        ["601", "33", "submitted", "New", True, "u1", "7", "Broken"],
        ["602", "34", "waiting_on_customer", "Your turn", True, "u1", "0", None],
        ["603", "35", "resolved", "Done", False, "u1", "0", None],
        ["604", "36", "in_progress", "Working", False, "u1", "0", None],
        ["605", "37", None, None, None, None, None, None],
        custom=["cf__default_title_"],
    )  # fmt: skip
    admin, user = json.dumps({"type": "admin", "id": "7"}), json.dumps({"type": "user", "id": "u1"})
    intercom.table(
        "ticket_parts", "id", "id ticket_id part_type body author created_at:timestamp",
        ["1", "601", "comment", "<p>Look</p>", admin, AT[0]],
        ["2", "601", "note", "<p>Hush</p>", admin, AT[1]],
        ["3", "601", "ticket_state_updated_by_admin", None, admin, AT[2]],
        ["4", "602", "comment", "<p>Me</p>", user, AT[3]],
    )  # fmt: skip
    intercom.build()
    assert intercom.rows("tickets", "number subject status source_status assignee_id") == [
        ("33", "Broken", "open", "New", "it:admins:7"),
        ("34", None, "pending", "Your turn", None),
        ("35", None, "solved", "Done", None),
        ("36", None, "closed", "Working", None),
        ("37", None, "open", None, None),
    ]
    assert intercom.rows("conversations", "ticket_id status") == [
        ("it:tickets:601", "open"), ("it:tickets:602", "pending"), ("it:tickets:603", "closed"),
        ("it:tickets:604", "closed"), ("it:tickets:605", "open"),
    ]  # fmt: skip
    assert intercom.rows("messages", "conversation_id author_user_id author_contact_id is_private") == [
        ("it:tickets:601", "it:admins:7", None, False),
        ("it:tickets:601", "it:admins:7", None, True),
        ("it:tickets:602", None, "it:contacts:u1", False),
    ]


def test_what_is_said_on_a_conversation_and_what_stays_inside(intercom: Work) -> None:
    fields = "id conversation_id part_type body author_type author_id created_at:timestamp"
    intercom.table(
        "conversation_parts", "id", fields,
        ["1", "1", "comment", "<p>A</p>", "admin", "7", AT[0]],
        ["2", "1", "comment", "<p>B</p>", "lead", "l1", AT[1]],
        ["3", "1", "note_and_reopen", "<p>C</p>", "admin", "7", AT[2]],
        ["4", "1", "close", "<p>Bye</p>", "admin", "7", AT[3]],
        ["5", "1", "assignment", "", "bot", "9", AT[4]],
        ["6", "1", "quick_reply", "<p>?</p>", "bot", "9", AT[5]],
    )  # fmt: skip
    intercom.build()
    assert intercom.rows("messages", "id author_user_id author_contact_id is_private") == [
        ("it:conversation_parts:1", "it:admins:7", None, False),
        ("it:conversation_parts:2", None, "it:contacts:l1", False),
        ("it:conversation_parts:3", "it:admins:7", None, True),
        ("it:conversation_parts:4", "it:admins:7", None, False),
        ("it:conversation_parts:6", None, None, False),
    ]


def test_notes_are_activities_about_a_person_or_a_company(intercom: Work) -> None:
    intercom.table("contact_notes", "id", "id contact_id author_id body", ["1", "u1", "7", "<p>Call</p>"])
    intercom.table("company_notes", "id", "id company_id author_id body", ["2", "c1", None, "<p>Visit</p>"])
    intercom.build()
    assert intercom.rows("activities", "id type body owner_id") == [
        ("it:company_notes:2", "note", "<p>Visit</p>", None),
        ("it:contact_notes:1", "note", "<p>Call</p>", "it:admins:7"),
    ]
    assert intercom.rows("links", "from_id to_entity to_id") == [
        ("it:company_notes:2", "accounts", "it:companies:c1"),
        ("it:contact_notes:1", "contacts", "it:contacts:u1"),
    ]
