"""Fields that stand apart in a record are fields like any other: typed, found when new, in pages and one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.little import Answer, Asked, Little, Place, definition

Serve = Callable[[Answer], Little]

PAIRS = {"from": "custom_fields", "name": "id", "value": "text | number", "wrap": "cf_{}"}
MAP = {"from": "extra", "wrap": "cf_{}"}
IN_PAIRS = [
    {"id": "1", "custom_fields": [{"id": 7, "number": 12}, {"id": 8, "text": "red"}]},
    {"id": "2", "custom_fields": [{"id": 8, "text": None}, {"id": 9, "text": "new"}]},
    {"id": "3", "custom_fields": None},
]
IN_MAP = [{"id": "1", "extra": {"7": 12, "8": "red"}}, {"id": "2", "extra": {"8": None, "9": "new"}}, {"id": "3"}]
DISCOVERY = {"get": "/fields", "records": "fields", "keep": {"name": {"from": "id", "wrap": "cf_{}"}, "type": "type"}}
KNOWN = {"fields": [{"id": 7, "type": "number"}, {"id": 8, "type": "string"}]}


@pytest.mark.parametrize(("spread", "records"), [(PAIRS, IN_PAIRS), (MAP, IN_MAP)])
@pytest.mark.parametrize("only", [None, {"id": {"not": "none"}}], ids=["whole pages", "record by record"])
def test_they_land_in_columns_of_their_own(
    only: Any, spread: dict[str, str], records: list[Any], serve: Serve, tmp_path: Path
) -> None:
    def answer(asked: Asked) -> Any:
        return {"/things": {"value": records}, "/fields": KNOWN}.get(asked.path)

    server = serve(answer)
    read = {"get": "/things", "records": "value", "spread": spread, **({"only": only} if only else {})}
    thing = {"key": "id", "fields": {"id": "text"}, "discovery": DISCOVERY, "reads": {"all": read}}
    types = {"types": {"number": "decimal", "string": "text"}}
    things = Place(tmp_path, definition(server.url, discovery=types, objects={"things": thing}), {"things": {}})
    report = things.sync()
    rows = things.rows("SELECT id, cf_7, cf_8 FROM raw.crm__things ORDER BY 1")
    assert [(key, None if n is None else int(n), text) for key, n, text in rows] == [
        ("1", 12, "red"), ("2", None, None), ("3", None, None),
    ]  # fmt: skip
    assert [each.field for _, each in report.sync.drift] == ["cf_9"], "and the place that they stand in is no field"
