from __future__ import annotations

import pytest

from backhaul.config import documents
from backhaul.config.environment import expand, is_secret, missing_variables
from backhaul.config.nodes import Node
from backhaul.config.secret import Secret


def _node(text: str) -> Node:
    root = documents.parse(text.encode(), "a.yaml").root
    assert root is not None
    return root


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${HOST}", "example.com"),
        ("https://${HOST}/x", "https://example.com/x"),
        ("${HOST}-${HOST}", "example.com-example.com"),
        ("${GONE:-there}", "there"),
        ("${GONE:-}", ""),
        ("${EMPTY:-there}", "there"),
        ("${HOST:-there}", "example.com"),
        ("$${HOST}", "${HOST}"),
        ("costs $5 {x}", "costs $5 {x}"),
        ("${NESTED}", "${HOST}"),
    ],
)
def test_a_reference_is_replaced_once(written: str, value: str) -> None:
    environ = {"HOST": "example.com", "EMPTY": "", "NESTED": "${HOST}"}
    node, problems = expand(_node(f"a: {{b: ['{written}']}}\n"), environ)
    assert problems == []
    assert node.plain() == {"a": {"b": [value]}}


def test_a_missing_variable_is_told_with_its_place_and_the_nearest_name() -> None:
    _, problems = expand(_node("a: 1\nurl: https://${HOSTT}/\n"), {"HOST": "x"})
    assert [str(p) for p in problems] == [
        "a.yaml:2:6: url: the environment variable HOSTT is not set; did you mean HOST?"
    ]


def test_an_empty_variable_is_told_as_empty() -> None:
    _, problems = expand(_node("url: https://${HOST}/\n"), {"HOST": "", "HOSTS": "x"})
    assert [str(p) for p in problems] == ["a.yaml:1:6: url: the environment variable HOST is empty"]


@pytest.mark.parametrize("written", ["${}", "${1A}", "${A-b}", "${OPEN"])
def test_a_reference_that_is_none_is_a_problem(written: str) -> None:
    _, problems = expand(_node(f"a: '{written}'\n"), {})
    assert "a reference is" in str(problems[0])


def test_keys_and_numbers_are_left_alone() -> None:
    node, _ = expand(_node("'${A}': 1\nb: true\n"), {"A": "x"})
    assert node.plain() == {"${A}": 1, "b": True}


CREDENTIALS = "connections: {crm: {credentials: {token: 'Bearer ${TOKEN}'}}}\n"


def test_a_secret_is_kept_apart_from_what_is_written() -> None:
    node, problems = expand(_node(CREDENTIALS), {"TOKEN": "canary"})
    secret = node.plain()["connections"]["crm"]["credentials"]["token"]
    assert problems == []
    assert isinstance(secret, Secret)
    assert secret.reveal() == "Bearer canary"
    assert "canary" not in f"{node}{node!r}{secret}{secret!r}"


def test_a_missing_secret_is_no_problem_until_it_is_asked_for() -> None:
    node, problems = expand(_node(CREDENTIALS), {})
    assert problems == []
    assert [p.path for p in missing_variables(node, {})] == ["connections.crm.credentials.token"]


def test_a_secret_has_no_default() -> None:
    _, problems = expand(_node("connections: {crm: {credentials: {token: '${T:-hunter2}'}}}\n"), {})
    assert "no default" in str(problems[0])
    assert "hunter2" not in str(problems[0])


def test_what_stands_inside_a_secret_is_one() -> None:
    assert is_secret(("connections", "crm", "credentials", "token"))
    assert is_secret(("connections", "crm", "credentials", "token", "deeper"))
    assert not is_secret(("connections", "crm", "credentials"))
    assert not is_secret(("connections", "crm", "settings", "token"))
