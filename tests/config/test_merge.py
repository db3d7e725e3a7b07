from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backhaul.config import documents
from backhaul.config.merge import merge
from backhaul.config.nodes import Node

keys = st.sampled_from(["a", "b", "c"])
values = st.recursive(
    st.none() | st.integers(0, 3) | st.text("xyz", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)
maps = st.dictionaries(keys, values, max_size=3)


def _node(data: dict[str, Any], file: str) -> Node:
    root = documents.parse(json.dumps(data, indent=1).encode(), file).root
    assert root is not None
    return root


def _wanted(beneath: Any, above: Any) -> Any:
    if not isinstance(above, dict):
        return above
    merged = dict(beneath) if isinstance(beneath, dict) else {}
    for key, value in above.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _wanted(merged.get(key), value)
    return merged


@given(maps, maps)
def test_maps_merge_deep_lists_replace_and_null_removes(beneath: dict[str, Any], above: dict[str, Any]) -> None:
    assert merge(_node(beneath, "base"), _node(above, "top")).plain() == _wanted(beneath, above)


@given(maps, maps)
def test_each_value_has_the_place_of_the_file_that_said_it(beneath: dict[str, Any], above: dict[str, Any]) -> None:
    lower, upper = _node(beneath, "base"), _node(above, "top")
    for path, leaf in merge(lower, upper).leaves():
        if not leaf.value and isinstance(leaf.value, dict):
            continue
        said_by = upper if leaf.place.file == "top" else lower
        assert said_by.find(path) == leaf
        if leaf.place.file == "base":
            assert upper.find(path) is None


@given(maps)
def test_laying_a_tree_over_itself_changes_nothing(data: dict[str, Any]) -> None:
    once = merge(_node({}, "empty"), _node(data, "a"))
    assert merge(once, _node(data, "a")).plain() == once.plain()


@given(maps, maps)
def test_neither_tree_is_changed(beneath: dict[str, Any], above: dict[str, Any]) -> None:
    lower, upper = _node(beneath, "base"), _node(above, "top")
    merge(lower, upper)
    assert (lower.plain(), upper.plain()) == (beneath, above)
