"""SOQL as the simulator reads and runs it, against what the vendor allows and refuses."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backhaul.sandbox.salesforce.calls import Refusal
from backhaul.sandbox.salesforce.org import Org
from backhaul.sandbox.salesforce.select import bind
from backhaul.sandbox.salesforce.soql import Comparison, Logic, parse
from backhaul.sandbox.salesforce.vendor import Salesforce
from backhaul.sandbox.world import World


@pytest.fixture(scope="module")
def org() -> Org:
    """An org with no accounts but five that the tests know."""
    vendor = Salesforce(World.load())
    table = vendor.tables["Account"]
    for id in list(table.rows):
        table.purge(id)
    rows = [
        {"Name": "Ada & Co", "AnnualRevenue": 5.0, "NumberOfEmployees": 3, "Tier__c": "Gold", "Phone": "O'Brien"},
        {"Name": "bolt", "AnnualRevenue": 7.5, "Tier__c": "Silver", "Phone": "100%"},
        {"Name": "Cedar", "Tier__c": "Gold", "Phone": "a_b", "_changed_at": "2026-01-02T03:04:05Z"},
        {"Name": "delta", "AnnualRevenue": 7.5, "NumberOfEmployees": 9, "Phone": "back\\slash"},
        {"Name": "Echo", "AnnualRevenue": -1.0, "Tier__c": "Bronze", "_changed_at": "2026-01-02T03:04:06Z"},
    ]
    for row in rows:
        vendor.mutate("create", "Account", None, {"_created_at": "2026-01-01T00:00:00Z", **row})
    return vendor.org


def names(org: Org, rest: str) -> str:
    """The first letters of the accounts found, in order."""
    plan = bind(parse(f"SELECT Id, Name FROM Account {rest}"), org)
    return "".join(row.values["Name"][0].lower() for row in plan.rows(org, everything=False))


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("Name = 'BOLT'", "b"),
        ("Name != 'bolt'", "acde"),
        ("Name <> 'bolt'", "acde"),
        ("Name > 'c'", "cde"),
        ("Name LIKE '%e%'", "cde"),
        ("Name LIKE '_cho'", "e"),
        ("Phone LIKE '100\\%'", "b"),
        ("Phone LIKE '_\\__'", "c"),
        ("Phone = 'O\\'Brien'", "a"),
        ("Phone = 'back\\\\slash'", "d"),
        ("Phone = null", "e"),
        ("Phone = ''", "e"),
        ("Phone != null", "abcd"),
        ("AnnualRevenue > 5", "bd"),
        ("AnnualRevenue >= 5.0", "abd"),
        ("AnnualRevenue < 0", "e"),
        ("AnnualRevenue = -1", "e"),
        ("AnnualRevenue != 7.5", "ace"),
        ("AnnualRevenue = null", "c"),
        ("AnnualRevenue = 7.5e0", "bd"),
        ("Tier__c IN ('Gold', 'bronze')", "ace"),
        ("Tier__c NOT IN ('Gold', 'Bronze')", "bd"),
        ("Tier__c IN ('Gold', null)", "acd"),
        ("IsDeleted = FALSE", "abcde"),
        ("IsDeleted != false", ""),
        ("SystemModstamp >= 2026-01-02T03:04:06Z", "e"),
        ("SystemModstamp > 2026-01-02T03:04:05.000+00:00", "e"),
        ("SystemModstamp >= 2026-01-02T05:04:05+02:00", "ce"),
        ("SystemModstamp < 2026-01-02T03:04:05.001Z", "abcd"),
        ("CreatedDate = LAST_N_DAYS:3", ""),
        ("CreatedDate < TODAY", "abcde"),
        ("Name = 'bolt' OR Name = 'Echo' OR Name = 'Cedar'", "bce"),
        ("Tier__c = 'Gold' AND (Name = 'Cedar' OR Name = 'bolt')", "c"),
        ("NOT Name = 'bolt'", "acde"),
        ("Tier__c != null AND (NOT AnnualRevenue > 0)", "ce"),
        ("(((Name = 'bolt')))", "b"),
        ("Owner.Name = 'Integration User'", "abcde"),
        ("Account.Name = 'bolt'", "b"),
        ("OwnerId = '0055g000000000g'", "abcde"),
        ("name = 'bolt'", "b"),
    ],
)
def test_a_condition_finds(org: Org, condition: str, found: str) -> None:
    assert names(org, f"WHERE {condition} ORDER BY Name") == found


@pytest.mark.parametrize(
    ("rest", "found"),
    [
        ("ORDER BY Name", "abcde"),
        ("order by Name desc", "edcba"),
        ("ORDER BY AnnualRevenue", "ceabd"),
        ("ORDER BY AnnualRevenue DESC", "cbdae"),
        ("ORDER BY AnnualRevenue DESC NULLS LAST, Name DESC", "dbaec"),
        ("ORDER BY AnnualRevenue NULLS FIRST, Id LIMIT 3", "cea"),
        ("ORDER BY Tier__c, Name DESC LIMIT 2 OFFSET 1", "ec"),
        ("ORDER BY SystemModstamp, Id", "abdce"),
        ("ORDER BY Owner.Name, Name LIMIT 1", "a"),
        ("LIMIT 0", ""),
    ],
)
def test_rows_are_sorted_and_cut(org: Org, rest: str, found: str) -> None:
    assert names(org, rest) == found


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT FROM Account", "MALFORMED_QUERY", "unexpected token: 'FROM'"),
        ("SELECT Id FRM Account", "MALFORMED_QUERY", "unexpected token: 'FRM'"),
        ("SELECT Id Name FROM Account", "MALFORMED_QUERY", "unexpected token: 'Name'"),
        ("SELECT Id, FROM Account", "MALFORMED_QUERY", "unexpected token: 'FROM'"),
        ("SELECT * FROM Account", "MALFORMED_QUERY", "unexpected token: '*'"),
        ("SELECT Id FROM Account;", "MALFORMED_QUERY", "unexpected token: ';'"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Account WHERE Name = 'a", "MALFORMED_QUERY", "unexpected token"),
        ('SELECT Id FROM Account WHERE Name = "a"', "MALFORMED_QUERY", "unexpected token: '\"'"),
        ("SELECT Id FROM Account WHERE Name = 'a\\x'", "MALFORMED_QUERY", "Illegal character sequence"),
        ("SELECT Id FROM Account WHERE Name == 'a'", "MALFORMED_QUERY", "unexpected token: '='"),
        ("SELECT Id FROM Account WHERE Name IN ()", "MALFORMED_QUERY", "unexpected token: ')'"),
        ("SELECT Id FROM Account WHERE Name IS NULL", "MALFORMED_QUERY", "unexpected token: 'IS'"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'", "MALFORMED_QUERY", "token: 'OR'"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND NOT Name = 'b'", "MALFORMED_QUERY", "token: 'NOT'"),
        ("SELECT Id FROM Account WHERE NOT Name = 'a' AND Name = 'b'", "MALFORMED_QUERY", "token: 'AND'"),
        ("SELECT Id FROM Account ORDER BY Name WHERE Name = 'a'", "MALFORMED_QUERY", "unexpected token: 'WHERE'"),
        ("SELECT Id FROM Account LIMIT 1.5", "MALFORMED_QUERY", "unexpected token: '1.5'"),
        ("SELECT Id FROM Account LIMIT -1", "MALFORMED_QUERY", "unexpected token: '-1'"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT Id, Name, id FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Id, Foo FROM Account", "INVALID_FIELD", "No such column 'Foo' on entity 'Account'"),
        ("SELECT Id, Owner.Foo FROM Account", "INVALID_FIELD", "No such column 'Foo' on entity 'User'"),
        ("SELECT Id, Boss.Name FROM Account", "INVALID_FIELD", "Didn't understand relationship 'Boss'"),
        ("SELECT Id FROM Foo", "INVALID_TYPE", "sObject type 'Foo' is not supported"),
        ("SELECT Id FROM AccountChangeEvent", "INVALID_TYPE", "is not supported"),
        ("SELECT Id FROM Account WHERE Foo = 1", "INVALID_FIELD", "No such column 'Foo'"),
        ("SELECT Id FROM Account ORDER BY Foo", "INVALID_FIELD", "No such column 'Foo'"),
        ("SELECT Id FROM Account WHERE Description = 'a'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Account WHERE BillingAddress = null", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Account ORDER BY Description", "INVALID_FIELD", "can not be sorted"),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD", "must be of type string and should be enclosed"),
        ("SELECT Id FROM Account WHERE AnnualRevenue = '5'", "INVALID_FIELD", "type double and should not be enclosed"),
        ("SELECT Id FROM Account WHERE IsDeleted = 'false'", "INVALID_FIELD", "type boolean and should not be"),
        ("SELECT Id FROM Account WHERE CreatedDate = '2026-01-01T00:00:00Z'", "INVALID_FIELD", "type dateTime and"),
        ("SELECT Id FROM Account WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "type dateTime"),
        ("SELECT Id FROM Account WHERE CreatedDate > 2026-01-01T00:00:00", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Account WHERE CreatedDate > 2026-13-01T00:00:00Z", "INVALID_FIELD", "Invalid date"),
        ("SELECT Id FROM Opportunity WHERE CloseDate > 2026-01-01T00:00:00Z", "INVALID_FIELD", "type date and"),
        ("SELECT Id FROM Account WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"),
        ("SELECT Id FROM Account WHERE IsDeleted > true", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Account WHERE AnnualRevenue LIKE '5'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT COUNT() FROM Account ORDER BY Name", "MALFORMED_QUERY", "must be grouped or aggregated"),
        ("SELECT Name, COUNT(Id) FROM Account GROUP BY Name", "NOT_SIMULATED", "GROUP BY"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "NOT_SIMULATED", "child subquery"),
    ],
)
def test_the_vendor_would_refuse(org: Org, query: str, code: str, words: str) -> None:
    with pytest.raises(Refusal) as refused:
        bind(parse(query), org)
    assert refused.value.problems[0].code == code
    assert words in refused.value.problems[0].message


def test_an_error_shows_the_place(org: Org) -> None:
    with pytest.raises(Refusal) as refused:
        bind(parse("SELECT Id,\n  Foo FROM Account"), org)
    message = refused.value.problems[0].message
    assert "ERROR at Row:2:Column:3\n" in message
    shown, caret = message.split("\n")[1:3]
    assert shown[len(caret) - 1 :].startswith("Foo")


def test_objects_whose_names_are_words_of_soql_can_be_read(org: Org) -> None:
    for name in ("Order", "Case", "Event"):
        assert bind(parse(f"SELECT Id FROM {name} ORDER BY Id LIMIT 3"), org).rows(org, everything=True)


def test_archived_activities_and_deleted_records_are_seen_by_query_all_alone(org: Org) -> None:
    plan = bind(parse("SELECT Id FROM Task"), org)
    seen, all_seen = plan.rows(org, everything=False), plan.rows(org, everything=True)
    assert 0 < len(seen) < len(all_seen) == 606
    before = len(bind(parse("SELECT Id FROM Case"), org).rows(org, everything=True))
    case = next(org.tables["Case"].live())
    org.remove(org.objects["Case"], case, org.now())
    found = bind(parse("SELECT Id FROM Case WHERE IsDeleted = true"), org)
    assert [row.id for row in found.rows(org, everything=True)] == [case.id]
    assert found.rows(org, everything=False) == []
    case.deleted_at = org.clock.now() - timedelta(days=16)
    assert len(bind(parse("SELECT Id FROM Case"), org).rows(org, everything=True)) == before - 1


def test_operators_of_one_kind_need_no_brackets() -> None:
    where = parse("SELECT Id FROM A WHERE a = 1 AND b = 2 AND (c = 3 OR (d = 4 AND (NOT e = 5)))").where
    assert isinstance(where, Logic)
    assert [type(item) for item in where.items] == [Comparison, Comparison, Logic]


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_text_survives_the_escapes(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    where = parse(f"SELECT Id FROM Account WHERE Name = '{escaped}'").where
    assert isinstance(where, Comparison)
    assert where.literals[0].value == text


@given(st.text("SELECT Id,FROM()='<>!.:-+\\ \n0129TZ%_aNULAndORderbylimt", max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_the_parser(text: str) -> None:
    for query in (text, f"SELECT Id FROM Account WHERE {text}"):
        with suppress(Refusal):
            parse(query)
