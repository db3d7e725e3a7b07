"""SuiteQL as the simulator understands it: what it answers, and what it refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhaul.sandbox.netsuite import dates
from backhaul.sandbox.netsuite.account import table_type
from backhaul.sandbox.netsuite.catalog import ID, Field, ref, text
from backhaul.sandbox.netsuite.expressions import BadExpression, Session
from backhaul.sandbox.netsuite.query import Engine
from backhaul.sandbox.netsuite.relations import Answers, Relation
from backhaul.sandbox.netsuite.suiteql import BadSyntax
from backhaul.sandbox.tables import Table

NOON = datetime(2026, 3, 8, 20, 0, tzinfo=UTC)
PACIFIC = Session(ZoneInfo("America/Los_Angeles"), "America/Los_Angeles", "M/D/YYYY", NOON)
CITIES = [{"id": 10, "name": "Oslo"}, {"id": 12, "name": "Rome"}]
BEFORE, AFTER, EARLIER = (
    datetime(2026, 3, 8, 9, 59, 59, tzinfo=UTC),
    datetime(2026, 3, 8, 10, tzinfo=UTC),
    datetime(2026, 1, 31, 7, 30, 5, tzinfo=UTC),
)
PEOPLE: list[dict[str, Any]] = [
    {"id": 1, "name": "Ada", "city": 10, "score": Decimal("12.50"), "active": True, "born": date(1990, 2, 3)},
    {"id": 2, "name": "Bob's", "city": 11, "active": False, "lastmodifieddate": BEFORE},
    {"id": 3, "name": "Cy_d", "score": Decimal(-3), "active": True, "lastmodifieddate": AFTER},
    {"id": 20, "name": "Eve", "city": 10, "score": Decimal(7), "lastmodifieddate": EARLIER},
]


def tables() -> dict[str, tuple[Any, list[dict[str, Any]]]]:
    people = (
        ID,
        text("name", "Name"),
        ref("city", "City", "city"),
        Field("score", "decimal"),
        Field("active", "boolean"),
        Field("born", "date"),
        Field("lastModifiedDate", "timestamp"),
    )
    return {
        "person": (table_type("person", people), PEOPLE),
        "city": (
            table_type("city", (ID, text("name", "Name"))),
            [{"id": 10, "name": "Oslo"}, {"id": 12, "name": "Rome"}],
        ),
    }


def engine() -> Engine:
    made: dict[str, Relation] = {}
    for name, (type_, rows) in tables().items():
        table = Table(name)
        for row in rows:
            changed = row.get("lastmodifieddate", NOON)
            table.insert(dict(row), id=str(row["id"]), at=NOON, changed_at=changed)
        made[name] = Relation(type_, table)

    def relation(name: str) -> Relation:
        if name not in made:
            raise BadExpression(f"Record '{name}' was not found.")
        return made[name]

    return Engine(relation)


def run(query: str, session: Session = PACIFIC, answers: Answers = Answers(), **page: int) -> list[dict[str, Any]]:  # noqa: B008
    found = engine().page(query, session, answers, limit=page.get("limit", 1000), offset=page.get("offset", 0))
    rows = [msgspec.json.decode(item) for item in found.items]
    assert all(row.pop("links") == [] for row in rows)
    return rows


def ids(where: str) -> list[int]:
    return [int(row["id"]) for row in run(f"SELECT id FROM person WHERE {where} ORDER BY id")]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("id > 1", [2, 3, 20]),
        ("id > '1'", [2, 3, 20]),
        ("20 >= id AND id >= 3", [3, 20]),
        ("id IN (1, '20', 99)", [1, 20]),
        ("NOT id IN (1, 20)", [2, 3]),
        ("id NOT IN (1, 20)", [2, 3]),
        ("id BETWEEN 2 AND 3", [2, 3]),
        ("name = 'Bob''s'", [2]),
        ("name = 'ada'", []),
        ("LOWER(name) = 'ada'", [1]),
        ("name LIKE '%_d%'", [1, 3]),
        ("name LIKE 'Cy%'", [3]),
        ("active = 'T'", [1, 3]),
        ("active <> 'T'", [2]),
        ("active = 'true'", []),
        ("active IS NULL", [20]),
        ("score IS NOT NULL AND score < 10", [3, 20]),
        ("NOT score < 10", [1]),
        ("score <> 7", [1, 3]),
        ("name = ''", []),
        ("city = NULL", []),
        ("id = 1 OR id = 2 AND active = 'T'", [1]),
        ("(id = 1 OR id = 2) AND active = 'F'", [2]),
        ("id = 1 -- the first\n", [1]),
        ("born = '2/3/1990'", [1]),
        ("born >= TO_DATE('1990-02-03', 'YYYY-MM-DD')", [1]),
        ("born < TO_DATE('1990-02-03', 'YYYY-MM-DD')", []),
        ("NVL(score, 0) = 0", [2]),
        ("score * 2 + 1 = 26", [1]),
        ("name || city = 'Ada10'", [1]),
        ("lastmodifieddate > SYSDATE - 1", [2, 3]),
    ],
)
def test_conditions_choose_rows_as_oracle_does(where: str, found: list[int]) -> None:
    assert ids(where) == found


def test_times_are_compared_in_the_sessions_zone() -> None:
    # 2026-03-08 02:00 does not exist in Los Angeles: at 10:00 UTC its clocks go from 01:59:59 to 03:00.
    at = "lastmodifieddate >= TO_TIMESTAMP('2026-03-08 03:00:00', 'YYYY-MM-DD HH24:MI:SS')"
    assert ids(at) == [3]
    with_fraction = "lastmodifieddate >= TO_TIMESTAMP('2026-03-08 01:59:59.000000000', 'YYYY-MM-DD HH24:MI:SSxFF')"
    assert ids(with_fraction) == [2, 3]
    utc = Session(ZoneInfo("UTC"), "UTC", "M/D/YYYY", NOON)
    assert [row["id"] for row in run(f"SELECT id FROM person WHERE {at} ORDER BY id", utc)] == ["2", "3"]


def test_values_come_as_text_and_nulls_do_not_come_at_all() -> None:
    assert run("SELECT * FROM person WHERE id IN (1, 20) ORDER BY id") == [
        {"id": "1", "name": "Ada", "city": "10", "score": "12.5", "active": "T", "born": "2/3/1990"},
        {"id": "20", "name": "Eve", "city": "10", "score": "7", "lastmodifieddate": "1/30/2026"},
    ]


def test_answers_can_be_spelt_the_other_way() -> None:
    spelt = Answers(nulls=True, numbers=True)
    query = "SELECT id, score, born FROM person WHERE id = 20"
    assert run(query, answers=spelt) == [{"id": 20, "score": 7, "born": None}]
    continental = Session(ZoneInfo("Europe/Berlin"), "Europe/Berlin", "DD.MM.YYYY", NOON)
    assert run("SELECT lastmodifieddate AS at FROM person WHERE id = 20", continental) == [{"at": "31.01.2026"}]


@pytest.mark.parametrize(
    ("select", "row"),
    [
        ("TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS Changed", {"changed": "2026-01-30 23:30:05"}),
        ("TO_CHAR(lastmodifieddate, 'DD-MON-YY HH:MI AM')", {"expr1": "30-JAN-26 11:30 PM"}),
        ("TO_CHAR(lastmodifieddate, 'YYYY-MM-DD\"T\"HH24:MI:SS.FF3')", {"expr1": "2026-01-30T23:30:05.000"}),
        ("name, UPPER(name)", {"name": "Eve", "expr2": "EVE"}),
        ("p.name AS n, p.id", {"n": "Eve", "id": "20"}),
        ("TO_CHAR(score)", {"expr1": "7"}),
    ],
)
def test_columns_are_named_and_formatted(select: str, row: dict[str, str]) -> None:
    assert run(f"SELECT {select} FROM person p WHERE p.id = 20") == [row]


def test_order_knows_several_columns_directions_aliases_and_nulls() -> None:
    assert [r["id"] for r in run("SELECT id FROM person ORDER BY score, id")] == ["3", "20", "1", "2"]
    assert [r["id"] for r in run("SELECT id FROM person ORDER BY score DESC")] == ["2", "1", "20", "3"]
    assert [r["id"] for r in run("SELECT id, UPPER(name) AS n FROM person ORDER BY n DESC")] == ["20", "3", "2", "1"]
    assert [r["id"] for r in run("SELECT id FROM person ORDER BY city ASC, 1 DESC")] == ["20", "1", "2", "3"]


def test_rows_are_limited_by_fetch_first_and_by_rownum() -> None:
    assert [r["id"] for r in run("SELECT id FROM person ORDER BY id DESC FETCH FIRST 2 ROWS ONLY")] == ["20", "3"]
    # ROWNUM counts before the order is made.
    assert [r["id"] for r in run("SELECT id FROM person WHERE ROWNUM <= 2 ORDER BY id DESC")] == ["2", "1"]


def test_groups_distinct_rows_and_joins() -> None:
    assert run("SELECT COUNT(*) AS n, MAX(score) FROM person") == [{"n": "4", "expr2": "12.5"}]
    assert run("SELECT COUNT(*) FROM person WHERE id > 99") == [{"expr1": "0"}]
    assert run("SELECT city, COUNT(id) n FROM person GROUP BY city ORDER BY n DESC, city") == [
        {"city": "10", "n": "2"}, {"city": "11", "n": "1"}, {"n": "1"},
    ]  # fmt: skip
    assert run("SELECT DISTINCT city FROM person ORDER BY city DESC") == [{}, {"city": "11"}, {"city": "10"}]
    inner = "SELECT p.id, c.name AS town FROM person p INNER JOIN city c ON c.id = p.city ORDER BY p.id"
    assert run(inner) == [{"id": "1", "town": "Oslo"}, {"id": "20", "town": "Oslo"}]
    left = "SELECT p.id FROM person p LEFT OUTER JOIN city c ON p.city = c.id WHERE c.id IS NULL ORDER BY p.id"
    assert run(left) == [{"id": "2"}, {"id": "3"}]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT id FROM person LIMIT 5", "near: LIMIT 5"),
        ("SELECT id FROM person ORDER BY id OFFSET 5", "near: OFFSET"),
        ("SELECT id person", "near: end of text"),
        ("UPDATE person", "near: UPDATE"),
        ("SELECT id FROM person; DROP", "near: ;"),
        ("SELECT id FROM person WHERE id", "needs a condition"),
        ("SELECT id FROM person WHERE id > 'x'", "ORA-01722"),
        ("SELECT id FROM job", "Record 'job' was not found."),
        ("SELECT balance FROM person", "Field 'balance' for record 'person' was not found"),
        ("SELECT id FROM person ORDER BY nothing", "Field 'nothing'"),
        ("SELECT q.id FROM person p", "Unknown identifier 'q'"),
        ("SELECT name FROM person p JOIN city c ON c.id = p.city", "ambiguously defined"),
        ("SELECT id FROM person WHERE born > '1990-02-03'", "ORA-01861"),
        ("SELECT id FROM person WHERE born > TO_DATE('1990-02-30', 'YYYY-MM-DD')", "ORA-01839"),
        ("SELECT id FROM person WHERE born > TO_DATE('1990-02-03', 'YYYY-QQ')", "ORA-01821"),
        (
            "SELECT id FROM person WHERE lastmodifieddate > TO_TIMESTAMP('2026-01-01', 'YYYY-MM-DD HH24:MI:SS')",
            "ORA-01861",
        ),
        ("SELECT NOW() FROM person", "unknown function NOW"),
        ("SELECT name, COUNT(*) FROM person", "not a GROUP BY"),
        ("SELECT DISTINCT name FROM person ORDER BY id", "must be in the SELECT list"),
        (f"SELECT id FROM person WHERE id IN ({','.join(['1'] * 1001)})", "ORA-01795"),
    ],
    ids=lambda value: value[:60],
)
def test_what_is_not_suiteql_is_refused_with_its_reason(query: str, reason: str) -> None:
    with pytest.raises((BadSyntax, BadExpression)) as refused:
        run(query)
    assert reason in str(refused.value)


@given(st.integers(-1, 25), st.integers(1, 5), st.sampled_from([">", ">="]))
def test_a_keyset_is_the_same_rows_as_the_condition_it_stands_for(last: int, limit: int, sign: str) -> None:
    expected = [row["id"] for row in PEOPLE if (row["id"] > last if sign == ">" else row["id"] >= last)]
    found = engine().page(
        f"SELECT id FROM person WHERE id {sign} {last} ORDER BY id", PACIFIC, Answers(), limit=limit, offset=0
    )
    assert [int(msgspec.json.decode(item)["id"]) for item in found.items] == expected[:limit]
    assert found.total == len(expected)


def test_a_remembered_answer_ends_with_the_next_change() -> None:
    table = Table("person")
    table.insert({"id": 1, "name": "Ada"}, id="1", at=NOON)
    asked = Engine(lambda name: Relation(tables()["person"][0], table))

    def names() -> list[str]:
        page = asked.page("SELECT name FROM person WHERE id > 0 ORDER BY id", PACIFIC, Answers(), limit=10, offset=0)
        return [msgspec.json.decode(item)["name"] for item in page.items]

    assert names() == ["Ada"]
    table.update("1", {"name": "Eda"}, NOON)
    table.insert({"id": 2, "name": "Bea"}, id="2", at=NOON)
    assert names() == ["Eda", "Bea"]
    table.delete("1", NOON)
    assert names() == ["Bea"]


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)))
def test_a_written_time_is_read_back(moment: datetime) -> None:
    for format in ("YYYY-MM-DD HH24:MI:SS.FF", "DD MON YYYY HH:MI:SS PM FF6"):
        assert dates.read(dates.writer(format)(moment), format) == moment
