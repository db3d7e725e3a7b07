"""A read that is done once a value: of a list, or of a setting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.little import Answer, Asked, Little, Place, definition


def test_each_value_of_a_setting_is_asked_for(serve: Callable[[Answer], Little], tmp_path: Path) -> None:
    def answer(asked: Asked) -> Any:
        kind = asked.params.get("kind")
        return {"value": [{"id": f"{kind}-1", "kind": kind}]} if asked.path == "/documents" and kind else None

    server = serve(answer)
    read = {"get": "/documents", "params": {"kind": "{each}"}, "records": "value", "each": "{settings.kinds}"}
    thing = {"key": "id", "fields": {"id": "text", "kind": "text"}, "reads": {"all": read, "keys": read},
             "deletes": [{"type": "census"}]}  # fmt: skip
    source = definition(
        server.url,
        settings={"kinds": {"title": "Kinds", "default": ["order"]}},
        objects={"documents": thing},
    )
    documents = Place(tmp_path, source, {"documents": {}}, settings={"kinds": ["order", "invoice"]})
    documents.sync()
    assert documents.rows("SELECT id FROM raw.crm__documents ORDER BY 1") == [("invoice-1",), ("order-1",)]
    server.lines()
    report = documents.sync(census=True)
    assert sorted(server.lines()) == sorted(["GET /documents?kind=invoice", "GET /documents?kind=order"] * 2)
    assert report.sync.lines["crm", "documents"].deleted == 0
