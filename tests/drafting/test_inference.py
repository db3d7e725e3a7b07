"""What is read off a document, piece by piece."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drafting.test_documents import drafted

Json = dict[str, Any]
THING: Json = {"id": {"type": "integer"}, "name": {"type": "string"}}


def answering(schema: Json, **headers: str) -> Json:
    told = {name.replace("_", "-"): {"description": about} for name, about in headers.items()}
    return {"description": "", "content": {"application/json": {"schema": schema}}, "headers": told}


def listing(properties: Json, **more: Any) -> Json:
    item = {"type": "object", "properties": properties}
    body = {"type": "object", "properties": {"data": {"type": "array", "items": item}}}
    return {"responses": {"200": answering(body)}, **more}


def asking(name: str, place: str = "query", **more: Any) -> Json:
    return {"name": name, "in": place, "schema": {"type": "string"}, **more}


def document(paths: Json, **more: Any) -> Json:
    return {"openapi": "3.1.0", "info": {"title": "Shop"}, "paths": paths, **more}


# -- ways in ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schemes", "security", "auth"),
    [
        ({"a": {"type": "http", "scheme": "basic"}}, [{"a": []}], {"a": {"type": "basic"}}),
        ({"a": {"type": "http", "scheme": "Bearer"}}, [{"a": []}], {"a": {"type": "bearer"}}),
        (
            {"Key": {"type": "apiKey", "in": "query", "name": "api_key"}},
            [{"Key": []}],
            {"key": {"type": "api_key", "param": "api_key"}},
        ),
        (
            {
                "AppId": {"type": "apiKey", "in": "header", "name": "X-App"},
                "UserKey": {"type": "apiKey", "in": "header", "name": "X-User"},
            },
            [{"AppId": [], "UserKey": []}],
            {
                "app_id_user_key": {
                    "type": "api_key",
                    "header": "X-App",
                    "headers": {"X-User": "{credentials.user_key}"},
                }
            },
        ),
        (
            {"a": {"type": "http", "scheme": "basic"}, "b": {"type": "http", "scheme": "bearer"}},
            [{"b": []}, {}],
            {"b": {"type": "bearer"}},
        ),
    ],
)
def test_ways_in_are_those_that_requests_are_secured_by(schemes: Json, security: Any, auth: Json) -> None:
    text, source = drafted(
        document({"/things": {"get": listing(THING)}}, security=security, components={"securitySchemes": schemes})
    )
    found = {
        name: each.model_dump(mode="json", exclude_none=True, exclude_unset=True) for name, each in source.auth.items()
    }
    assert found == auth, text.text


def test_oauth_flows_are_taken_from_their_addresses() -> None:
    flow = {"authorizationUrl": "https://x.example/a", "tokenUrl": "/token", "scopes": {"read": "", "write": ""}}
    schemes = {"o": {"type": "oauth2", "flows": {"implicit": flow, "authorizationCode": flow}}}
    draft, source = drafted(document({"/things": {"get": listing(THING)}}, components={"securitySchemes": schemes}))
    auth: Any = source.auth["o"]
    assert (auth.grant, auth.authorize_url, auth.token_url) == ("authorization_code", "https://x.example/a", "/token")
    assert auth.scopes == ["read", "write"]
    assert {rule.then for rule in source.on_error} >= {"refresh"}
    assert "# look: how the client proves itself" in draft.text


def test_a_way_in_that_cannot_be_made_says_so() -> None:
    schemes = {"c": {"type": "apiKey", "in": "cookie", "name": "sid"}}
    draft, _ = drafted(document({"/things": {"get": listing(THING)}}, components={"securitySchemes": schemes}))
    assert "# look: cannot be made of c (apiKey): how does one prove who asks?" in draft.text


# -- addresses, settings, headers ------------------------------------------------------------------------------------


def test_what_an_address_or_a_request_must_be_told_becomes_a_setting() -> None:
    servers = [
        {"url": "https://{region}.shop.example/v1/", "variables": {"region": {"default": "eu", "enum": ["eu", "us"]}}}
    ]
    version = asking("X-Version", "header", required=True, schema={"type": "string", "default": "2026-01"})
    tenant = asking("X-Tenant-Id", "header", required=True, description="Which tenant")
    space = asking("space", "path", required=True, description="The space")
    paths = {"/spaces/{space}/things": {"parameters": [version, tenant, space], "get": listing(THING)}}
    _, source = drafted(document(paths, servers=servers))
    assert source.base_url == "https://{settings.region}.shop.example/v1"
    assert (source.settings["region"].default, source.settings["region"].one_of) == ("eu", ["eu", "us"])
    assert source.headers == {"X-Version": "2026-01", "X-Tenant-Id": "{settings.x_tenant_id}"}
    assert source.settings["x_tenant_id"].title == "Which tenant"
    assert source.objects["things"].reads.all[0].get == "/spaces/{settings.space}/things"


def test_a_document_without_a_host_says_so() -> None:
    draft, source = drafted(document({"/things": {"get": listing(THING)}}, servers=[{"url": "/api/v3"}]))
    assert source.base_url == "https://api.example.com/api/v3"
    assert "base_url: https://api.example.com/api/v3  # look: which host?" in draft.text


# -- objects ---------------------------------------------------------------------------------------------------------


def test_collections_under_a_record_of_another_are_its_children() -> None:
    key = asking("id", "path", required=True)
    paths = {
        "/orders": {"get": listing(THING)},
        "/orders/{id}": {"parameters": [key], "get": {"responses": {"200": answering({"properties": THING})}}},
        "/orders/{id}/lines": {"parameters": [key], "get": listing(THING)},
    }
    _, source = drafted(document(paths))
    lines = source.objects["lines"]
    assert lines.parent is not None
    assert lines.parent.object == "orders"
    assert lines.reads.by_parent[0].get == "/orders/{parent.key}/lines"
    assert source.objects["orders"].reads.by_key[0].get == "/orders/{key}"


def test_two_collections_of_one_name_are_told_apart() -> None:
    paths = {
        "/v1/a/users": {"get": listing(THING)},
        "/v1/b/users.list": {"get": listing(THING)},
        "/users": {"get": listing(THING)},
    }
    _, source = drafted(document(paths))
    assert set(source.objects) == {"users", "a_users", "b_users"}


def test_fields_have_the_types_and_marks_that_the_document_gives_them() -> None:
    properties: Json = {
        "id": {"type": "integer"},
        "a": {"type": ["string", "null"]},
        "b": {"type": "string", "format": "date"},
        "c": {"type": "number"},
        "d": {"type": "array", "items": {"type": "string"}},
        "e": {"oneOf": [{"type": "null"}, {"type": "boolean"}]},
        "f": {"type": ["string", "integer"]},
        "use": {"type": "string"},
    }
    body = {
        "content": {
            "application/json": {"schema": {"properties": {n: properties[n] for n in "abc"}, "required": ["a"]}}
        }
    }
    less = {"content": {"application/json": {"schema": {"properties": {n: properties[n] for n in "ab"}}}}}
    one = {
        "get": {"responses": {}},
        "patch": {"requestBody": less, "responses": {"200": answering({"properties": properties})}},
    }
    create = {"requestBody": body, "responses": {"201": answering({"properties": properties})}}
    paths = {"/things": {"get": listing(properties), "post": create}, "/things/{thing}": one}
    draft, source = drafted(document(paths))
    things = source.objects["things"]
    assert things.fields == {
        "id": "integer",
        "a": "text",
        "b": "date",
        "c": "decimal",
        "d": "json",
        "e": "boolean",
        "f": "json",
    }
    assert things.marks == {
        "a": "required",
        "c": "create_only",
        "id": "read_only",
        "d": "read_only",
        "e": "read_only",
        "f": "read_only",
    }
    assert "of no single type, taken as text or json: f" in draft.text
    assert "left to be found on a page, for the word means something here: use" in draft.text
    assert things.writes.create[0].result is not None
    assert things.writes.create[0].result.key == "id"


def test_a_form_an_envelope_and_an_idempotency_key_are_sent_as_asked() -> None:
    inner = {"type": "object", "properties": THING}
    wrapped = {"content": {"application/json": {"schema": {"type": "object", "properties": {"thing": inner}}}}}
    form = {"content": {"application/x-www-form-urlencoded": {"schema": inner}}}
    made = {"201": answering({"properties": {"thing": inner}})}
    idempotent = {"requestBody": form, "responses": {}, "parameters": [asking("Idempotency-Key", "header")]}
    paths = {"/things": {"get": listing(THING), "post": {"requestBody": wrapped, "responses": made}},
             "/parts": {"get": listing(THING), "post": idempotent}}  # fmt: skip
    _, source = drafted(document(paths))
    things, parts = (source.objects[name].writes.create[0] for name in ("things", "parts"))
    assert things.json_body == {"thing": {"...": "{values}"}}
    assert things.result is not None
    assert things.result.key == "thing.id"
    assert (parts.form, parts.headers, parts.repeatable) == (
        {"...": "{values}"},
        {"Idempotency-Key": "{item.id}"},
        True,
    )


# -- change ----------------------------------------------------------------------------------------------------------

TIME: Json = {"type": "string", "format": "date-time"}


@pytest.mark.parametrize(
    ("field", "schema", "param", "sent"),
    [
        ("updated_at", TIME, asking("updated_since"), {"params": {"updated_since": "{since}"}}),
        ("lastModified", TIME, asking("modifiedAfter"), {"params": {"modifiedAfter": "{since}"}}),
        ("modified", TIME, asking("filter[modified][gte]"), {"params": {"filter[modified][gte]": "{since}"}}),
        ("updated_at", TIME, asking("since", schema={"type": "integer"}), {"params": {"since": "{since:unix}"}}),
        ("updated", {"type": "integer"}, asking("updated_min"), {"params": {"updated_min": "{since}"}}),
        ("UpdatedDateUTC", TIME, asking("If-Modified-Since", "header"), {"headers": {"If-Modified-Since": "{since}"}}),
    ],
)
def test_a_change_field_and_what_asks_by_it(field: str, schema: Json, param: Json, sent: Json) -> None:
    draft, source = drafted(document({"/things": {"get": listing({**THING, field: schema}, parameters=[param])}}))
    things = source.objects["things"]
    assert (things.changed.type, things.changed.field) == ("field", field)
    read = things.reads.changes[0].model_dump(exclude_unset=True, include=set(sent))
    assert read == sent
    assert f"# look: does {param['name']} ask by {field}" in draft.text
    assert (source.values.timestamp == "epoch_s") is (schema["type"] == "integer")


@pytest.mark.parametrize(("told", "spelt"), [({}, "http"), ({"format": "date-time"}, "iso")])
def test_a_header_takes_dates_of_http_unless_the_document_says_otherwise(told: Json, spelt: str) -> None:
    header = asking("If-Modified-Since", "header", schema={"type": "string", **told})
    _, source = drafted(document({"/things": {"get": listing({**THING, "updated_at": TIME}, parameters=[header])}}))
    values = source.objects["things"].reads.changes[0].values or source.values
    assert values.timestamp == spelt


def test_without_a_parameter_everything_is_read_and_compared_and_the_draft_says_so() -> None:
    draft, source = drafted(
        document({"/things": {"get": listing({**THING, "updated_at": TIME}, parameters=[asking("created_after")])}})
    )
    things = source.objects["things"]
    assert (things.changed.type, things.changed.field, things.reads.changes) == ("none", "updated_at", [])
    assert "# look: no parameter asks for what changed since a time" in draft.text
    assert [each.type for each in things.deletes] == ["census"]


@pytest.mark.parametrize(
    ("field", "schema", "when"),
    [("is_deleted", {"type": "boolean"}, {"is_deleted": True}), ("deletedAt", TIME, {"deletedAt": {"not": None}})],
)
def test_a_field_that_tells_of_deletion_is_a_flag(field: str, schema: Json, when: Json) -> None:
    _, source = drafted(document({"/things": {"get": listing({**THING, field: schema})}}))
    flag: Any = source.objects["things"].deletes[0]
    assert (flag.type, flag.when) == ("flag", when)


# -- limits, errors, probe -------------------------------------------------------------------------------------------


def test_limits_are_taken_from_headers_and_from_what_is_said() -> None:
    operation = listing(THING)
    operation["responses"]["429"] = answering({}, X_RateLimit_Limit="", X_RateLimit_Remaining="")
    info = {"title": "Shop", "description": "You may send 1,200 requests per minute."}
    _, source = drafted({**document({"/things": {"get": operation}}), "info": info})
    (limit,) = source.limits
    assert (limit.requests, limit.per and limit.per.total_seconds()) == (1200, 60)
    assert (limit.max, limit.remaining) == ("header:x-ratelimit-limit", "header:x-ratelimit-remaining")


@pytest.mark.parametrize(
    ("schema", "error"),
    [
        (
            {"properties": {"message": {"type": "string"}, "code": {"type": "string"}}},
            {"message": "message", "code": "code"},
        ),
        ({"properties": {"error": {"properties": {"message": {"type": "string"}}}}}, {"message": "error.message"}),
        (
            {"properties": {"errors": {"type": "array", "items": {"properties": {"detail": {"type": "string"}}}}}},
            {"message": "errors[0].detail"},
        ),
    ],
)
def test_errors_are_read_where_the_document_has_them(schema: Json, error: Json) -> None:
    operation = listing(THING)
    operation["responses"]["400"] = answering(schema)
    _, source = drafted(document({"/things": {"get": operation}}))
    assert source.error.model_dump(exclude_none=True) == error


def test_the_probe_is_what_tells_the_account_and_else_a_setting_names_it() -> None:
    me = {
        "get": {
            "responses": {
                "200": answering({"properties": {"data": {"properties": {"company_id": {"type": "integer"}}}}})
            }
        }
    }
    _, source = drafted(document({"/things": {"get": listing(THING)}, "/users/me": me}))
    assert (source.probe.get, source.probe.keep) == ("/users/me", {"id": "data.company_id"})
    _, source = drafted(document({"/things": {"get": listing(THING)}}))
    assert (source.probe.get, source.probe.keep) == ("/things", {"id": "{settings.account}"})
    assert "account" in source.settings
