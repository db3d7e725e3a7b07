"""ServiceNow's raw tables become these rows; each test holds the odd data that a careless mapping trips over."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from rawtables import Work


@pytest.fixture
def now(work: Callable[[str], Work]) -> Work:
    return work("servicenow")


USER = "sys_id user_name name email active:boolean locked_out:boolean department sys_class_name"
CONTACT = "sys_id user_name name first_name last_name email phone mobile_phone title account"
STATES = (
    ["s1", "incident", "state", "1", "New", "en"],
    ["s2", "incident", "state", "1", "Neu", "de"],
    ["s3", "incident", "state", "3", "On Hold", "en"],
    ["s4", "problem", "state", "106", "Resolved", "en"],
    ["s5", "sn_customerservice_case", "state", "18", "Awaiting Info", "en"],
)


def people(now: Work) -> None:
    now.table(
        "sys_user", "sys_id", USER,
        ["u1", "ada", "Ada", "ada@acme.example", True, None, "d1", "sys_user"],
        ["u2", "bob", None, None, True, True, "gone", "sys_user"],
        ["u3", "eve", "Eve", None, False, False, None, None],
        ["c1", "cy@x.example", "Cy Young", "cy@x.example", True, None, None, "customer_contact"],
    )  # fmt: skip
    now.table("cmn_department", "sys_id", "sys_id name", ["d1", "Support"])
    now.table(
        "customer_contact", "sys_id", CONTACT,
        ["c1", "cy@x.example", "Cy Young", "Cy", "Young", "cy@x.example", "", "555", "CTO", "a1"],
        ["c2", "anon", None, None, None, None, "666", None, None, None],
    )  # fmt: skip
    now.table("sys_choice", "sys_id", "sys_id name element value label language", *STATES)


def test_contacts_extend_users_and_are_no_users(now: Work) -> None:
    people(now)
    now.build()
    assert now.rows("users", "source_id name is_active team") == [
        ("u1", "Ada", True, "Support"),
        ("u2", "bob", False, None),
        ("u3", "Eve", False, None),
    ]
    assert now.rows("contacts", "source_id account_id name email phone") == [
        ("c1", "it:customer_account:a1", "Cy Young", "cy@x.example", "555"),
        ("c2", None, "anon", None, "666"),
    ]


NOWHERE, OSLO = [None] * 5, ["1 St", "Oslo", None, None, "Norway"]


def test_accounts_extend_companies_and_money_may_name_its_currency(now: Work) -> None:
    fields = "sys_id name website customer:boolean vendor:boolean num_employees:integer revenue_per_year street city state zip country parent"  # noqa: E501
    now.table(
        "core_company", "sys_id", f"{fields} sys_class_name",
        ["k1", "Seller", "http://www.Supplier.example/x", False, True, 5, "1000.50", *NOWHERE, "k2", "core_company"],
        ["k2", "Itself", None, None, None, None, "", "", "", "", "", "", None, None],
        ["a1", "Account", None, True, False, 7, "EUR;99.00", *OSLO, None, "customer_account"],
    )  # fmt: skip
    now.table(
        "customer_account", "sys_id", f"{fields} industry account_owner",
        ["a1", "Account", None, True, False, 7, "EUR;99.00", *OSLO, "a2", "energy", "u1"],
        ["a2", "Holding", "holding.example", True, True, None, "lots", *NOWHERE, None, None, None],
    )  # fmt: skip
    now.build()
    assert now.rows("accounts", "id domain kind annual_revenue currency parent_id owner_id") == [
        ("it:core_company:k1", "supplier.example", "vendor", "1000.5", None, "it:core_company:k2", None),
        ("it:core_company:k2", None, None, None, None, None, None),
        ("it:customer_account:a1", None, "customer", "99", "EUR", "it:customer_account:a2", "it:sys_user:u1"),
        ("it:customer_account:a2", "holding.example", "both", None, None, None, None),
    ]
    addresses = [row[0] and json.loads(row[0]).get("city") for row in now.rows("accounts", "address")]
    assert addresses == [None, "", "Oslo", None]


TASK = "sys_id number short_description description state:integer priority:integer active:boolean assigned_to company contact_type opened_at:timestamp closed_at:timestamp resolved_at:timestamp due_date:timestamp sys_created_on:timestamp"  # noqa: E501
AT = "2026-05-01T10:00:00Z"


def test_an_incidents_caller_may_be_a_contact_or_an_employee(now: Work) -> None:
    people(now)
    now.table("customer_account", "sys_id", "sys_id name", ["a1", "Account"])
    now.table(
        "incident", "sys_id", f"{TASK} caller_id",
        ["i1", "INC1", "Down", "It is", 1, 1, True, "u1", "a1", "email", AT, None, None, None, AT, "c1"],
        ["i2", "INC2", "Slow", None, 3, 3, True, "", "k1", "self-service", AT, None, None, AT, AT, "u1"],
        ["i3", "INC3", "Fixed", None, 6, 5, True, None, None, "walk-in", AT, None, AT, None, AT, None],
        ["i4", "INC4", "Over", None, 8, None, False, None, "", "", AT, AT, None, None, AT, ""],
        ["i5", "INC5", "Own state", None, 42, 9, True, None, None, None, AT, None, AT, None, AT, "gone"],
    )  # fmt: skip
    now.build()
    columns = "source_id status source_status priority channel requester_id account_id"
    assert now.rows("tickets", columns) == [
        ("i1", "open", "New", "urgent", "email", "it:customer_contact:c1", "it:customer_account:a1"),
        ("i2", "pending", "On Hold", "normal", "web", None, "it:core_company:k1"),
        ("i3", "solved", "6", "low", "other", None, None),
        ("i4", "closed", "8", None, None, None, None),
        ("i5", "open", "42", None, None, None, None),
    ]
    assert [row[0] is not None for row in now.rows("tickets", "solved_at")] == [False, False, True, True, False]
    assert now.rows("links", "from_id to_entity to_id role") == [
        ("it:incident:i2", "users", "it:sys_user:u1", "requester"),
        ("it:incident:i5", "users", "it:sys_user:gone", "requester"),
    ]


def test_what_is_said_on_records_is_theirs_and_notes_stay_inside(now: Work) -> None:
    people(now)
    now.table("incident", "sys_id", f"{TASK} caller_id", ["i1", "INC1", "Down", *[None] * 12, "c1"])
    now.table(
        "sn_customerservice_case", "sys_id", f"{TASK} account contact first_response_time:timestamp",
        ["k1", "CS1", "Case", None, 18, 2, True, "u1", None, "chat", AT, None, None, None, AT, "a1", "c1", AT],
    )  # fmt: skip
    now.table(
        "sys_journal_field", "sys_id", "sys_id name element element_id value sys_created_by sys_created_on:timestamp",
        ["j1", "incident", "comments", "i1", "Hello", "cy@x.example", AT],
        ["j2", "incident", "work_notes", "i1", "Inside", "ada", AT],
        ["j3", "sn_customerservice_case", "comments", "k1", "Hi", "nobody", AT],
        ["j4", "change_request", "comments", "x1", "Not a ticket's", "ada", AT],
        ["j5", "incident", "u_other_journal", "i1", "Another journal", "ada", AT],
    )  # fmt: skip
    now.build()
    assert now.rows("messages", "source_id conversation_id author_user_id author_contact_id is_private") == [
        ("j1", "it:incident:i1", None, "it:customer_contact:c1", False),
        ("j2", "it:incident:i1", "it:sys_user:u1", None, True),
        ("j3", "it:sn_customerservice_case:k1", None, None, False),
    ]
    assert now.rows("conversations", "id ticket_id contact_id status") == [
        ("it:incident:i1", "it:incident:i1", "it:customer_contact:c1", "open"),
        ("it:sn_customerservice_case:k1", "it:sn_customerservice_case:k1", "it:customer_contact:c1", "pending"),
    ]
    cases = [row for row in now.rows("tickets", "source_id source_status priority first_response_at") if row[0] == "k1"]
    assert [(row[1], row[2], row[3] is not None) for row in cases] == [("Awaiting Info", "high", True)]


def test_problems_and_changes_are_work_and_files_hang_on_what_they_are_of(now: Work) -> None:
    people(now)
    now.table("problem", "sys_id", TASK, ["p1", "PRB1", "Leak", None, 106, 1, True, "u1", *[None] * 4, AT, None, AT])
    now.table(
        "change_request", "sys_id", f"{TASK} start_date:timestamp end_date:timestamp",
        ["x1", "CHG1", "Patch", None, 3, 1, False, None, None, None, AT, AT, None, None, AT, AT, AT],
        ["x2", "CHG2", "No", None, 4, 1, False, None, None, None, AT, AT, None, None, AT, None, None],
        ["x3", "CHG3", "New", None, -5, 1, True, None, None, None, AT, None, None, None, AT, None, None],
    )  # fmt: skip
    now.table(
        "sys_attachment", "sys_id", "sys_id file_name content_type size_bytes:integer table_name table_sys_id",
        ["f1", "a.png", "image/png", 10, "incident", "i1"],
        ["f2", "b.pdf", "application/pdf", 20, "change_request", "x1"],
        ["f3", "c.txt", None, None, "kb_knowledge", "k1"],
    )  # fmt: skip
    now.build()
    assert now.rows("activities", "source_id type status source_status owner_id") == [
        ("x1", "task", "completed", "3", None),
        ("x2", "task", "cancelled", "4", None),
        ("x3", "task", "open", "-5", None),
        ("p1", "task", "completed", "Resolved", "it:sys_user:u1"),
    ]
    assert [row[0] is not None for row in now.rows("activities", "completed_at")] == [True, False, False, True]
    assert now.rows("attachments", "source_id entity record_id size") == [
        ("f1", "tickets", "it:incident:i1", 10),
        ("f2", "activities", "it:change_request:x1", 20),
        ("f3", None, None, None),
    ]
