"""What agents may see, and what no SQL of theirs leads to because it is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backhaul.agent.policy import Policy
from backhaul.agent.search import Search
from backhaul.agent.view import Opened
from backhaul.errors import ConfigError
from tests.agent.published import Published, filled

HIDING = Policy(
    hide={"contacts": frozenset({"phone"}), "invoices": None, "*": frozenset({"custom"})},
    mask={"contacts": frozenset({"email"}), "accounts": frozenset({"phone"})},
)


def rows(opened: Opened, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(opened.data), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def columns(opened: Opened, table: str) -> set[str]:
    return {row[0] for row in rows(opened, f"SELECT column_name FROM duckdb_columns() WHERE table_name = '{table}'")}


def test_what_is_hidden_is_not_in_the_file(published: Published) -> None:
    opened = published.view(HIDING)
    assert "phone" not in columns(opened, "contacts")
    assert "custom" not in columns(opened, "accounts")
    assert columns(opened, "invoices") == set()
    assert "invoices" not in opened.view.tables
    written = opened.data.read_bytes() + b"".join(path.read_bytes() for path in opened.search.iterdir())
    for secret in (b"+44 333", b"+1 444", b"anna@", b"bert@", b"INV3", b"loyal", b"+44 111", b"rejected secret"):
        assert secret not in written
    assert b"Globex Corporation" in written


def test_masked_values_show_their_ends_and_joins_still_work(published: Published) -> None:
    opened = published.view(HIDING)
    assert rows(opened, "SELECT name, email FROM contacts ORDER BY id") == [
        ("Anna Adams", "a***@mueller.example"),
        ("Bert Brown", "b***@globex.example"),
    ]
    assert rows(opened, "SELECT phone FROM accounts WHERE id = 'crm:accounts:1'") == [("+***",)]
    assert opened.view.tables["contacts"].masked == ("email",)


def test_the_history_of_an_entity_with_hidden_columns_is_not_told(published: Published) -> None:
    assert rows(published.view(), "SELECT count(*) FROM field_changes") == [(2,)]
    assert rows(
        published.view(Policy(hide={"contacts": frozenset({"phone"})})), "SELECT entity FROM field_changes"
    ) == [("accounts",)]


def test_the_log_of_changes_names_no_hidden_column_and_no_hidden_entity(published: Published) -> None:
    published.put("contacts", "1", account_id="crm:accounts:1", name="Anna Adams", email="anna@mueller.example")
    published.next()
    opened = published.view(HIDING)
    logged = rows(opened, "SELECT entity, columns FROM _changes")
    assert all(entity != "invoices" for entity, _ in logged)
    assert all("phone" not in named and "custom" not in named for entity, named in logged if entity == "contacts")


def test_rejected_values_and_bookkeeping_are_no_part_of_a_view(published: Published) -> None:
    opened = published.view()
    assert columns(opened, "_rejects") == set()
    assert not columns(opened, "accounts") & {"synced_at", "sync_run_id", "customer_id"}


def test_a_filter_takes_along_what_refers_to_the_rows_that_it_leaves_out(published: Published) -> None:
    opened = published.view(Policy(rows={"accounts": ("domain = 'globex.example'",)}))
    assert rows(opened, "SELECT id FROM accounts") == [("crm:accounts:2",)]
    assert rows(opened, "SELECT name FROM contacts") == [("Bert Brown",)]
    assert rows(opened, "SELECT * FROM invoices") == []
    assert rows(opened, "SELECT * FROM links") == []
    assert rows(opened, "SELECT * FROM field_changes") == []
    assert {row[0] for row in rows(opened, "SELECT id FROM _changes WHERE entity = 'accounts'")} == {"crm:accounts:2"}


def test_a_filter_may_ask_other_entities_and_sees_them_as_the_role_does(published: Published) -> None:
    policy = Policy(
        rows={
            "accounts": ("status = 'active'",),
            "activities": ("id in (select from_id from links where to_id in (select id from accounts))",),
        }
    )
    # links is only kept where both ends are, and activities ask it: whichever is first, nothing hidden is seen
    opened = published.view(policy)
    assert rows(opened, "SELECT id FROM accounts") == [("crm:accounts:1",)]
    assert {row[0] for row in rows(opened, "SELECT to_id FROM links")} <= {"crm:accounts:1"}


def test_a_filter_on_a_hidden_column_works_and_does_not_show_it(published: Published) -> None:
    policy = Policy(hide={"accounts": frozenset({"revenue"})}, rows={"accounts": ("revenue > 10",)})
    opened = published.view(policy)
    assert rows(opened, "SELECT id FROM accounts") == [("crm:accounts:1",)]
    assert "revenue" not in columns(opened, "accounts")


def test_a_mart_is_closed_as_soon_as_anything_is_hidden_unless_a_rule_names_it(published: Published) -> None:
    published.sql("CREATE TABLE account_360 AS SELECT id, phone, is_deleted FROM accounts")
    assert "account_360" in published.view().view.tables
    assert "account_360" not in published.view(HIDING).view.tables
    named = Policy(hide={"contacts": frozenset({"phone"}), "account_360": frozenset({"phone"})})
    assert columns(published.view(named), "account_360") == {"id", "is_deleted"}


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Policy(hide={"contacts": frozenset({"phnoe"})}), "did you mean phone"),
        (Policy(hide={"contacts": frozenset({"id"})}), "cannot be kept from agents"),
        (Policy(mask={"accounts": frozenset({"revenue"})}), "only text can be masked"),
        (Policy(rows={"accounts": ("regoin = 'x'",)}), "does not work"),
        (Policy(rows={"accounts": ("domain = (",)}), "does not work"),
    ],
)
def test_rules_that_cannot_hold_are_an_error_and_serve_nothing(
    published: Published, policy: Policy, words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        published.view(policy)
    assert words in str(caught.value)
    assert not list((published.root / "agent").glob("[0-9]*"))


def test_the_view_of_a_version_is_made_once_and_older_ones_go(published: Published) -> None:
    first = published.view()
    assert published.view().data.stat().st_ino == first.data.stat().st_ino
    for _ in range(3):
        published.next()
        last = published.view()
    assert len(list((published.root / "agent").glob("[0-9]*"))) == 2
    assert last.view.version == published.version


def test_a_view_of_a_deleted_history_is_not_taken_for_this_one(published: Published, tmp_path: Path) -> None:
    stale = published.view()
    again = filled(tmp_path / "anew") if (tmp_path / "anew").mkdir() is None else published
    again.root = published.root
    assert again.version == published.version
    assert again.view().data.stat().st_ino != stale.data.stat().st_ino or again.view().view != stale.view


KEYS = st.sampled_from(["1", "2", "3", "4"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.sampled_from(["Red", "Green", "Blue kitchen"]), st.booleans()),
        st.tuples(st.just("drop"), KEYS, st.just(""), st.just(False)),
        st.tuples(st.just("publish"), st.just(""), st.just(""), st.just(False)),
    ),
    max_size=12,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_a_view_brought_up_step_by_step_equals_one_made_anew(
    steps: list[tuple[str, str, str, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    published = Published(tmp_path_factory.mktemp("steps"))
    published.next()
    published.view(HIDING)
    for what, key, name, deleted in [*steps, ("publish", "", "", False)]:
        if what == "put":
            published.put("accounts", key, name=name, phone="+49 5", deleted=deleted)
        elif what == "drop":
            published.drop("accounts", f"crm:accounts:{key}")
        else:
            published.next()
            published.view(HIDING)
    stepwise = published.view(HIDING)
    anew = published.view(HIDING, "anew")
    for table in anew.view.tables:
        every = f"SELECT * FROM {table} ORDER BY ALL"
        assert rows(stepwise, every) == rows(anew, every)
    for words in ("red", "green", "kitchen"):
        found, wanted = Search(stepwise.search).find(words, limit=50), Search(anew.search).find(words, limit=50)
        assert {each.id for each in found.hits} == {each.id for each in wanted.hits}
        assert found.total == wanted.total
