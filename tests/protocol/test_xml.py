"""Requests and answers in XML: paths, records, errors with status 200, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.little import Answer, Asked, Little, Place, Reply, definition
from tests.protocol.connections import connect, schema

from backhaul.config import paths
from backhaul.errors import FixDefinition
from backhaul.protocol import xml
from backhaul.protocol.writes import OutRow, choose, send

Serve = Callable[[Answer], Little]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("control.status", "success"),
        ("result.@count", "2"),
        ("result[0].@count", "2"),
        ("result.data.thing[].id", ["1", "2"]),
        ("result.data.thing[-1].id", "2"),
        ("result.data.*.id", ["1", "2", "3"]),
        ("result.label", "A & B"),
        ("result.none", None),
        ("result.nothing", paths.MISSING),
    ],
)
def test_paths_into_a_document(path: str, found: Any) -> None:
    body = b"""<?xml version="1.0"?><response><control><status>success</status></control>
    <result count="2"><label lang="en">A &amp; B</label><none/>
    <data kind="x"><thing><id>1</id></thing><thing><id>2</id></thing><other><id>3</id></other></data>
    </result></response>"""
    assert paths.first(path, paths.Answer(xml.parse(body))) == found


@pytest.mark.parametrize(
    "body",
    [
        b"<a><b></a>",
        b"",
        b"<a",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><a>&b;</a>',
    ],
)
def test_broken_documents_and_entities_are_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        xml.parse(body)


def test_a_request_repeats_elements_and_escapes_values() -> None:
    document = {"request": {"@id": "7", "field": ["a", "b<c"], "empty": "", "on": True}}
    written = xml.write(document)
    assert written.endswith(
        b'<request id="7"><field>a</field><field>b&lt;c</field><empty></empty><on>true</on></request>'
    )
    assert xml.parse(written) == {"@id": "7", "field": ["a", "b<c"], "empty": None, "on": "true"}


THING = {
    "key": "id",
    "fields": {"id": "text", "amount": "decimal", "day": "date", "open": "boolean"},
    "reads": {
        "all": {
            "post": "/gateway",
            "format": "xml",
            "xml": {"request": {"query": {"object": "{object}", "select": {"field": "{fields}"}, "offset": "{page}"}}},
            "size": 2,
            "records": "result.data.*",
            "total": "result.data.@total",
            "next": {"type": "offset", "until": {"result.data.@left": "0"}},
        }
    },
}


def test_records_are_read_page_by_page_and_typed(serve: Serve, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Any:
        query = xml.parse(asked.body)["query"]
        assert asked.headers["content-type"] == "application/xml"
        assert query["select"]["field"] == ["id", "amount", "day", "open"]
        start = int(query.get("offset") or 0)
        every = [f"<thing><id>{n}</id><amount>{n}.50</amount><day>01/0{n}/2026</day><open>true</open></thing>"
                 for n in range(1, 4)]  # fmt: skip
        some = every[start : start + 2]
        left = 3 - start - len(some)
        return f'<response><result><data total="3" left="{left}">{"".join(some)}</data></result></response>'

    server = serve(answer)
    source = definition(server.url, values={"date": "%m/%d/%Y"}, objects={"things": THING})
    things = Place(tmp_path, source, {"things": {}})
    report = things.sync()
    rows = things.rows("SELECT id, CAST(amount AS VARCHAR), CAST(day AS VARCHAR), open FROM raw.crm__things ORDER BY 1")
    assert [(key, float(amount), day, open_) for key, amount, day, open_ in rows] == [
        ("1", 1.5, "2026-01-01", True), ("2", 2.5, "2026-01-02", True), ("3", 3.5, "2026-01-03", True),
    ]  # fmt: skip
    assert report.sync.lines["crm", "things"].total == 3


def test_an_error_with_a_good_status_is_met_by_its_rule(serve: Serve, tmp_path: Path) -> None:
    server = serve(lambda asked: "<response><error><code>X1</code><text>no such object</text></error></response>")
    source = definition(
        server.url,
        error={"code": "error.code", "message": "error.text"},
        on_error=[{"when": {"status": 200, "error.code": {"not": None}}, "then": "fail"}],
        objects={"things": THING},
    )
    report = Place(tmp_path, source, {"things": {}}).sync(ok=False)
    assert "X1: no such object" in str(report.all_failures)


def test_half_a_document_is_a_lost_answer_and_a_web_page_is_none(serve: Serve, tmp_path: Path) -> None:
    server = serve(lambda asked: "<response><result>")
    report = Place(tmp_path, definition(server.url, objects={"things": THING}), {"things": {}}).sync(ok=False)
    assert "the answer is not whole XML" in str(report.all_failures)


def test_one_request_carries_several_functions_and_each_gets_its_answer(serve: Serve) -> None:
    def answer(asked: Asked) -> Any:
        functions = xml.parse(asked.body)["operation"]["function"]
        assert [each["create"]["things"]["name"] for each in functions] == ["a", "b", "c"]
        assert [each["@id"] for each in functions] == ["r0", "r1", "r2"]
        return (
            "<response><result><id>r2</id><status>success</status><data><things><id>72</id></things></data></result>"
            "<result><id>r0</id><status>failure</status><error><code>E1</code></error></result></response>"
        )

    write = {
        "post": "/gateway",
        "format": "xml",
        "batch": 100,
        "item": {"@id": "{item.id}", "create": {"{object}": "{values}"}},
        "xml": {"request": {"operation": {"function": "{items}"}}},
        "result": {
            "type": "id", "records": "result[]", "id": "id", "ok": {"status": "success"}, "key": "data.*.id",
            "error": {"code": "error.code"},
        },
    }  # fmt: skip
    connection = connect(serve(answer), objects={"things": {"writes": {"create": write}}})
    target = choose(schema("things", name="text"), connection.source.objects["things"], "create", 3)
    told = send(connection, target, [OutRow(f"r{n}", {"name": name}) for n, name in enumerate("abc")])
    assert [(each.state, each.key, each.code) for each in told] == [
        ("refused", None, "E1"), ("unknown", None, ""), ("confirmed", "72", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "told", "it_is"),
    [
        (b"<?xml version='1.0'?><a/>", "", True),
        (b"<a/>", "text/xml; charset=utf-8", True),
        (b"<html><body>Sign in</body></html>", "text/html", False),
        (b"<?xml version='1.0'?><html/>", "application/xhtml+xml", False),
        (b"<html></html>", "", False),
        (b'"<a/>"', "application/json", False),
    ],
)
def test_a_web_page_is_no_xml(body: bytes, told: str, it_is: bool) -> None:
    assert xml.is_xml(body, {"content-type": told}) is it_is


def test_an_error_in_xml_needs_no_library_at_a_source_that_speaks_json(
    serve: Callable[[Answer], Little], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xmltodict", None)
    server = serve(lambda asked: Reply("<fault>not you</fault>", 403))
    connection = connect(server, objects={"things": {"fields": {"id": "text"}, "reads": {"all": {"get": "/things"}}}})
    with pytest.raises(FixDefinition, match="403"):
        connection.call(connection.source.objects["things"].reads.all[0], connection.bindings(None, None), role="all")
