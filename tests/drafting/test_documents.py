"""Whatever a document holds, a draft of it validates, or one line says why there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backhaul.config import documents
from backhaul.config.source import Source
from backhaul.config.templates import resolve
from backhaul.config.validation import validate
from backhaul.drafting.document import Document, parsed
from backhaul.drafting.draft import Draft, of_document
from backhaul.errors import ConfigError


def drafted(document: Any) -> tuple[Draft, Source]:
    """The draft, and what it is when it is read as a project's file is."""
    draft = of_document("some", parsed(json.dumps(document).encode(), "some.json"), "some.json")
    file = documents.parse(draft.text.encode(), "source.yaml")
    assert file.root is not None, file.problems
    source, problems = validate(Source, resolve(file.root.plain()), file.root)
    assert (*file.problems, *problems) == (), draft.text
    assert source is not None
    return draft, source


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no OpenAPI document"),
        (b"{", "is neither JSON nor YAML"),
        (b"\xff\xfe\x00", "is neither JSON nor YAML"),
        (b"a: [b", "is neither JSON nor YAML"),
        (b"- a\n- b\n", "is no OpenAPI document"),
        (b"just words", "is no OpenAPI document"),
        (b"!!python/object/apply:os.system ['true']", "is neither JSON nor YAML"),
        (
            b'{"swagger": "2.0", "paths": {"/a": {}}}',
            "is a Swagger 2.0 document; drafts are made from OpenAPI 3.0 and 3.1",
        ),
        (b"openapi: 4.0.0\npaths: {/a: {}}", "is of version 4.0.0, and"),
        (b"paths: {/a: {}}", "is no OpenAPI document"),
        (b"openapi: 3.1.0\n", "describes no paths"),
        (b"openapi: 3.1.0\npaths: []\n", "describes no paths"),
    ],
)
def test_what_is_no_such_document_is_told_in_one_line(content: bytes, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parsed(content, "some.yaml")
    assert raised.value.what.startswith(f"some.yaml {said}")
    assert raised.value.next_step


def test_references_are_followed_within_the_file_and_named_where_they_lead_out_of_it() -> None:
    document = Document(
        {
            "a/b": {"x~y": {"type": "string"}},
            "list": [{"$ref": "#/a~1b/x~0y"}],
            "round": {"$ref": "#/round"},
            "out": {"$ref": "other.yaml#/a"},
            "nowhere": {"$ref": "#/a/b/c"},
        }
    )
    assert document.at({"$ref": "#/list/0"}) == {"type": "string"}
    for name in ("round", "out", "nowhere"):
        assert document.at(document.root[name]) == {}
    assert document.elsewhere == {"other.yaml#/a"}


def test_a_schema_is_put_together_of_its_parts() -> None:
    document = Document(
        {
            "base": {
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"type": "integer"}, "a": {"type": "string"}},
            },
            "more": {
                "allOf": [
                    {"$ref": "#/base"},
                    {"required": ["b"], "properties": {"b": {"anyOf": [{"type": "null"}, {"type": "number"}]}}},
                ]
            },
            "tree": {
                "type": "object",
                "properties": {
                    "children": {"type": "array", "items": {"$ref": "#/tree"}},
                    "up": {"allOf": [{"$ref": "#/tree"}]},
                },
            },
        }
    )
    more = document.schema({"$ref": "#/more"})
    assert set(more["required"]) == {"id", "b"}
    kinds = {name: each["type"] for name, each in document.properties(more).items()}
    assert kinds == {"id": "integer", "a": "string", "b": "number"}
    assert set(document.properties(document.schema({"$ref": "#/tree"}))) == {"children", "up"}


# -- anything at all -------------------------------------------------------------------------------------------------

JUNK = st.sampled_from([None, True, 7, -1, "", "a b", "{since}", [], {}, [None], {"$ref": "#"}, {"$ref": "x.yaml"}])


def mostly(what: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """And now and then something that has no business there."""
    return st.integers(0, 11).flatmap(lambda dice: JUNK if dice == 11 else what)


ORDINARY = ["id", "name", "updated_at", "data", "next", "next_cursor", "has_more", "deleted", "deleted_at", "thing_id"]
ODD = ["a b", "x.y", "@odata.nextLink", "é", "1", "<<", "yes", "null", "{since}", "a: b", "# no", "]", " | ", "",
       "status", "type", "use", "..."]  # fmt: skip
NAMES = st.sampled_from(ORDINARY) | st.sampled_from(ODD)
LEAVES = mostly(
    st.sampled_from(
        [
            {"type": "string"},
            {"type": "integer"},
            {"type": ["string", "null"]},
            {"type": "string", "format": "date-time", "readOnly": True},
            {"type": "boolean"},
            {"$ref": "#/components/schemas/S"},
            {"type": "nonsense"},
        ]
    )
)


def of(properties: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda found, needed: {"type": "object", "properties": found, "required": needed}, properties, NEEDED
    )


NEEDED = mostly(st.lists(NAMES, max_size=2))
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        of(st.dictionaries(NAMES, inner, max_size=5)),
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(lambda parts: {"allOf": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda parts: {"oneOf": parts}, st.lists(inner, max_size=3)),
    ),
    max_leaves=8,
)
RECORDS = of(st.dictionaries(NAMES, LEAVES, min_size=1, max_size=6))
LISTS = st.builds(
    lambda item, name, around: {"type": "object", "properties": {**around, name: {"type": "array", "items": item}}},
    RECORDS,
    st.sampled_from(["data", "things", "x.y", "]"]),
    st.dictionaries(NAMES, LEAVES, max_size=3),
) | st.builds(lambda item: {"type": "array", "items": item}, RECORDS)
HEADERS = mostly(st.dictionaries(st.sampled_from(["Link", "X-RateLimit-Remaining", "Location", "é"]), JUNK, max_size=2))


def answering(schema: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    content = mostly(st.builds(lambda found: {"application/json": {"schema": found}}, schema))
    good = mostly(st.builds(lambda found, headers: {"content": found, "headers": headers}, content, HEADERS))
    return mostly(
        st.fixed_dictionaries(
            {}, optional={"200": good, 201: good, "2XX": good, "404": good, "429": good, "default": good}
        )
    )


PARAMETERS = mostly(
    st.lists(
        mostly(
            st.fixed_dictionaries(
                {
                    "name": NAMES
                    | st.sampled_from(
                        ["limit", "offset", "cursor", "page", "updated_since", "If-Modified-Since", "X-Tenant"]
                    ),
                    "in": st.sampled_from(["query", "header", "path", "cookie"]),
                    "schema": LEAVES,
                },
                optional={"required": st.booleans(), "description": JUNK, "example": JUNK},
            )
        ),
        max_size=4,
    )
)
SECURITY = mostly(st.lists(mostly(st.dictionaries(st.sampled_from("abc"), st.just([]), max_size=2)), max_size=2))


def doing(answer: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    body = st.builds(lambda found: {"content": {"application/json": {"schema": found}}}, RECORDS | SCHEMAS)
    return mostly(
        st.fixed_dictionaries(
            {"responses": answering(answer)},
            optional={"parameters": PARAMETERS, "security": SECURITY, "requestBody": mostly(body), "servers": JUNK},
        )
    )


LISTING = st.fixed_dictionaries(
    {"get": doing(LISTS | SCHEMAS)}, optional={"post": doing(SCHEMAS), "parameters": PARAMETERS}
)
SINGLE = st.fixed_dictionaries(
    {}, optional={each: doing(RECORDS | SCHEMAS) for each in ("get", "patch", "put", "delete", "post")}
)
PATHS = st.fixed_dictionaries(
    {"/things": mostly(LISTING)},
    optional={
        "/things/{id}": mostly(SINGLE),
        "/things/{id}/parts": mostly(LISTING),
        "/things/{id}/parts/{part}": mostly(SINGLE),
        "/{tenant}/a-b.json": mostly(LISTING),
        "/x.list": mostly(LISTING),
        "/{since}/{x}": mostly(LISTING),
        "/": mostly(LISTING),
        "": mostly(LISTING),
        "no/slash": mostly(LISTING),
        "/me": mostly(SINGLE),
    },
)
FLOWS = mostly(
    st.dictionaries(
        st.sampled_from(["authorizationCode", "clientCredentials", "implicit"]),
        mostly(
            st.fixed_dictionaries(
                {"tokenUrl": NAMES, "authorizationUrl": NAMES, "scopes": mostly(st.dictionaries(NAMES, NAMES))}
            )
        ),
    )
)
SCHEME = st.fixed_dictionaries(
    {"type": st.sampled_from(["http", "apiKey", "oauth2", "openIdConnect"])},
    optional={
        "scheme": st.sampled_from(["basic", "bearer", "digest"]),
        "in": st.sampled_from(["header", "query", "cookie"]),
        "name": NAMES,
        "flows": FLOWS,
    },
)
SERVERS = mostly(
    st.lists(
        mostly(
            st.fixed_dictionaries(
                {"url": mostly(st.sampled_from(["https://x.example/{a b}/v1/", "/v1", "", "{host}"]))},
                optional={"variables": mostly(st.dictionaries(st.sampled_from(["a b", "host"]), JUNK))},
            )
        )
    )
)
COMPONENTS = st.fixed_dictionaries(
    {},
    optional={
        "schemas": st.fixed_dictionaries({"S": SCHEMAS}),
        "securitySchemes": mostly(st.dictionaries(st.sampled_from("abc"), mostly(SCHEME))),
    },
)
INFO = st.fixed_dictionaries({}, optional={"title": JUNK, "version": JUNK, "description": JUNK, "contact": JUNK})
DOCUMENTS = st.fixed_dictionaries(
    {"openapi": st.just("3.0.1"), "paths": PATHS},
    optional={
        "info": mostly(INFO),
        "servers": SERVERS,
        "security": SECURITY,
        "externalDocs": JUNK,
        "components": mostly(COMPONENTS),
    },
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(DOCUMENTS)
def test_a_draft_of_whatever_validates(document: Any) -> None:
    draft, source = drafted(document)
    assert source.objects
    assert draft.looks > 0


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_bytes_that_are_anything_are_a_document_or_an_error(content: bytes) -> None:
    try:
        told = str(parsed(content, "x").root["openapi"])
    except ConfigError as error:
        told = error.what
    assert told.startswith(("x ", "3."))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    from backhaul.drafting.document import read

    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        read(tmp_path / "none.yaml")
