"""A read that is done once a value: of a list, or of a setting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.little import Answer, Asked, Little, Place, definition

from backhaul.project import Project


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


def test_the_vendors_own_counts_of_each_value_are_added(serve: Callable[[Answer], Little], tmp_path: Path) -> None:
    def answer(asked: Asked) -> Any:
        held = {"order": ["1", "2"], "invoice": ["3"]}.get(asked.params.get("kind", ""))
        return None if held is None else {"total": len(held), "value": [{"id": each} for each in held]}

    server = serve(answer)
    read = {"get": "/documents", "params": {"kind": "{each}"}, "records": "value", "total": "total",
            "each": ["order", "invoice"]}  # fmt: skip
    thing = {"key": "id", "fields": {"id": "text"}, "reads": {"all": read}}
    documents = Place(tmp_path, definition(server.url, objects={"documents": thing}), {"documents": {}})
    assert documents.sync().sync.lines["crm", "documents"].total == 3


def test_records_read_by_key_are_looked_for_under_each_value(serve: Callable[[Answer], Little], tmp_path: Path) -> None:
    def answer(asked: Asked) -> Any:
        if asked.path not in ("/open", "/archived"):
            return None
        held = {"/open": "1", "/archived": "2"}[asked.path]
        return {"value": [{"id": held}] if held in asked.params.get("ids", held).split(",") else []}

    server = serve(answer)
    read = {"get": "/{each}", "records": "value", "each": ["open", "archived"]}
    thing = {"key": "id", "fields": {"id": "text"},
             "reads": {"all": read, "by_key": {**read, "params": {"ids": "{keys}"}, "batch": 10}}}  # fmt: skip
    documents = Place(tmp_path, definition(server.url, objects={"documents": thing}), {"documents": {}})
    documents.sync()
    server.lines()
    with Project(documents.root) as project:
        report = project.customer("acme").refetch("crm", "documents", ["1", "2"])
    assert report.exit_code == 0
    assert report.sync.lines["crm", "documents"].read == 2
    assert sorted(server.lines()) == ["GET /archived?ids=1,2", "GET /open?ids=1,2"]


def test_deleted_records_are_looked_for_under_each_value(serve: Callable[[Answer], Little], tmp_path: Path) -> None:
    held = {"": ["1", "2", "3"], "trash": [], "spam": []}

    def answer(asked: Asked) -> Any:
        if asked.path.startswith("/tickets/"):
            key = asked.path.removeprefix("/tickets/")
            return {"value": [{"id": key}]} if key in held[""] else None
        return {"value": [{"id": each} for each in held[asked.params.get("filter", "")]]}

    server = serve(answer)
    read = {"get": "/tickets", "records": "value"}
    thing = {"key": "id", "fields": {"id": "text"},
             "reads": {"all": read, "by_key": {"get": "/tickets/{key}", "records": "value"},
                       "deleted": {**read, "params": {"filter": "{each}"}, "each": ["trash", "spam"]}},
             "deletes": [{"type": "scan", "read": "deleted"}]}  # fmt: skip
    tickets = Place(tmp_path, definition(server.url, objects={"tickets": thing}), {"tickets": {}})
    tickets.sync()
    held.update({"": ["1"], "trash": ["2"], "spam": ["3"]})
    tickets.sync(check_deletes=True)
    assert tickets.rows("SELECT id, _deleted_at IS NULL FROM raw.crm__tickets ORDER BY 1") == [
        ("1", True), ("2", False), ("3", False),
    ]  # fmt: skip


def test_a_page_that_names_itself_as_the_next_one_is_not_read_without_end(
    serve: Callable[[Answer], Little], tmp_path: Path
) -> None:
    def answer(asked: Asked) -> Any:
        return {"value": [{"id": "1"}], "next": f"{server.url}/documents?at=5"} if asked.path == "/documents" else None

    server = serve(answer)
    read = {"get": "/documents", "records": "value", "next": {"type": "link", "from": "next"}}
    thing = {"key": "id", "fields": {"id": "text"}, "reads": {"all": read}}
    documents = Place(tmp_path, definition(server.url, objects={"documents": thing}), {"documents": {}})
    report = documents.sync(ok=False)
    assert report.exit_code != 0
    assert "is the page that was just read" in report.all_failures[0].what
