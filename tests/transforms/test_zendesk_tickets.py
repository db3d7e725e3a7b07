"""A ticket of Zendesk is a ticket and a conversation, its comments are messages, whatever odd data they hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rawtables import Work

TICKET = (
    "id subject raw_subject description status priority requester_id assignee_id organization_id via tags"
    " due_at:timestamp created_at:timestamp _deleted_at"
)
AT = "2026-01-01 10:00:00+00"


@pytest.fixture
def zendesk(work: Callable[[str], Work]) -> Work:
    return work("zendesk")


def ticket(
    id: str, status: str | None, priority: str | None = None, via: str | None = None, **more: str
) -> list[object]:
    subject, asks, has = more.get("subject", "Help"), more.get("requester"), more.get("assignee")
    return [id, subject, subject, "It broke", status, priority, asks, has, "100", via, "[]", None, AT,
            more.get("deleted")]  # fmt: skip


def test_a_status_says_who_waits_and_stands_beside_the_vendors_word(zendesk: Work) -> None:
    states = ["new", "open", "pending", "hold", "solved", "closed", "of_their_own", None]
    zendesk.table("tickets", "id", TICKET, *(ticket(str(n), state) for n, state in enumerate(states, 1)))
    zendesk.build()
    assert zendesk.rows("tickets", "status source_status") == [
        ("open", "new"), ("open", "open"), ("pending", "pending"), ("pending", "hold"), ("solved", "solved"),
        ("closed", "closed"), ("open", "of_their_own"), ("open", None),
    ]  # fmt: skip
    assert zendesk.rows("conversations", "ticket_id status")[2:6] == [
        ("it:tickets:3", "pending"), ("it:tickets:4", "pending"), ("it:tickets:5", "closed"),
        ("it:tickets:6", "closed"),
    ]  # fmt: skip


def test_a_ticket_tells_its_channel_and_its_answer(zendesk: Work) -> None:
    ways = ["email", "native_messaging", "voice", "web", "api", "twitter"]
    rows = [ticket(str(n), "solved", "urgent", f'{{"channel": "{way}"}}') for n, way in enumerate(ways, 1)]
    rows += [ticket("7", "open", "odd", "no json"), ticket("8", "open")]
    zendesk.table("tickets", "id", TICKET, *rows)
    zendesk.table(
        "ticket_metrics",
        "id",
        "id ticket_id reply_time_in_minutes solved_at:timestamp",
        ["901", "1", '{"calendar": 90, "business": 30}', "2026-01-03 10:00:00+00"],
        ["907", "7", '{"calendar": null}', "2026-01-03 10:00:00+00"],
        ["908", "8", "garbage", None],
    )
    zendesk.build()
    assert [row[0] for row in zendesk.rows("tickets", "channel")] == [
        "email", "chat", "phone", "web", "api", "other", None, None,
    ]  # fmt: skip
    told = zendesk.rows("tickets", "priority source_priority first_response_at solved_at")
    assert told[0] == ("urgent", "urgent", "2026-01-01T11:30:00Z", "2026-01-03T10:00:00Z")
    assert told[6] == (None, "odd", None, None), "a ticket that was opened again is not solved"
    assert told[7] == (None, None, None, None)


def test_comments_are_written_by_users_or_by_contacts_never_by_both(zendesk: Work) -> None:
    zendesk.table("users", "id", "id role", ["1", "agent"], ["3", "end-user"])
    zendesk.table("tickets", "id", TICKET, ticket("50", "open", requester="3", assignee="1"))
    zendesk.table(
        "ticket_comments",
        "id",
        "id ticket_id author_id body html_body public:boolean created_at:timestamp",
        ["501", "50", "3", "Help", "<p>Help</p>", True, AT],
        ["502", "50", "1", "Known trouble", None, False, AT],
        ["503", "50", "-1", "A machine", None, None, AT],
    )
    zendesk.build()
    assert zendesk.rows("messages", "conversation_id author_user_id author_contact_id body is_private sent_at") == [
        ("it:tickets:50", None, "it:users:3", "<p>Help</p>", False, "2026-01-01T10:00:00Z"),
        ("it:tickets:50", "it:users:1", None, "Known trouble", True, "2026-01-01T10:00:00Z"),
        ("it:tickets:50", None, None, "A machine", True, "2026-01-01T10:00:00Z"),
    ]
    assert zendesk.rows("tickets", "requester_id assignee_id account_id") == [
        ("it:users:3", "it:users:1", "it:organizations:100")
    ]


def test_a_deleted_ticket_is_closed_and_deleted(zendesk: Work) -> None:
    zendesk.table("tickets", "id", TICKET, ticket("1", "deleted", deleted=AT))
    zendesk.build()
    assert zendesk.rows("tickets", "status is_deleted") == [("closed", True)]
