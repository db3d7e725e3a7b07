"""Freshdesk's people, companies, tickets and what is said on them become these rows, whatever odd data they hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rawtables import Work

AT = "2026-01-01 10:00:00+00"
TICKET = (
    "id subject status:integer priority:integer source:integer requester_id responder_id company_id stats tags"
    " due_by:timestamp created_at:timestamp _deleted_at"
)


@pytest.fixture
def freshdesk(work: Callable[[str], Work]) -> Work:
    return work("freshdesk")


def ticket(
    id: str, status: int | None, *, priority: int | None = None, source: int | None = None, stats: str | None = None
) -> list[object]:
    return [id, "Help", status, priority, source, "3", "1", "100", stats, '["vip"]', None, AT, None]


def test_a_companys_domain_is_the_first_of_its_list(freshdesk: Work) -> None:
    freshdesk.table(
        "companies",
        "id",
        "id name domains industry cf_arr:decimal",
        ["100", "Acme", '["Acme.example", "acme.test"]', "retail", "12.5"],
        ["101", "None of them", "[]", None, None],
        ["102", "Odd", "no json", None, None],
        custom=["cf_arr"],
    )
    freshdesk.build()
    assert freshdesk.rows("accounts", "id name domain industry kind") == [
        ("it:companies:100", "Acme", "acme.example", "retail", None),
        ("it:companies:101", "None of them", None, None, None),
        ("it:companies:102", "Odd", None, None, None),
    ]
    assert '"cf_arr"' in str(freshdesk.rows("accounts", "custom")[0][0])


def test_agents_are_users_and_contacts_are_those_who_ask(freshdesk: Work) -> None:
    freshdesk.table("groups", "id", "id name", ["7", "Billing"])
    freshdesk.table(
        "agents",
        "id",
        "id name email active:boolean deactivated:boolean group_ids",
        ["1", "Ada Agent", "ada@acme.example", True, False, "[7, 8]"],
        ["2", "Bo Left", None, True, True, "[]"],
        ["4", "Cy Odd", None, None, None, "no json"],
    )
    freshdesk.table(
        "contacts",
        "id",
        "id name first_name last_name email phone mobile company_id job_title",
        ["3", "Di Customer", "Di", "Customer", "di@buyer.example", "", "+1 555", "100", "Buyer"],
        ["5", "Nobody", None, None, None, None, None, None, None],
    )
    freshdesk.build()
    assert freshdesk.rows("users", "id name is_active team") == [
        ("it:agents:1", "Ada Agent", True, "Billing"),
        ("it:agents:2", "Bo Left", False, None),
        ("it:agents:4", "Cy Odd", True, None),
    ]
    assert freshdesk.rows("contacts", "id name email phone title account_id") == [
        ("it:contacts:3", "Di Customer", "di@buyer.example", "+1 555", "Buyer", "it:companies:100"),
        ("it:contacts:5", "Nobody", None, None, None, None),
    ]


def test_a_status_says_who_waits_and_stands_beside_the_vendors_number(freshdesk: Work) -> None:
    states = [2, 3, 4, 5, 6, 7, 8, None]
    freshdesk.table("tickets", "id", TICKET, *(ticket(str(n), state) for n, state in enumerate(states, 1)))
    freshdesk.build()
    assert freshdesk.rows("tickets", "status source_status") == [
        ("open", "2"), ("pending", "3"), ("solved", "4"), ("closed", "5"), ("pending", "6"), ("pending", "7"),
        ("open", "8"), ("open", None),
    ]  # fmt: skip
    assert freshdesk.rows("conversations", "id ticket_id status contact_id")[1:4] == [
        ("it:tickets:2", "it:tickets:2", "pending", "it:contacts:3"),
        ("it:tickets:3", "it:tickets:3", "closed", "it:contacts:3"),
        ("it:tickets:4", "it:tickets:4", "closed", "it:contacts:3"),
    ]


def test_a_ticket_tells_its_channel_its_priority_and_when_it_was_answered(freshdesk: Work) -> None:
    sources = [1, 2, 3, 7, 9, 10, 100, None]
    rows = [ticket(str(n), 2, priority=n, source=each) for n, each in enumerate(sources, 1)]
    stats = '{"first_responded_at": "2026-01-01T11:30:00Z", "resolved_at": "2026-01-03T10:00:00Z", "closed_at": null}'
    rows += [ticket("91", 4, stats=stats), ticket("92", 2, stats=stats), ticket("93", 5, stats="no json")]
    freshdesk.table("tickets", "id", TICKET, *rows)
    freshdesk.build()
    told = freshdesk.rows("tickets", "channel priority source_priority")
    assert [row[0] for row in told[:8]] == ["email", "web", "phone", "chat", "web", "email", "other", None]
    assert [row[1] for row in told[:5]] == ["low", "normal", "high", "urgent", None]
    assert told[4][2] == "5"
    assert freshdesk.rows("tickets", "first_response_at solved_at")[8:] == [
        ("2026-01-01T11:30:00Z", "2026-01-03T10:00:00Z"),
        ("2026-01-01T11:30:00Z", None),
        (None, None),
    ]


def test_messages_are_written_by_users_or_by_contacts_never_by_both(freshdesk: Work) -> None:
    freshdesk.table("agents", "id", "id name", ["1", "Ada Agent"])
    freshdesk.table("tickets", "id", TICKET, ticket("50", 2))
    freshdesk.table(
        "conversations",
        "id",
        "id ticket_id user_id body incoming:boolean private:boolean created_at:timestamp",
        ["501", "50", "3", "<div>Help</div>", True, False, AT],
        ["502", "50", "1", "<div>Known trouble</div>", False, True, AT],
        ["503", "50", "1", "For the customer", True, None, AT],
        ["504", "50", "9", "Of somebody who left", False, False, AT],
    )
    freshdesk.build()
    assert freshdesk.rows("messages", "conversation_id author_user_id author_contact_id body is_private") == [
        ("it:tickets:50", None, "it:contacts:3", "<div>Help</div>", False),
        ("it:tickets:50", "it:agents:1", None, "<div>Known trouble</div>", True),
        ("it:tickets:50", "it:agents:1", None, "For the customer", False),
        ("it:tickets:50", None, None, "Of somebody who left", False),
    ]
