"""Queries of terms parted by carets: what is escaped, what cannot be said, and in which zone moments are told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhaul.config.calls import Query
from backhaul.protocol.render import Bindings, query

WINDOW = {
    "language": "encoded_query", "zone": "{account.time_zone}", "order": "ORDERBYid",
    "where": ["changed>={since}", "changed<{until}", "id>{last.key}", "name={match.value}", "idIN{keys}"],
}  # fmt: skip
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def written(definition: dict[str, Any] = WINDOW, zone: str | None = "GMT", **names: Any) -> Any:
    bound = {name.replace("__", "."): value for name, value in names.items()}
    return query(Query.model_validate(definition), Bindings({"account.time_zone": zone, **bound}))


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ({}, "ORDERBYid"),
        ({"since": NOON}, "changed>=2026-07-01 12:00:00^ORDERBYid"),
        ({"since": NOON, "until": NOON, "last__key": "a"},
         "changed>=2026-07-01 12:00:00^changed<2026-07-01 12:00:00^id>a^ORDERBYid"),
        ({"match__value": "R^D = 1"}, "name=R^^D = 1^ORDERBYid"),
        ({"keys": ["a", "b"]}, "idINa,b^ORDERBYid"),
    ],
)  # fmt: skip
def test_what_is_bound_is_joined(names: dict[str, Any], text: str) -> None:
    assert written(**names) == text


@pytest.mark.parametrize(
    ("zone", "text"), [("America/Los_Angeles", "2026-07-01 05:00:00"), ("Europe/Berlin", "2026-07-01 14:00:00")]
)
def test_moments_are_told_in_the_zone_of_the_query(zone: str, text: str) -> None:
    assert written(zone=zone, since=NOON) == f"changed>={text}^ORDERBYid"


def test_a_zone_that_nobody_tells_is_no_guess() -> None:
    with pytest.raises(ValueError, match="zone"):
        written(zone=None)


@pytest.mark.parametrize("names", [{"match__value": "javascript:gs.sleep(1)"}, {"keys": ["a", "b,c"]}])
def test_what_the_vendor_would_run_or_part_is_not_said(names: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        written(**names)


@given(st.text().filter(lambda text: not text.startswith("javascript:")))
def test_a_value_never_ends_its_term(text: str) -> None:
    told = written({"language": "encoded_query", "where": ["name={match.value}"]}, match__value=text)
    assert told.replace("^^", "").count("^") == 0
    assert told.removeprefix("name=").replace("^^", "^") == text
