"""Finding records by words."""

from __future__ import annotations

import pytest

from backhaul.agent.search import Search
from tests.agent.published import Published


@pytest.fixture
def search(published: Published) -> Search:
    return Search(published.view().search)


def ids(search: Search, words: str, **more: object) -> list[str]:
    return [each.id for each in search.find(words, limit=10, **more).hits]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "id"),
    [
        ("muller cafe", "crm:accounts:1"),
        ("MÜLLER café", "crm:accounts:1"),
        ("anna@mueller.example", "crm:contacts:1"),
        ("globex.example corporation", "crm:accounts:2"),
        ("INV3", "erp:invoices:3"),
        ("discount kitchen", "crm:activities:1"),
        ('"kitchen" AND (range OR -discount)', "crm:activities:1"),
    ],
)
def test_words_find_their_record_first(search: Search, words: str, id: str) -> None:
    assert ids(search, words)[0] == id


def test_deleted_rows_are_found_only_when_asked_for(search: Search) -> None:
    assert ids(search, "gone ltd") == []
    found = search.find("gone ltd", limit=5, deleted=True).hits
    assert [(each.id, each.is_deleted) for each in found] == [("crm:accounts:3", True)]


def test_rows_with_some_of_the_words_are_told_as_such(search: Search) -> None:
    found = search.find("globex zeppelin", ["accounts"], limit=5)
    assert found.loose
    assert [each.id for each in found.hits] == ["crm:accounts:2"]


def test_only_the_entities_asked_for_are_looked_in(search: Search) -> None:
    assert ids(search, "mueller", entities=["contacts"]) == ["crm:contacts:1"]
    assert set(ids(search, "mueller", entities=["contacts", "accounts"])) >= {"crm:contacts:1", "erp:accounts:9"}


def test_pages_do_not_overlap_and_reach_the_end(search: Search) -> None:
    first = search.find("inv1 inv2 inv3 inv4", limit=3)
    second = search.find("inv1 inv2 inv3 inv4", limit=3, offset=3)
    assert first.total == 4
    assert len({each.id for each in (*first.hits, *second.hits)}) == 4


def test_the_snippet_shows_the_words_around_what_was_found(search: Search) -> None:
    (hit,) = search.find("kitchen", limit=5).hits
    assert hit.title == "Renewal"
    assert "kitchen" in hit.snippet
