from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhaul.config import documents
from backhaul.config.nodes import Node


def _root(text: str) -> Node:
    document = documents.parse(text.encode(), "a.yaml")
    assert document.problems == ()
    assert document.root is not None
    return document.root


def _problems(content: str | bytes) -> list[str]:
    content = content.encode() if isinstance(content, str) else content
    return [str(problem) for problem in documents.parse(content, "a.yaml").problems]


texts = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | texts
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=20
)


@given(st.dictionaries(texts.filter(lambda key: key != "<<"), trees, max_size=5), st.sampled_from([None, 1, 3]))
def test_what_is_written_comes_back_and_every_value_stands_where_its_place_says(
    data: dict[str, Any], indent: int | None
) -> None:
    text = json.dumps(data, ensure_ascii=False, indent=indent)
    document = documents.parse(text.encode(), "a.yaml")
    if any("<<" in problem.what or "merge keys" in problem.what for problem in document.problems):
        return
    assert document.root is not None
    assert document.root.plain() == data
    # YAML parts lines where JSON's text has no escapes for them, too
    lines = text.split("\n")
    for path, leaf in document.root.leaves():
        rest = lines[leaf.place.line - 1][leaf.place.column - 1 :]
        value = leaf.plain()
        assert rest.startswith(json.dumps(value, ensure_ascii=False)), path


def test_a_key_and_its_value_each_have_their_place() -> None:
    root = _root("connections:\n  crm:\n    source: shop\n    fields: [a, b]\n")
    assert str(root.place_of(("connections", "crm", "source"))) == "a.yaml:3:13"
    assert str(root.place_of_key(("connections", "crm", "source"))) == "a.yaml:3:5"
    assert str(root.place_of(("connections", "crm", "fields", 1))) == "a.yaml:4:17"


def test_what_is_not_there_has_the_place_of_what_is_around_it() -> None:
    root = _root("a:\n  b: 1\n")
    assert root.place_of(("a", "missing", "deeper")) == root.place_of(("a",))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("yes", "yes"),
        ("on", "on"),
        ("NO", "NO"),
        ("0123", "0123"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("0x10", "0x10"),
        (".inf", ".inf"),
        ('"12"', "12"),
        ("'true'", "true"),
        ("!!str 12", "12"),
        ("1234567890123456789012", "1234567890123456789012"),
    ],
)
def test_a_plain_value_is_text_unless_it_is_spelt_like_a_number_or_a_truth(text: str, value: object) -> None:
    found = _root(f"key: {text}\n").plain()["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("key", ["on", "yes", "no", "1", "null", "2024-01-01", "1.5"])
def test_keys_stay_text(key: str) -> None:
    assert list(_root(f"{key}: x\n").plain()) == [key]


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        ("a: 1\n\tb: 2\n", "a.yaml:2:1", "a tab indents the line"),
        ("a:\n  b: 1\n \tc: 2\n", "a.yaml:3:2", "a tab indents the line"),
        ("a: [1\nb: 2\n", "a.yaml:2:", "starts on line 1"),
        ("a: 'open\n", "a.yaml:2:", "quoted scalar"),
        ("a: b: c\n", "a.yaml:1:5", "put a text that holds `: ` in quotes"),
        ("a: 1\n b: 2\n", "a.yaml:2:", "odd indentation"),
        ("a: *nowhere\n", "a.yaml:1:4", "no anchor"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2:1", "more than one document"),
        ("- a\n- b\n", "a.yaml:1:1", "must hold a map"),
        ("just text\n", "a.yaml:1:1", "must hold a map"),
        ("? [a, b]\n: 1\n", "a.yaml:1:3", "a key must be text"),
        ("x: &a k\n*a : 1\n", "a.yaml:2:1", "a key must be text"),
        (b"a: \xff\xfe\n", "a.yaml:1:1", "not UTF-8"),
        ("a: 1\nb: \x01\n", "a.yaml:2:1", "not YAML"),
        ("a: 1\nb: 2\na: 3\n", "a.yaml:3:1", "stands twice in this map, first on line 1"),
        ("x: {<<: {a: 1}}\n", "a.yaml:1:5", "merge keys"),
        ("x: !python/object:os.system ls\n", "a.yaml:1:4", "leave it out"),
        ("x: &a [1, *a]\n", "a.yaml:1:11", "no anchor"),
    ],
)
def test_a_file_that_is_not_right_is_told_with_its_place(content: str | bytes, place: str, words: str) -> None:
    (problem,) = _problems(content)
    assert problem.startswith(place)
    assert words in problem


def test_duplicate_keys_are_all_told_and_the_rest_is_read() -> None:
    document = documents.parse(b"a: 1\na: 2\nb: {c: 1, c: 2}\n", "a.yaml")
    assert [problem.path for problem in document.problems] == ["a", "b.c"]
    assert document.root is not None
    assert document.root.plain() == {"a": 1, "b": {"c": 1}}


def test_a_bomb_of_aliases_is_refused_before_it_is_unpacked() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (problem,) = _problems("\n".join(lines))
    assert "counting what aliases repeat" in problem


def test_depth_and_size_have_bounds() -> None:
    (deep,) = _problems("a: " + "[" * 100 + "]" * 100)
    assert "deep" in deep
    (stacked,) = _problems("a: &a " + "[" * 50 + "]" * 50 + "\nb: " + "[" * 20 + "*a" + "]" * 20)
    assert "deep" in stacked
    (large,) = _problems("a: " + "x" * 2_000_001)
    assert "larger than" in large


def test_an_alias_repeats_its_value() -> None:
    assert _root("a: &x {b: 1}\nc: *x\n").plain() == {"a": {"b": 1}, "c": {"b": 1}}


def test_an_empty_file_is_an_empty_map() -> None:
    assert _root("").plain() == {}
    assert _root("# only a comment\n").plain() == {}


def test_a_file_that_cannot_be_opened_is_a_problem(tmp_path: Path) -> None:
    document = documents.read(tmp_path / "gone.yaml", "gone.yaml")
    assert document.root is None
    assert "cannot be read" in str(document.problems[0])


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    document = documents.parse(b"\xef\xbb\xbfa: 1\n", "a.yaml")
    assert document.root is not None
    assert document.root.plain() == {"a": 1}
