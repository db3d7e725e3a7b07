"""The tools: what they answer, within which budget, and what they say instead where they cannot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backhaul.agent.answers import BUDGET, Filter
from backhaul.agent.asking import Misasked
from backhaul.agent.policy import Policy
from backhaul.agent.reader import Reader
from tests.agent.published import Published


def test_entities_are_listed_with_their_rows_and_where_they_come_from(reader: Reader) -> None:
    lines = {each.entity: each for each in reader.list_entities().entities}
    assert (lines["accounts"].rows, lines["accounts"].deleted) == (3, 1)
    assert lines["accounts"].filled_by == ["crm.accounts", "erp.accounts"]
    assert lines["accounts"].description == "What accounts are."


def test_an_entity_is_described_with_references_values_and_gaps(reader: Reader) -> None:
    answer = reader.describe_entity("invoices")
    lines = {each.name: each for each in answer.columns}
    assert lines["account_id"].references == "accounts"
    assert lines["status"].one_of == ["draft", "open", "paid", "void"]
    assert [(each.value, each.rows) for each in lines["status"].top_values] == [("open", 4), ("paid", 3)]
    assert lines["custom"].empty == 1.0
    assert "invoices.account_id" in reader.describe_entity("accounts").referred_by


def test_a_record_is_shown_with_all_that_belongs_to_it_in_every_system(reader: Reader) -> None:
    answer = reader.get_record("accounts", "crm:accounts:1", None, None, 3)
    assert answer.same_as == ["erp:accounts:9"]
    related = {each.by: each for each in answer.related}
    assert related["contacts.account_id"].rows == [
        {"id": "crm:contacts:1", "name": "Anna Adams", "email": "anna@mueller.example"}
    ]
    assert related["invoices.account_id"].total == 7
    assert len(related["invoices.account_id"].rows) == 3
    assert related["links.to_id"].rows[0]["from_id"] == "crm:activities:1"
    assert (answer.source, answer.connection, answer.url) == ("hubspot", "crm", "https://hubspot.example/1")
    assert {each.connection for each in answer.sources} == {"crm", "erp"}


def test_a_deleted_record_is_shown_as_deleted(reader: Reader) -> None:
    answer = reader.get_record("accounts", "crm:accounts:3", ["name"], [], 0)
    assert answer.is_deleted
    assert answer.values == {"name": "Gone Ltd"}
    assert any("deleted at the vendor" in each for each in answer.notes)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([Filter(column="status", value="open")], 4),
        ([Filter(column="status", op="!=", value="open")], 3),
        ([Filter(column="balance", op=">", value=50)], 2),
        ([Filter(column="balance", op="<=", value="20.0")], 2),
        ([Filter(column="due_date", op="<", value="2026-02-01")], 7),
        ([Filter(column="number", op="in", value=["INV1", "INV2", "INV99"])], 2),
        ([Filter(column="number", op="contains", value="nv3")], 1),
        ([Filter(column="number", op="starts_with", value="inv")], 7),
        ([Filter(column="custom", op="is_null")], 7),
        ([Filter(column="status", value="open"), Filter(column="balance", op=">=", value=30)], 3),
        ([Filter(column="number", value="x' OR '1'='1")], 0),
    ],
)
def test_filters_hold_together(reader: Reader, filters: list[Filter], found: int) -> None:
    assert reader.query_records("invoices", filters, ["number"], "id", 50, None, False).total == found


@pytest.mark.parametrize(
    "order", ["id", "-id", "balance", "-balance", "status", "-status", "due_date", "custom", "-custom"]
)
def test_pages_in_any_order_are_the_whole_in_that_order(reader: Reader, order: str) -> None:
    whole = reader.query_records("invoices", [], ["number", "status"], order, 50, None, False)
    assert whole.next_cursor is None
    pages: list[list[object]] = []
    cursor, first = None, True
    while first or cursor:
        answer = reader.query_records("invoices", [], ["number", "status"], order, 2, cursor, False)
        assert (answer.total is None) is not first
        pages += answer.rows
        cursor, first = answer.next_cursor, False
    assert pages == whole.rows
    assert len(pages) == 7


def test_pages_go_on_where_they_were_when_a_version_was_published_between(published: Published) -> None:
    reader = published.reader()
    first = reader.query_records("invoices", [], ["number"], "number", 3, None, False)
    for number in ("INV0", "INV8"):
        published.put("invoices", number, connection="erp", number=number, status="open", balance=1)
    published.drop("invoices", "erp:invoices:3")
    published.next()
    rest = reader.query_records("invoices", [], ["number"], "number", 50, first.next_cursor, False)
    reader.close()
    assert rest.version == first.version + 1
    assert [row[-1] for row in rest.rows] == ["INV4", "INV5", "INV6", "INV7", "INV8"]


def test_every_answer_keeps_within_its_budget(published: Published) -> None:
    for number in range(300):
        published.put("contacts", f"x{number}", account_id="crm:accounts:1", name="N" * 900, email="e" * 400)
    published.put("accounts", "1", name="Café", custom="c" * 50_000, domain="d" * 9_000, phone="p" * 9_000)
    published.next()
    reader = published.reader()
    answers = [
        reader.list_entities(),
        reader.describe_entity("contacts"),
        reader.get_record("accounts", "crm:accounts:1", None, None, 20),
        reader.query_records("contacts", [], None, "id", 200, None, False),
        reader.run_sql("select * from contacts", 200),
        reader.run_sql("select repeat('x', 100000) as t", 10),
        reader.search_records("nnnn contacts mueller e", None, 50, None, True),
        reader.changes_since(1, None, 200, None),
    ]
    wide = ", ".join(f"repeat('{number}', 4000) as c{number}" for number in range(9))
    answers.append(reader.run_sql(f"select {wide} from range(5)", 5))
    reader.close()
    assert len(answers[-1].rows) == 1
    for each in answers:
        assert len(each.model_dump_json()) <= BUDGET, type(each)
    assert answers[3].truncated
    assert answers[3].next_cursor
    assert answers[2].truncated


def test_no_row_is_too_long_to_be_paged_past(published: Published) -> None:
    for key in ("1", "2"):
        published.put("contacts", key, name="n" * 9_000, email="e" * 9_000, phone="p" * 9_000, account_id="a" * 9_000,
                      custom="c" * 9_000, source_url="u" * 9_000)  # fmt: skip
    published.next()
    reader = published.reader()
    first = reader.query_records("contacts", [], None, "id", 50, None, False)
    rest = reader.query_records("contacts", [], None, "id", 50, first.next_cursor, False)
    reader.close()
    assert [row[0] for row in (*first.rows, *rest.rows)] == ["crm:contacts:1", "crm:contacts:2"]
    assert len(first.model_dump_json()) <= BUDGET
    assert rest.next_cursor is None


def test_sql_says_which_tables_it_read_and_where_their_rows_come_from(reader: Reader) -> None:
    answer = reader.run_sql("select count(*) as n from invoices where balance > 10 and status = 'open'", 10)
    assert answer.rows == [[3]]
    assert answer.read == ["invoices"]
    assert [each.connection for each in answer.sources] == ["erp"]


def test_changes_are_told_from_a_version_on_and_page(published: Published) -> None:
    reader = published.reader()
    since = reader.list_entities().version
    published.put("accounts", "1", name="Renamed")
    published.put("contacts", "3", name="New")
    published.drop("accounts", "crm:accounts:2")
    published.next()
    first = reader.changes_since(since, None, 2, None)
    rest = reader.changes_since(since, None, 2, first.next_cursor)
    told = [(each.entity, each.id, each.op) for each in (*first.changes, *rest.changes)]
    only = reader.changes_since(since, ["contacts"], 10, None)
    reader.close()
    assert told == [
        ("accounts", "crm:accounts:1", "update"),
        ("accounts", "crm:accounts:2", "delete"),
        ("contacts", "crm:contacts:3", "insert"),
    ]
    assert rest.next_cursor is None
    assert [each.id for each in only.changes] == ["crm:contacts:3"]


def test_an_answer_says_when_a_connection_was_not_read_for_long(published: Published) -> None:
    published.as_of["erp"]["invoices"] = datetime.now(UTC) - timedelta(days=5)
    reader = published.reader()
    answer = reader.query_records("invoices", [], None, "id", 1, None, False)
    reader.close()
    assert any("erp was last read to the end 5 days ago" in each for each in answer.notes)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda r: r.describe_entity("invoice"), ("no entity invoice", "invoices")),
        (lambda r: r.describe_entity("tickets"), ("no connection of this customer fills it", "There are: ")),
        (lambda r: r.get_record("accounts", "crm:accounts:77", None, None, 1), ("never synced", "search_records")),
        (lambda r: r.get_record("accounts", "crm:accounts:1", ["nmae"], None, 1), ("no column nmae", "name")),
        (lambda r: r.get_record("accounts", "crm:accounts:1", None, ["orders"], 1), ("not related", "contacts")),
        (lambda r: r.query_records("invoices", [], ["blance"], "id", 1, None, False), ("blance", "balance")),
        (lambda r: r.query_records("invoices", [], None, "-duedate", 1, None, False), ("duedate", "due_date")),
        (
            lambda r: r.query_records("invoices", [Filter(column="status", value="opn")], None, "id", 1, None, False),
            ("never 'opn'", "draft, open"),
        ),
        (
            lambda r: r.query_records(
                "invoices", [Filter(column="status", op="in", value=[])], None, "id", 1, None, False
            ),
            ("1 to 200",),
        ),
        (
            lambda r: r.query_records(
                "invoices", [Filter(column="balance", op=">", value="x")], None, "id", 1, None, False
            ),
            ("Could not convert",),
        ),
        (lambda r: r.query_records("invoices", [], None, "id", 1, "bm9uZQ", False), ("none of ours",)),
        (lambda r: r.run_sql("select nmae from accounts", 1), ("nmae", "Did you mean name")),
        (lambda r: r.run_sql("select * from acounts", 1), ("acounts", "accounts")),
        (lambda r: r.run_sql("drop table accounts", 1), ("only SELECT", "propose_change")),
        (lambda r: r.run_sql("select * from range(100000000000) order by hash(range)", 1), ("than it may",)),
        (lambda r: r.search_records("--- !!", None, 5, None, False), ("no word",)),
        (lambda r: r.changes_since(99, None, 5, None), ("not published yet",)),
        (lambda r: r.changes_since(0, None, 5, None), ("complete only after version 1",)),
    ],
)
def test_an_error_says_what_to_do_instead(reader: Reader, ask: object, words: tuple[str, ...]) -> None:
    with pytest.raises(Misasked) as caught:
        ask(reader)  # type: ignore[operator]
    for each in words:
        assert each in str(caught.value)


def test_a_cursor_is_good_for_its_own_question_alone(reader: Reader) -> None:
    cursor = reader.query_records("invoices", [], None, "id", 2, None, False).next_cursor
    with pytest.raises(Misasked, match="another question"):
        reader.query_records("invoices", [], None, "-balance", 2, cursor, False)


def test_a_hidden_column_is_spoken_of_like_one_that_is_not_there(published: Published) -> None:
    reader = published.reader(Policy(hide={"contacts": frozenset({"phone"})}))
    for ask in (
        lambda: reader.query_records("contacts", [], ["phone"], "id", 1, None, False),
        lambda: reader.query_records("contacts", [Filter(column="phone", value="+44 333")], None, "id", 1, None, False),
        lambda: reader.query_records("contacts", [], None, "phone", 1, None, False),
        lambda: reader.run_sql("select phone from contacts", 1),
        lambda: reader.run_sql("select c from contacts c where c.phone is not null", 1),
    ):
        with pytest.raises(Misasked) as caught:
            ask()
        assert "+44" not in str(caught.value).replace("+44 333", "")
    whole = reader.run_sql("select * from contacts", 10)
    found = reader.search_records("333", None, 10, None, True)
    reader.close()
    assert "phone" not in whole.columns
    assert found.hits == []
