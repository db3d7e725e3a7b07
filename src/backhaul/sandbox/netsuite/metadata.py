"""The metadata catalog: which records there are, and a JSON Schema or an OpenAPI document of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backhaul.sandbox.netsuite.catalog import Field, RecordType

ROOT = "/services/rest/record/v1"
SCHEMA = "application/schema+json"
SWAGGER = "application/swagger+json"
_SCALARS: dict[str, dict[str, str]] = {
    "id": {"type": "string"},
    "text": {"type": "string"},
    "integer": {"type": "integer", "format": "int64"},
    "decimal": {"type": "number", "format": "double"},
    "float": {"type": "number", "format": "float"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
}
_LINKS: dict[str, Any] = {
    "title": "Links",
    "type": "array",
    "readOnly": True,
    "items": {
        "type": "object",
        "properties": {"rel": {"type": "string", "readOnly": True}, "href": {"type": "string", "readOnly": True}},
    },
}


def listing(base: str, records: Iterable[RecordType]) -> dict[str, Any]:
    """The catalog's front page."""
    return {"items": [{"name": record.name, "links": _links(base, record)} for record in records]}


def _links(base: str, record: RecordType) -> list[dict[str, str]]:
    href = f"{base}{ROOT}/metadata-catalog/{record.name}"
    return [
        {"rel": "canonical", "href": href, "mediaType": "application/json"},
        {"rel": "alternate", "href": href, "mediaType": SWAGGER},
        {"rel": "describedby", "href": href, "mediaType": SCHEMA},
    ]


def schema(record: RecordType) -> dict[str, Any]:
    """JSON Schema of one record, as SuiteTalk writes it."""
    return {
        "type": "object",
        "properties": _properties(record.properties().values()) | {"links": _LINKS},
        "$schema": "https://json-schema.org/draft-06/hyper-schema#",
        "x-ns-filterable": [
            field.name for field in record.properties().values() if field.queryable and field.kind != "sublist"
        ],
    }


def openapi(base: str, records: Iterable[RecordType]) -> dict[str, Any]:
    """OpenAPI 3.0 of some records: their paths in short, their schemas in full."""
    chosen = list(records)
    paths: dict[str, Any] = {}
    for record in chosen:
        one = {"description": f"{record.name} record", "responses": {"204": {"description": "Done."}}}
        paths[f"/{record.name}"] = {"get": one, "post": one} if record.writable else {"get": one}
        paths[f"/{record.name}/{{id}}"] = {"get": one, "patch": one, "put": one, "delete": one}
    schemas = {
        record.name: {"type": "object", "properties": _properties(record.properties().values())} for record in chosen
    }
    return {
        "openapi": "3.0.1",
        "info": {"title": "NetSuite REST Record API", "version": "v1"},
        "servers": [{"url": f"{base}{ROOT}"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _properties(fields: Iterable[Field]) -> dict[str, Any]:
    return {field.name: _property(field) for field in fields}


def _property(field: Field) -> dict[str, Any]:
    facts: dict[str, Any] = {"title": field.title or field.name}
    match field.kind:
        case "sublist":
            line = {"type": "object", "properties": _properties(field.fields)}
            facts |= {"type": "object", "properties": {"links": _LINKS, "items": {"type": "array", "items": line}}}
        case "object":
            facts |= {"type": "object", "properties": {"links": _LINKS}}
        case "enum":
            id = {"title": "Internal identifier", "type": "string", "enum": [id for id, _ in field.options]}
            facts |= {"type": "object", "properties": {"id": id, "refName": {"type": "string"}}}
        case "reference":
            id = {"title": "Internal identifier", "type": "string"}
            named = {"refName": {"title": "Reference Name", "type": "string"}, "externalId": {"type": "string"}}
            facts |= {"type": "object", "properties": {"id": id, **named, "links": _LINKS}}
        case kind:
            facts |= _SCALARS[kind]
    if not field.required and field.kind not in ("boolean", "sublist", "object"):
        facts["nullable"] = True
    if field.read_only:
        facts["readOnly"] = True
    if field.custom:
        facts["x-ns-custom-field"] = True
    return facts
