"""JSON Schemas of the YAML files, so that editors complete and explain them.

A file may be less than its model: a pipeline extends another, a source's maps `use` templates, null removes, and a
reference to the environment stands for a number. The schemas allow that; `backhaul validate` checks the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel

from backhaul.config.destination import Destination
from backhaul.config.objects import ObjectReads
from backhaul.config.pipeline import Pipeline
from backhaul.config.source import Source
from backhaul.config.writes import Writes

Kind = Literal["source", "pipeline", "destination"]
Schema = dict[str, Any]

_MODELS: dict[Kind, type[BaseModel]] = {"source": Source, "pipeline": Pipeline, "destination": Destination}
_EXAMPLES: dict[Kind, Schema] = {
    "source": {
        "source": "example",
        "title": "Example CRM",
        "category": "crm",
        "docs": "https://example.com/api",
        "base_url": "https://api.example.com",
        "auth": {"token": {"type": "bearer"}},
        "probe": {"get": "/me", "keep": {"id": "account_id"}},
        "objects": {"contacts": {"key": "id", "reads": {"all": {"get": "/contacts", "records": "results"}}}},
    },
    "pipeline": {
        "extends": "base",
        "connections": {
            "crm": {
                "source": "example",
                "auth": "token",
                "credentials": {"token": "${ACME_CRM_TOKEN}"},
                "schedule": "every 15m",
                "objects": {"companies": {"fields": "all"}, "deals": {"since": "2024-01-01"}},
            }
        },
        "mappings": {"accounts": {"crm": {"annual_revenue": "to_decimal(arr__c)"}}},
    },
    "destination": {"destination": "duckdb", "type": "duckdb", "memory_limit": "256MB"},
}
_USE: Schema = {
    "description": "Templates laid beneath this map, left to right.",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
}
_TEMPLATES: Schema = {
    "type": "object",
    "description": "Named maps that others `use`.",
    "additionalProperties": {"type": "object"},
}
_NULL: Schema = {"type": "null"}
_BESIDE = ("description", "default", "examples")


def schema(kind: Kind) -> Schema:
    """The JSON Schema (draft 2020-12) of source.yaml, a pipeline, or a destination."""
    made = _MODELS[kind].model_json_schema(by_alias=True, mode="validation")
    required = made.get("required", [])
    parts = [made, *made.get("$defs", {}).values()]
    for part in parts:
        part.pop("required", None)
        if kind != "source":
            _each_property(part, _or_reference)
        elif part.get("type") == "object":
            part["properties"] = {**part.get("properties", {}), "use": _USE}
    if kind == "source":
        for roles in (ObjectReads, Writes):
            _each_property(made["$defs"][roles.__name__], _or_one_alone)
        made["properties"]["templates"] = _TEMPLATES
        made["required"] = required
    for part in parts:
        _each_property(part, _or_null)
        _soften(part)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **made,
        "title": f"backhaul {kind}",
        "examples": [_EXAMPLES[kind]],
    }


def _each_property(part: Schema, change: Callable[[Schema], Schema]) -> None:
    for name, value in part.get("properties", {}).items():
        part["properties"][name] = change({key: item for key, item in value.items() if key != "title"})


def _or_reference(value: Schema) -> Schema:
    """A reference to the environment is text, whatever it stands for; free text may hold one as it is."""
    if value.get("type") not in ("integer", "number", "boolean") and not ("pattern" in value or "enum" in value):
        return value
    return _or(value, {"type": "string", "pattern": r"\$\{"})


def _or_one_alone(value: Schema) -> Schema:
    return _or(value, value["items"]) if value.get("type") == "array" else value


def _or_null(value: Schema) -> Schema:
    """Null removes what stands beneath."""
    return value if _NULL in value.get("anyOf", ()) or not value else _or(value, _NULL)


def _soften(part: Any) -> None:
    """Maps of names take null, too; and a map whose `type` stands in a template may be any of a union's."""
    if isinstance(part, list):
        for item in part:
            _soften(item)
    if not isinstance(part, dict):
        return
    part.pop("discriminator", None)
    if "oneOf" in part:
        part["anyOf"] = part.pop("oneOf")
    if part.get("type") == "object" and isinstance(part.get("additionalProperties"), dict):
        part["additionalProperties"] = _or_null(part["additionalProperties"])
    for item in part.values():
        _soften(item)


def _or(value: Schema, other: Schema) -> Schema:
    kept = {key: item for key, item in value.items() if key in _BESIDE}
    inside = {key: item for key, item in value.items() if key not in _BESIDE}
    choices = inside["anyOf"] if list(inside) == ["anyOf"] else [inside]
    return {**kept, "anyOf": [*choices, other]}
