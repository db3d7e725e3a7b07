"""An OpenAPI document (3.0, 3.1), as far as a draft looks at it: its operations, and its schemas without references.

Documents come from anywhere: nothing is believed to be of the shape that the standard says, and nothing is fetched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from backhaul.drafting.words import RESERVED
from backhaul.errors import ConfigError

MAX_BYTES = 30_000_000
METHODS = ("get", "post", "put", "patch", "delete")
DEEPEST = 12
"""Schemas are followed so far in; some contain themselves."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a request may carry. place: query, header, path or cookie."""

    name: str
    place: str
    required: bool
    schema: Mapping[str, Any]
    about: str
    example: Any = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a status comes with: the schema of its JSON, and its headers by their names in small letters."""

    schema: Mapping[str, Any]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. sends: content type -> schema of the body."""

    method: str
    path: str
    parameters: tuple[Parameter, ...]
    sends: Mapping[str, Mapping[str, Any]]
    answers: Mapping[str, Answer]
    security: Any
    host: str | None = None
    """The address of a server of its own, where the document gives one."""

    @property
    def success(self) -> Answer | None:
        good = [status for status in self.answers if status.upper() in ("200", "201", "202", "2XX", "204")]
        with_schema = [status for status in good if self.answers[status].schema]
        found = sorted(with_schema or good) or (["default"] if "default" in self.answers else [])
        return self.answers[found[0]] if found else None

    def asked(self, *places: str) -> list[Parameter]:
        return [each for each in self.parameters if each.place in places]


@dataclass(slots=True)
class Document:
    """The whole. elsewhere: references that lead out of the file, which are not followed."""

    root: Mapping[str, Any]
    elsewhere: set[str] = field(default_factory=set)

    def at(self, node: Any) -> Mapping[str, Any]:
        """The map that a node is, or that its reference leads to; an empty one where it leads nowhere."""
        seen: set[str] = set()
        while isinstance(node, Mapping) and isinstance(reference := node.get("$ref"), str):
            if reference in seen:
                return {}
            seen.add(reference)
            node = self._target(reference)
        return node if isinstance(node, Mapping) else {}

    def _target(self, reference: str) -> Any:
        if not reference.startswith("#"):
            self.elsewhere.add(reference)
            return {}
        node: Any = self.root
        for step in reference.removeprefix("#").split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~").replace("%7B", "{").replace("%7D", "}")
            if isinstance(node, Mapping):
                node = node.get(step, node.get(int(step)) if step.isdecimal() else None)
            elif isinstance(node, list) and step.isdecimal() and int(step) < len(node):
                node = node[int(step)]
            else:
                return {}
        return node

    def schema(self, node: Any, depth: int = 0) -> Mapping[str, Any]:
        """A schema with its parts put together: `allOf` merged, of alternatives the first that is more than null."""
        found = self.at(node)
        if depth > DEEPEST:
            return {}
        merged: dict[str, Any] = {key: value for key, value in found.items() if key not in _PARTS}
        parts = [self.schema(part, depth + 1) for part in _list(found.get("allOf"))]
        for name in ("anyOf", "oneOf"):
            choices = [self.schema(each, depth + 1) for each in _list(found.get(name))]
            choices = [each for each in choices if each and types(each) != ("null",)]
            parts += sorted(choices, key=lambda each: "properties" not in each)[:1]
        for part in parts:
            for key, value in part.items():
                if key == "properties" and isinstance(value, Mapping):
                    merged[key] = {**value, **_map(merged.get(key))}
                elif key == "required" and isinstance(value, list):
                    merged[key] = [*_list(merged.get(key)), *value]
                else:
                    merged.setdefault(key, value)
        return merged

    def properties(self, schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """Name -> schema, whole, of what an object holds."""
        found = _map(schema.get("properties"))
        return {str(name): self.schema(each) for name, each in found.items()}

    def operations(self) -> Iterator[Operation]:
        for path, node in _map(self.root.get("paths")).items():
            item = self.at(node)
            for method in METHODS:
                if isinstance(item.get(method), Mapping):
                    yield self._operation(method, str(path), item, item[method])

    def _operation(self, method: str, path: str, item: Mapping[str, Any], own: Mapping[str, Any]) -> Operation:
        parameters: dict[tuple[str, str], Parameter] = {}
        for node in [*_list(item.get("parameters")), *_list(own.get("parameters"))]:
            each = self.at(node)
            named = isinstance(each.get("name"), str) and each["name"] not in RESERVED
            if named and isinstance(each.get("in"), str):
                parameters[each["in"], each["name"]] = self._parameter(each)
        body = self.at(own.get("requestBody"))
        answers = {str(status): self._answer(node) for status, node in _map(own.get("responses")).items()}
        servers = [self.at(each) for each in _list(own.get("servers")) or _list(item.get("servers"))]
        host = servers[0].get("url") if servers else None
        return Operation(
            method, path, tuple(parameters.values()), self._contents(body), answers, own.get("security"),
            host if isinstance(host, str) and "{" not in host else None,
        )  # fmt: skip

    def _parameter(self, each: Mapping[str, Any]) -> Parameter:
        schema = self.schema(each.get("schema")) or next(iter(self._contents(each).values()), {})
        examples = [self.at(one).get("value") for one in _map(each.get("examples")).values()]
        example = each.get("example", schema.get("example", examples[0] if examples else None))
        about = each.get("description")
        return Parameter(
            each["name"], each["in"], each.get("required") is True, schema,
            about if isinstance(about, str) else "", example,
        )  # fmt: skip

    def _contents(self, node: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """Content type -> schema."""
        found = _map(node.get("content")).items()
        return {
            str(kind).split(";")[0].strip().lower(): self.schema(self.at(each).get("schema")) for kind, each in found
        }

    def _answer(self, node: Any) -> Answer:
        answer = self.at(node)
        contents = self._contents(answer)
        schema = next((each for kind, each in contents.items() if "json" in kind or kind == "*/*"), {})
        headers = {}
        for name, each in _map(answer.get("headers")).items():
            about = self.at(each).get("description")
            headers[str(name).lower()] = about if isinstance(about, str) else ""
        return Answer(schema, headers)


_PARTS = ("allOf", "anyOf", "oneOf", "$ref")


def types(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The types that a schema allows, as 3.0 and 3.1 write them; guessed where it leaves them out."""
    told = schema.get("type")
    if isinstance(told, str):
        return (told,)
    if isinstance(told, list):
        return tuple(str(each) for each in told if each != "null") or ("null",)
    if "properties" in schema or "additionalProperties" in schema:
        return ("object",)
    if "items" in schema:
        return ("array",)
    return ()


def read(path: Path) -> Document:
    """Read a document. Raises ConfigError for what is none, or is of a version that drafts are not made from."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as failure:
        raise ConfigError(
            f"{path} cannot be read: {failure.strerror}", next_step="name an OpenAPI document, JSON or YAML"
        ) from failure
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{path} is larger than {MAX_BYTES:,} bytes", next_step="cut it to the part that is wanted")
    return parsed(content, str(path))


def parsed(content: bytes, name: str) -> Document:
    """As `read`, from what a file holds."""
    expected = "an OpenAPI document is a map with `openapi: 3.x` and `paths`, in JSON or YAML"
    try:
        text = content.decode("utf-8-sig")
        root = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, Loader=_LOADER)  # noqa: S506  a safe one
    except (ValueError, yaml.YAMLError, RecursionError) as failure:
        first = str(failure).splitlines()[0] if str(failure) else "it nests too deep"
        raise ConfigError(f"{name} is neither JSON nor YAML: {first}", next_step=expected) from failure
    if not isinstance(root, Mapping):
        raise ConfigError(f"{name} is no OpenAPI document", next_step=expected)
    version = str(root.get("openapi", ""))
    if "swagger" in root:
        raise ConfigError(
            f"{name} is a Swagger {root['swagger']} document; drafts are made from OpenAPI 3.0 and 3.1",
            next_step="convert it to OpenAPI 3 (the vendor may have one), or draft without a document",
        )
    if not version.startswith(("3.0", "3.1")):
        told = f"of version {version}, and drafts are made from 3.0 and 3.1" if version else "no OpenAPI document"
        raise ConfigError(f"{name} is {told}", next_step=expected)
    if not _map(root.get("paths")):
        raise ConfigError(f"{name} describes no paths", next_step=expected)
    return Document(root)


def _map(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
