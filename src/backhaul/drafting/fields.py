"""Fields, the field that tells change, and how records show that they are gone: from a collection's schemas."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from backhaul.drafting.collections import Collection
from backhaul.drafting.document import Document, Operation, Parameter, types
from backhaul.drafting.words import RESERVED, first, plain
from backhaul.drafting.written import Look, shortened

_CHANGED = re.compile(
    r"(?:date|time|system|hs|record)?(?:last)?(?:updated?|modified|modify|modification|modstamp|changed?|edited)"
    r"(?:at|on|date|time|datetime|timestamp|ts|stamp|utc|dateutc|datetimeutc|timeutc)?"
)
_STEM = re.compile(r"updat|modif|chang|edit")
_SINCE = re.compile(r"since|after|from|gte|gt|min|start|begin|greater|newer")
_UNTIL = re.compile(r"until|before|to$|lte|lt|max|end|less|older")
_DELETED = {"deleted": True, "isdeleted": True, "trashed": True, "isremoved": True, "removed": True}
_DELETED_AT = (
    "deletedat", "deletedon", "dateremoved", "datedeleted", "trashedat", "removedat", "deletedtime",
    "deletiondate",
)  # fmt: skip
_BY_FORMAT = {"date": "date", "date-time": "timestamp", "time": "time", "decimal": "decimal", "timestamp": "timestamp",
              "unix-time": "timestamp", "unixtime": "timestamp", "datetime": "timestamp"}  # fmt: skip
_BY_TYPE = {
    "string": "text",
    "integer": "integer",
    "number": "decimal",
    "boolean": "boolean",
    "object": "json",
    "array": "json",
}


def fields_of(document: Document, collection: Collection) -> dict[str, Mapping[str, Any]]:
    """Name -> schema of a record's fields; of those in a map beside the key, with the key."""
    properties = document.properties(collection.item)
    if collection.lift is None:
        return properties
    lifted = document.properties(properties[collection.lift])
    own = {name: each for name, each in properties.items() if name not in (collection.lift, "links", "relationships")}
    return {**own, **lifted}


def typed(fields: Mapping[str, Mapping[str, Any]], key: str, changed: str | None) -> Any:
    """The block `fields`, and a mark where types are not told. changed: the field that tells change, a time."""
    untold = []
    found = {}
    unsaid = [name for name in fields if name in RESERVED]
    for name, schema in {key: fields.get(key, {"type": "string"}), **fields}.items():
        if name in RESERVED:
            continue
        kinds = types(schema)
        kind = _BY_FORMAT.get(str(schema.get("format", "")).lower()) if "array" not in kinds else None
        if kind == "timestamp" and "string" not in kinds and "integer" not in kinds:
            kind = None
        if name == changed:
            kind = "timestamp"
        if kind is None and len(kinds) == 1:
            kind = _BY_TYPE.get(kinds[0])
        if kind is None:
            kind = "json" if len(kinds) != 1 else "text"
            untold.append(name)
        found[name] = kind
    whys = [f"of no single type, taken as text or json: {_some(untold)}"] if untold else []
    whys += [f"left to be found on a page, for the word means something here: {_some(unsaid)}"] if unsaid else []
    return Look(found, "; ".join(whys)) if whys else found


def _some(names: list[str]) -> str:
    return shortened(", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else ""))


def marks_of(
    document: Document, collection: Collection, fields: Mapping[str, Any], create: Mapping[str, Any] | None,
    update: Mapping[str, Any] | None,
) -> dict[str, Any]:  # fmt: skip
    """What writes may hold. create, update: the schemas of a record in requests, None where there is no such write."""
    made, kept = (set(document.properties(each)) if each else None for each in (create, update))
    told = create.get("required") if create else None
    required = {str(each) for each in told} if isinstance(told, list) else set()
    written = (made or set()) | (kept or set())
    marks: dict[str, Any] = {}
    for name, schema in fields.items():
        if name in RESERVED:
            continue
        if schema.get("readOnly") is True or (written and name not in written):
            marks[name] = "read_only"
            continue
        own = [mark for mark, holds in (
            ("required", made is not None and name in made & required),
            ("create_only", made is not None and kept is not None and name in made - kept),
        ) if holds]  # fmt: skip
        if own:
            marks[name] = own[0] if len(own) == 1 else own
    return marks


class Change:
    """How change shows: the block `changed`, and the parameters of a read of changes (none: there is no such read)."""

    def __init__(self, collection: Collection, fields: Mapping[str, Mapping[str, Any]]) -> None:
        self.field = next((name for name, each in fields.items() if _is_time(name, each)), None)
        asked = [*collection.list.asked("query"), *collection.list.asked("header")]
        self.since = _bound(asked, _SINCE, self.field)
        self.until = _bound(asked, _UNTIL, self.field) if self.since is not None else None
        self.params: dict[str, Any] = {}
        self.headers: dict[str, Any] = {}
        if self.field is not None and self.since is not None:
            for param, name in ((self.since, "since"), (self.until, "until")):
                if param is not None:
                    counts = "integer" in types(param.schema) and "integer" not in types(fields[self.field])
                    written = f"{{{name}:unix}}" if counts else f"{{{name}}}"
                    (self.headers if param.place == "header" else self.params)[param.name] = written
        self.values = _spelling(self.field, fields)
        """How times are spelt, where they are numbers."""

    @property
    def used(self) -> set[str]:
        return {*self.params, *self.headers}

    @property
    def block(self) -> Any:
        if self.field is None:
            return Look({"type": "none"}, "no field that tells when a record changed was found; all is read, compared")
        if self.since is None:
            why = "no parameter asks for what changed since a time; all is read each time"
            return Look({"type": "none", "field": self.field}, why)
        why = f"does {self.since.name} ask by {self.field}, and how late does a change show (index_lag)?"
        return Look({"type": "field", "field": self.field, "overlap": "5m", "index_lag": "60s"}, why)


def deletes_of(fields: Mapping[str, Mapping[str, Any]], change: Change) -> list[Any]:
    """A flag where the records have one, and the census in any case."""
    found: list[Any] = []
    flag = first(fields, _DELETED)
    at = first(fields, _DELETED_AT)
    doubt = "do lists show records that are deleted?"
    if at is not None:
        found.append(Look({"type": "flag", "when": {at: {"not": None}}, "at": at}, doubt))
    elif flag is not None and "boolean" in types(fields[flag]):
        found.append(Look({"type": "flag", "when": {flag: True}}, doubt))
    found.append({"type": "census", "read": "all", "every": "7d" if change.params or change.headers else "1d"})
    return found


def _is_time(name: str, schema: Mapping[str, Any]) -> bool:
    if not _CHANGED.fullmatch(plain(name)):
        return False
    kinds = types(schema)
    telling = _BY_FORMAT.get(str(schema.get("format", "")).lower()) == "timestamp" or plain(name).endswith(
        ("at", "on", "date", "time", "utc", "stamp", "ts")
    )
    return "boolean" not in kinds and "object" not in kinds and "array" not in kinds and (telling or "integer" in kinds)


def _bound(asked: list[Parameter], side: re.Pattern[str], field: str | None) -> Parameter | None:
    """The parameter that bounds change on a side: by its own name, or by the change field's within it."""
    if field is None:
        return None
    stem = re.sub(r"(at|on|date|time)$", "", plain(field))
    for each in asked:
        name = plain(each.name)
        rest = name.replace(plain(field), "").replace(stem, "") if stem in name else _STEM.sub("", name)
        rest = rest.replace("filter", "")
        says = side.search(rest) is not None and (side is _SINCE or _SINCE.search(rest) is None)
        if (stem in name or _STEM.search(name)) and says and _takes_time(each):
            return each
    bare = {"since", "ifmodifiedsince"} if side is _SINCE else {"until"}
    return next((each for each in asked if plain(each.name) in bare and _takes_time(each)), None)


def _takes_time(param: Parameter) -> bool:
    return not {"boolean", "array"} & set(types(param.schema)) and not param.schema.get("enum")


def _spelling(field: str | None, fields: Mapping[str, Mapping[str, Any]]) -> str | None:
    if field is None or "integer" not in types(fields[field]):
        return None
    about = f"{fields[field].get('description', '')} {fields[field].get('example', '')}".lower()
    return "epoch_ms" if re.search(r"\b\d{13}\b|milli", about) else "epoch_s"


def example_of(param: Parameter) -> Any:
    """What a document suggests for a parameter, where it does."""
    schema = param.schema
    choices = schema.get("enum")
    given = schema.get("default", schema.get("const"))
    if given is None and isinstance(choices, list) and choices:
        given = choices[0]
    return given if isinstance(given, str | int | float | bool) else None


def writes_schema(document: Document, operation: Operation | None) -> tuple[str, Mapping[str, Any], str | None]:
    """How an operation's body is sent (json or form), the schema of the record in it, and its envelope."""
    if operation is None or not operation.sends:
        return "json", {}, None
    kinds = operation.sends
    json = next((kind for kind in kinds if "json" in kind), None)
    form = next((kind for kind in kinds if kind == "application/x-www-form-urlencoded"), None)
    kind = json or form
    if kind is None:
        return "json", {}, None
    schema = kinds[kind]
    properties = document.properties(schema)
    if json is not None and len(properties) == 1:
        ((name, inner),) = properties.items()
        if "object" in types(inner) and document.properties(inner) and name not in RESERVED:
            return "json", inner, name
    return "json" if json is not None else "form", schema, None
