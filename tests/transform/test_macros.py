"""Our macros are calls by name, whatever sqlglot has a function of that name for, compiled or not."""

from __future__ import annotations

import pytest

from backhaul.transform.expand import macro_of
from backhaul.transform.sql import MACROS, parse, parse_expression, render


@pytest.mark.parametrize("name", MACROS)
@pytest.mark.parametrize("arguments", [1, 2])
def test_a_macro_is_a_call_by_its_name_with_its_arguments(name: str, arguments: int) -> None:
    fields = ["a", "src.b"][:arguments]
    tree = parse_expression(f"coalesce({name.upper()}({', '.join(fields)}), 1)").this
    assert macro_of(tree) == name
    assert [render(each).replace('"', "") for each in tree.expressions] == fields


def test_a_macro_within_a_macro_and_in_a_select_is_one_too() -> None:
    (tree,) = parse("select to_timestamp(to_boolean(src.a)) as x from o as src")
    assert tree is not None
    assert [macro_of(each) for each in tree.walk() if macro_of(each)] == ["to_timestamp", "to_boolean"]
