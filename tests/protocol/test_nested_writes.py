"""Fields that are read by a path are written within one another, where a write says so."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backhaul.protocol.writes import nested

NAMES = st.text("abc", min_size=1, max_size=2)


def test_a_path_becomes_maps_within_maps() -> None:
    values = {"name": "Acme", "contact.mail": "a@acme.example", "contact.address.city": "Berlin"}
    assert nested(values, ".") == {
        "name": "Acme",
        "contact": {"mail": "a@acme.example", "address": {"city": "Berlin"}},
    }


def test_what_a_map_brings_itself_stays_and_is_not_changed() -> None:
    contact = {"phone": "1"}
    assert nested({"contact": contact, "contact.mail": "m"}, ".") == {"contact": {"phone": "1", "mail": "m"}}
    assert contact == {"phone": "1"}


def test_a_path_through_a_value_that_is_no_map_keeps_its_name() -> None:
    assert nested({"contact": "Jane", "contact.mail": "m"}, ".") == {"contact": "Jane", "contact.mail": "m"}


@given(st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map(".".join), st.integers(), max_size=6))
def test_no_value_is_lost(values: dict[str, int]) -> None:
    def held(within: dict[str, object]) -> list[object]:
        return [one for each in within.values() for one in (held(each) if isinstance(each, dict) else [each])]

    assert sorted(held(nested(values, ".")), key=str) == sorted(values.values(), key=str)
