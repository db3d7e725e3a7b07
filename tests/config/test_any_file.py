"""However wrong a file is, its reader gets problems with places, never a traceback."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.config.conftest import ACME, SHOP

from backhaul.config import documents
from backhaul.config.project import ProjectConfig

wrong = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("ab_${}:[*~", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "use", "a", "from"]), inner),
    max_leaves=5,
)
PIPELINE = yaml.safe_load(
    ACME
    + "mappings: {accounts: {crm: {name: title, tier: {from: t, values: {a: b}}}}}\n"
    + "push: {p: {to: crm.orders, select: select 1}}\non_failure: {command: [true], timeout: 5s}\n"
)
SOURCE = yaml.safe_load(SHOP)


def _paths(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(found for key, value in items for found in _paths(value, (*path, key)))]


def _with(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = _with(copy[path[0]], path[1:], value)
    return copy


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_wrong_value_anywhere_is_a_problem_with_a_place_or_no_problem(data: st.DataObject) -> None:
    pipeline, source = PIPELINE, SOURCE
    for _ in range(data.draw(st.integers(1, 2))):
        if data.draw(st.booleans()):
            pipeline = _with(pipeline, data.draw(st.sampled_from(_paths(pipeline)[1:])), data.draw(wrong))
        else:
            source = _with(source, data.draw(st.sampled_from(_paths(source)[1:])), data.draw(wrong))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, content in (("pipelines/acme.yaml", pipeline), ("sources/shop/source.yaml", source)):
            (root / name).parent.mkdir(parents=True)
            (root / name).write_text(json.dumps(content, indent=1))
        for problem in ProjectConfig.open(root, environ={"ACME_TOKEN": "canary-4711"}).validate():
            assert problem.place.file in ("pipelines/acme.yaml", "sources/shop/source.yaml", "sources")
            assert problem.place.file == "sources" or problem.place.line > 0
            assert problem.what
            assert "canary" not in str(problem)


@settings(max_examples=150)
@given(st.binary(max_size=60) | st.text("a:-[]{}&*!|>'\"%@`#,? \n\t<", max_size=40).map(str.encode))
def test_no_bytes_make_the_reader_fail(content: bytes) -> None:
    document = documents.parse(content, "a.yaml")
    assert document.root is not None or document.problems
