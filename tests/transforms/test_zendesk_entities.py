"""Zendesk's people and organizations become these rows, whatever odd data they hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rawtables import Work

PEOPLE = "id name email phone role organization_id default_group_id active:boolean suspended:boolean"


@pytest.fixture
def zendesk(work: Callable[[str], Work]) -> Work:
    return work("zendesk")


def test_users_who_work_there_are_told_from_those_who_ask(zendesk: Work) -> None:
    zendesk.table("groups", "id", "id name", ["7", "Billing"])
    zendesk.table(
        "users",
        "id",
        PEOPLE,
        ["1", "Ada Agent", "ada@acme.example", None, "agent", None, "7", True, False],
        ["2", "Bo Boss", None, None, "admin", None, "8", True, True],
        ["3", "Cy Customer", "cy@buyer.example", "+1 555", "end-user", "100", None, True, False],
        ["4", "Of a role of their own", None, None, "", None, None, None, None],
        ["5", "Of no role", None, None, None, "100", None, None, None],
    )
    zendesk.build()
    assert zendesk.rows("users", "id name is_active team") == [
        ("it:users:1", "Ada Agent", True, "Billing"),
        ("it:users:2", "Bo Boss", False, None),
        ("it:users:4", "Of a role of their own", True, None),
    ]
    assert zendesk.rows("contacts", "id name email phone account_id") == [
        ("it:users:3", "Cy Customer", "cy@buyer.example", "+1 555", "it:organizations:100"),
        ("it:users:5", "Of no role", None, None, "it:organizations:100"),
    ]


def test_an_organizations_domain_is_the_first_of_its_list(zendesk: Work) -> None:
    zendesk.table(
        "organizations",
        "id",
        "id name domain_names cf_arr:decimal",
        ["100", "Acme", '["Acme.example", "acme.test"]', "12.5"],
        ["101", "None of them", "[]", None],
        ["102", "Odd", "no json", None],
        ["103", "Unset", None, None],
        custom=["cf_arr"],
    )
    zendesk.build()
    assert zendesk.rows("accounts", "id name domain kind") == [
        ("it:organizations:100", "Acme", "acme.example", None),
        ("it:organizations:101", "None of them", None, None),
        ("it:organizations:102", "Odd", None, None),
        ("it:organizations:103", "Unset", None, None),
    ]
    assert '"cf_arr"' in str(zendesk.rows("accounts", "custom")[0][0])


def test_memberships_of_contacts_are_links_and_those_of_agents_are_not(zendesk: Work) -> None:
    zendesk.table("users", "id", "id role", ["1", "agent"], ["3", "end-user"])
    zendesk.table(
        "organization_memberships",
        "id",
        "id user_id organization_id default:boolean",
        ["11", "1", "100", True],
        ["12", "3", "100", True],
        ["13", "3", "101", False],
        ["14", "9", "101", None],
    )
    zendesk.build()
    assert zendesk.rows("links", "id from_id to_id role") == [
        ("it:organization_memberships:12", "it:users:3", "it:organizations:100", "primary"),
        ("it:organization_memberships:13", "it:users:3", "it:organizations:101", "related"),
        ("it:organization_memberships:14", "it:users:9", "it:organizations:101", "related"),
    ]
