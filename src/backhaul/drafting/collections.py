"""Which of a document's paths are collections: what answers with an array of objects, bare or in an envelope."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from backhaul.drafting.document import Document, Operation, types
from backhaul.drafting.pages import step_of
from backhaul.drafting.words import first, plain, singular, snake

ENVELOPES = (
    "data", "items", "results", "records", "value", "values", "entries", "rows", "content", "elements", "list",
    "objects", "resources", "edges", "hits", "result", "embedded",
)  # fmt: skip
ASIDE = ("errors", "warnings", "links", "included", "meta", "messages", "fields", "validationerrors", "notifications")
"""Arrays that stand beside records and are none."""
KEYS = ("id", "uuid", "guid", "gid", "objectid", "uid", "sid", "key", "ref", "token", "code", "number", "name")
SURE = KEYS[:7]
VERBS = ("list", "search", "query", "all", "find", "index", "browse", "export")
_PARAMETER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Collection:
    """What a collection is. by_path: its other operations, by (method, path relative to it: `` or `/{x}`)."""

    name: str
    list: Operation
    records: str
    item: Mapping[str, Any]
    """The schema of a record, as the list has it."""
    lift: str | None
    key: str
    key_doubt: str
    one: Operation | None
    """What reads a record by its key."""
    operations: Mapping[tuple[str, str], Operation]

    @property
    def one_path(self) -> str | None:
        """The path of one record, with `{key}`."""
        path = next((each.path for (_, kind), each in self.operations.items() if kind == "one"), None)
        return None if path is None else f"{path[: path.rindex('{')]}{{key}}{path[path.rindex('}') + 1 :]}"


def collections(document: Document) -> list[Collection]:
    """In the document's order; the shorter path gets the shorter name."""
    operations = list(document.operations())
    found = [(each, *place) for each in operations if each.method == "get" and (place := _records(document, each))]
    names = _names([operation.path for operation, _, _ in found])
    made = []
    for operation, records, item in found:
        around = _around(operations, operation.path)
        lift = _lift(document, item)
        properties = document.properties(item)
        key, doubt = _key(properties, operation.path, around)
        one = around.get(("get", "one"))
        made.append(
            Collection(names[operation.path], operation, records, item, lift, key, doubt, one, around)
        )  # fmt: skip
    return made


def parameters(path: str) -> list[str]:
    return _PARAMETER.findall(path)


def _records(document: Document, operation: Operation) -> tuple[str, Mapping[str, Any]] | None:
    """Where an answer holds records, and the schema of one; None where it holds none."""
    answer = operation.success
    if answer is None or _is_parameter(_segments(operation.path)[-1:]):
        return None
    named = [step for step in _segments(operation.path) if not _is_parameter([step])][-1:]
    own = {plain(name) for name in named} | {plain(singular(name)) for name in named}
    if "array" in types(answer.schema):
        item = document.schema(answer.schema.get("items"))
        return _unwrapped(document, ".", item, own) if _is_record(document, item) else None
    found = list(_arrays(document, answer.schema))
    for wanted in (own, set(ENVELOPES)):
        for path, last, item in found:
            if last in wanted:
                return _unwrapped(document, path, item, own)
    # an object of several arrays is a thing of its own; of one, and little else, an envelope
    others = document.properties(answer.schema)
    if len(found) == 1 and "id" not in {plain(name) for name in others}:
        return _unwrapped(document, found[0][0], found[0][2], own)
    return None


def _unwrapped(document: Document, path: str, item: Mapping[str, Any], own: set[str]) -> tuple[str, Mapping[str, Any]]:
    """Some lists hold each record under its name, `list[].customer`, or in a node, `edges[].node`."""
    properties = document.properties(item)
    for name, each in properties.items():
        if plain(name) in own | {"node"} and len(properties) <= 3 and _is_record(document, each):
            return f"{path if path != '.' else ''}[].{step_of(name)}", each
    return path, item


def _arrays(
    document: Document, schema: Mapping[str, Any], path: str = "", depth: int = 0
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    inner = []
    for name, each in document.properties(schema).items():
        step = step_of(name)
        if step is None or plain(name) in ASIDE:
            continue
        whole = f"{path}.{step}" if path else step
        if "array" in types(each):
            item = document.schema(each.get("items"))
            if _is_record(document, item):
                yield whole, plain(name), item
        elif "object" in types(each) and plain(name) in ENVELOPES and depth < 2:
            inner.append((each, whole))
    for each, whole in inner:
        yield from _arrays(document, each, whole, depth + 1)


def _is_record(document: Document, item: Mapping[str, Any]) -> bool:
    return "object" in types(item) and bool(document.properties(item) or item.get("additionalProperties"))


def _lift(document: Document, item: Mapping[str, Any]) -> str | None:
    """JSON:API, and whoever does as it does, keeps the fields in a map beside the key."""
    properties = document.properties(item)
    for name in ("attributes", "properties", "fields"):
        if name in properties and "object" in types(properties[name]):
            others = {plain(each) for each in properties} - {name}
            if others <= _BESIDE and others & {"id", "type"}:
                return name
    return None


_BESIDE = {"id", "type", "links", "relationships", "meta", "self", "createdat", "updatedat", "archived", "archivedat",
           "createdtime", "propertieswithhistory", "associations", "objectwritetraceid", "url", "warnings"}  # fmt: skip


def _key(
    properties: Mapping[str, Mapping[str, Any]], path: str, around: Mapping[tuple[str, str], Operation]
) -> tuple[str, str]:
    """The field that tells records apart, and what is doubtful about it."""
    one = next((each for (_, kind), each in around.items() if kind == "one"), None)
    named = _PARAMETER.findall(one.path)[-1] if one is not None else None
    if named is not None and (exact := first(properties, [plain(named)])):
        return exact, ""
    if usual := first(properties, SURE):
        return usual, ""
    thing = plain(singular(next((each for each in reversed(_segments(path)) if not _is_parameter([each])), "")))
    if own := first(properties, [f"{thing}{each}" for each in KEYS]):
        return own, ""
    if usual := first(properties, KEYS):
        return usual, "is this what tells its records apart?"
    if some := next((name for name in properties if plain(name).endswith(("id", "key", "uuid"))), None):
        return some, "is this what tells its records apart?"
    return next(iter(properties), "id"), "no field that tells its records apart was found"


def _around(operations: list[Operation], path: str) -> dict[tuple[str, str], Operation]:
    """What else can be done there: `(method, all)` on the collection's path, `(method, one)` on that of one record."""
    bare, dot, suffix = path.partition(".json") if path.endswith(".json") else (path, "", "")
    one = re.compile(re.escape(bare.rstrip("/")) + r"/\{[^{}/]*\}" + re.escape(dot + suffix) + "/?")
    found: dict[tuple[str, str], Operation] = {}
    for each in operations:
        if each.path.rstrip("/") == path.rstrip("/"):
            found.setdefault((each.method, "all"), each)
        elif one.fullmatch(each.path):
            found.setdefault((each.method, "one"), each)
    return found


def _names(paths: list[str]) -> dict[str, str]:
    """Each path's object: its last word, with those before it where several end alike."""
    taken: dict[str, str] = {}
    for path in sorted(paths, key=lambda each: (each.count("/"), paths.index(each))):
        words = [snake(each.removesuffix(".json")) for each in _segments(path) if not _is_parameter([each])]
        words = [each for each in words if each not in VERBS] or words or ["records"]
        words[-1] = re.sub(rf"_({'|'.join(VERBS)})$", "", words[-1]) or words[-1]
        name, used = words[-1], 1
        while name in taken.values():
            used += 1
            name = "_".join(words[-used:]) if used <= len(words) else f"{'_'.join(words)}_{used}"
        taken[path] = name
    return taken


def _segments(path: str) -> list[str]:
    return [each for each in path.split("?")[0].split("/") if each]


def _is_parameter(segments: list[str]) -> bool:
    return bool(segments) and segments[0].startswith("{") and segments[0].endswith("}")
