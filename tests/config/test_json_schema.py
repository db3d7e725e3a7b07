from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from backhaul.config import documents
from backhaul.config.catalog import catalog_root
from backhaul.config.json_schema import Kind, schema

KINDS: dict[Kind, str] = {
    "source": "sources/*/source.yaml",
    "pipeline": "pipelines/*.yaml",
    "destination": "destinations/*.yaml",
}
TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": (int, float),
}
NOTES = {"title", "description", "default", "examples", "$schema", "$defs", "format"}


def _fits(value: Any, part: Any, whole: dict[str, Any]) -> bool:
    """A validator of the keywords that our schemas use; any other keyword fails the test."""
    if part is True:
        return True
    if part is False:
        return False
    for word, want in part.items():
        match word:
            case "$ref":
                fits = _fits(value, whole["$defs"][want.removeprefix("#/$defs/")], whole)
            case "type":
                fits = isinstance(value, TYPES[want]) and not (
                    isinstance(value, bool) and want in ("integer", "number")
                )
            case "anyOf":
                fits = any(_fits(value, each, whole) for each in want)
            case "enum":
                fits = value in want
            case "const":
                fits = value == want
            case "pattern":
                fits = not isinstance(value, str) or re.search(want, value) is not None
            case "minimum":
                fits = not isinstance(value, int) or value >= want
            case "exclusiveMinimum":
                fits = not isinstance(value, int) or value > want
            case "required":
                fits = not isinstance(value, dict) or all(key in value for key in want)
            case "properties":
                fits = not isinstance(value, dict) or all(_fits(v, want.get(k, True), whole) for k, v in value.items())
            case "additionalProperties":
                known = part.get("properties", {})
                fits = not isinstance(value, dict) or all(
                    _fits(v, want, whole) for k, v in value.items() if k not in known
                )
            case "items":
                fits = not isinstance(value, list) or all(_fits(each, want, whole) for each in value)
            case "prefixItems":
                fits = not isinstance(value, list) or all(map(lambda v, p: _fits(v, p, whole), value, want))
            case "minLength":
                fits = not isinstance(value, str) or len(value) >= want
            case "minItems":
                fits = not isinstance(value, list) or len(value) >= want
            case "maxItems":
                fits = not isinstance(value, list) or len(value) <= want
            case _:
                assert word in NOTES, f"the keyword {word} is new to this test"
                fits = True
        if not fits:
            return False
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_what_ships_fits_its_schema(kind: Kind) -> None:
    whole = schema(kind)
    files = sorted(catalog_root().glob(KINDS[kind]))
    assert files
    for file in files:
        root = documents.read(file).root
        assert root is not None
        assert _fits(root.plain(), whole, whole), file


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_in_a_schema_fits_it(kind: Kind) -> None:
    whole = schema(kind)
    assert all(_fits(example, whole, whole) for example in whole["examples"])
    assert whole["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(
    ("data", "fits"),
    [
        ({"extends": "base"}, True),
        ({"connections": {"erp": None}}, True),
        ({"connections": {"crm": {"schedule": "hourly"}}}, True),
        ({"push": {"p": {"max_rows": "${ROWS}"}}}, True),
        ({"push": {"p": {"max_rows": "many"}}}, False),
        ({"conections": {}}, False),
        ({"connections": {"crm": {"objects": {"deals": {"feilds": []}}}}}, False),
        ({"connections": {"crm": {"objects": "some"}}}, False),
    ],
)
def test_an_editor_takes_a_partial_file_and_refuses_a_wrong_one(data: dict[str, Any], fits: bool) -> None:
    whole = schema("pipeline")
    assert _fits(data, whole, whole) is fits


def test_every_setting_of_a_pipeline_that_is_not_plain_from_its_name_is_described() -> None:
    whole = schema("pipeline")
    for part in (whole, whole["$defs"]["Connection"], whole["$defs"]["ObjectChoice"]):
        bare = {name for name, value in part["properties"].items() if "description" not in value}
        assert bare <= {"destination", "connections", "push", "settings"}


def test_a_source_may_use_templates(tmp_path: Path) -> None:
    whole = schema("source")
    example = whole["examples"][0]
    with_template = {**example, "templates": {"thing": {"key": "id"}}, "objects": {"contacts": {"use": ["thing"]}}}
    assert _fits(with_template, whole, whole)
