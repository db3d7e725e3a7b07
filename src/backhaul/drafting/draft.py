"""A draft, put together: the definition that a document tells of, with a mark wherever a person must look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backhaul.drafting import access
from backhaul.drafting.collections import Collection, collections, parameters
from backhaul.drafting.document import Document, Operation, Parameter, types
from backhaul.drafting.fields import Change, deletes_of, example_of, fields_of, marks_of, typed, writes_schema
from backhaul.drafting.pages import Pages, pages_of, step_of
from backhaul.drafting.words import first, plain, singular, snake
from backhaul.drafting.written import Look, looks, shortened, text

SCHEMA = "yaml-language-server: $schema=../../.backhaul/schemas/source.json"


@dataclass(frozen=True, slots=True)
class Draft:
    """What was drafted. looks: places that a person must look at."""

    text: str
    objects: tuple[str, ...]
    looks: int


def of_nothing(name: str) -> Draft:
    """The least that a definition has, every line of it to be looked at."""
    key = {"id": "text", "name": "text", "updated_at": "timestamp"}
    pages = {"params": {"limit": "{size}", "cursor": "{page}"}, "size": 100, "records": "data"}
    draft = {
        "source": name,
        "title": Look(name, "the vendor's own name for it"),
        "category": Look("other", "crm, erp, accounting, support, chat or other"),
        "docs": Look("https://example.com/docs", "where the vendor documents its API"),
        "base_url": Look("https://api.example.com", "what paths are relative to"),
        "auth": {"token": Look({"type": "bearer"}, "bearer, api_key, basic, oauth2, oauth1 or session")},
        "probe": {"get": Look("/me", "a small request that tells whose account it is"), "keep": {"id": "id"}},
        "limits": [Look({"type": "rate", "requests": 5, "per": "1s"}, "how many requests does the vendor allow?")],
        "error": Look({"code": "code", "message": "message"}, "where does an error say what?"),
        "on_error": _on_error(refreshes=False),
        "objects": {
            "things": Look(
                {
                    "key": "id",
                    "fields": key,
                    "changed": {"type": "field", "field": "updated_at", "overlap": "5m", "index_lag": "60s"},
                    "reads": {
                        "all": {"get": "/things", **pages, "next": {"type": "token", "from": "next_cursor"}},
                        "changes": {
                            "get": "/things",
                            **pages,
                            "params": {"limit": "{size}", "cursor": "{page}", "updated_since": "{since}"},
                            "next": {"type": "token", "from": "next_cursor"},
                        },
                        "by_key": {"get": "/things/{key}"},
                    },
                    "deletes": [{"type": "census", "read": "all", "every": "1d"}],
                    "writes": {
                        "create": {
                            "post": "/things", "json": {"...": "{values}"}, "result": {"type": "status", "key": "id"},
                        },
                        "update": {
                            "patch": "/things/{key}", "json": {"...": "{values}"}, "repeatable": True,
                            "result": {"type": "status"},
                        },
                    },
                },
                "an example: one object, read by pages and by change, and written",
            )
        },
    }  # fmt: skip
    above = f"{SCHEMA}\nDrafted without a document. Lines that say `look` are examples."
    return Draft(text(draft, above), ("things",), looks(draft))


def of_document(name: str, document: Document, file: str) -> Draft:
    """file: what the document is called, for the comment at the head."""
    info = document.at(document.root.get("info"))
    title, version = (str(info.get(each) or "") for each in ("title", "version"))
    address, settings = access.base_url(document)
    found = collections(document)
    drafting = _Drafting(document, found, settings)
    objects = {each.name: drafting.object(each) for each in found}
    auth = access.ways_in(document)
    probe = _probe(document, found, drafting)
    draft: dict[str, Any] = {
        "source": name,
        "title": shortened(title, 60) or name,
        "category": Look("other", "crm, erp, accounting, support, chat or other"),
        "docs": _docs(document, info),
        "settings": drafting.settings,
        "base_url": address,
        "headers": drafting.headers,
        "auth": auth,
        "probe": probe,
        "values": _values(drafting.spelt),
        "limits": access.limits(document),
        "error": access.error(document),
        "on_error": _on_error(refreshes="oauth2" in str(auth)),
        "templates": drafting.templates,
        "objects": objects or _none(),
    }
    for part in ("settings", "headers", "values", "templates"):
        if not draft[part]:
            del draft[part]
    above = f"{SCHEMA}\nDrafted from {shortened(f'{file}: {title} {version}', 100)}.\n"
    above += "Lines that say `look` were guessed, or could not be found out; take the comment away where it is right."
    if document.elsewhere:
        above += (
            f"\nNot followed, for they lead out of the file: {shortened(', '.join(sorted(document.elsewhere)), 200)}"
        )
    return Draft(text(draft, above), tuple(objects), looks(draft))


class _Drafting:
    """The objects, one after the other; what they share (pages, settings) is gathered on the way."""

    def __init__(self, document: Document, found: list[Collection], settings: dict[str, Any]) -> None:
        self._document = document
        self._by_path = {each.list.path.rstrip("/"): each for each in found}
        self.settings = settings
        self.templates: dict[str, Any] = {}
        self.spelt: set[str | None] = set()
        """How times are spelt, over all objects; None: as text."""
        self.headers = self._of_all(found)
        self._pages = [self._paged(each) for each in found]

    def _paged(self, collection: Collection) -> Pages:
        return pages_of(self._document, collection.list, collection.records)

    def _of_all(self, found: list[Collection]) -> dict[str, Any]:
        """Headers that most requests must carry: a version, a tenant."""
        counted: dict[str, list[Parameter]] = {}
        for collection in found:
            for each in collection.list.asked("header"):
                if each.required and plain(each.name) not in _OURS:
                    counted.setdefault(each.name, []).append(each)
        return {name: self._told(each[0]) for name, each in counted.items() if len(each) * 2 > len(found)}

    def object(self, collection: Collection) -> dict[str, Any]:
        document = self._document
        fields = fields_of(document, collection)
        pages = self._paged(collection)
        change = Change(collection, fields)
        parent = self._parent(collection)
        path, one = self._path(collection.list, collection.list.path, parent), None
        if parent is None and collection.one_path is not None:
            one = self._path(collection.list, collection.one_path, None)
        key, doubt = collection.key, collection.key_doubt
        block: dict[str, Any] = {"key": Look(key, doubt) if doubt else key}
        block["fields"] = typed(fields, key, change.field)
        writes, marks = self._writes(collection, fields, path, one, parent)
        if marks:
            block["marks"] = marks
        self.spelt.add(change.values)
        read = self._read(collection, pages, path, change)
        if parent is not None:
            block["parent"] = Look({"object": parent.name}, f"is each of them of one record of {parent.name}?")
            block["reads"] = {"by_parent": read}
            return block
        block["changed"] = change.block
        block["reads"] = {"all": read}
        if change.params or change.headers:
            block["reads"]["changes"] = _asking(read, change)
        if collection.one is not None and one is not None:
            block["reads"]["by_key"] = self._by_key(collection, collection.one, one)
        block["deletes"] = deletes_of(fields, change)
        if writes:
            block["writes"] = writes
        return block

    def _read(self, collection: Collection, pages: Pages, path: str, change: Change) -> dict[str, Any]:
        read: dict[str, Any] = {}
        own = self._asked(collection, pages, change)
        shared = pages.block
        if shared and sum(each.block == shared for each in self._pages) > 1:
            read["use"] = self._template(shared)
        read["get"] = _whole(collection.list, path)
        if "use" not in read:
            read |= shared
        for place in ("params", "headers"):
            if own[place]:
                read[place] = {**read.get(place, {}), **own[place]}
        if collection.records != ".":
            read["records"] = collection.records
        if collection.lift is not None:
            read["lift"] = collection.lift
        return read

    def _template(self, block: dict[str, Any]) -> str:
        for name, known in self.templates.items():
            if known == block:
                return name
        name = "pages" if not self.templates else f"pages_{len(self.templates) + 1}"
        self.templates[name] = block
        return name

    def _asked(self, collection: Collection, pages: Pages, change: Change) -> dict[str, dict[str, Any]]:
        """What the request must carry beside pages and times: as the document suggests, else a setting."""
        found: dict[str, dict[str, Any]] = {"params": {}, "headers": {}}
        for each in collection.list.asked("query", "header"):
            known = each.name in {*pages.used, *change.used, *self.headers} or plain(each.name) in _OURS
            if each.required and not known:
                found["params" if each.place == "query" else "headers"][each.name] = self._told(each)
        return found

    def _told(self, param: Parameter) -> Any:
        suggested = example_of(param)
        if suggested is not None:
            value = str(suggested).lower() if isinstance(suggested, bool) else str(suggested)
            return Look(value, f"{param.name} must be told: {shortened(param.about, 80) or 'which value?'}")
        return self._setting(param.name, param.about)

    def _setting(self, name: str, about: str) -> str:
        ours = snake(name)
        self.settings.setdefault(ours, {"title": shortened(about, 80) or f"{name} of its requests"})
        return f"{{settings.{ours}}}"

    def _parent(self, collection: Collection) -> Collection | None:
        """The collection of whose records these are, by the path: `/deals/{id}/products` of `/deals`."""
        path = collection.list.path
        if not (named := parameters(path)):
            return None
        above = path[: path.rindex("{" + named[-1])].rstrip("/")
        return self._by_path.get(above)

    def _path(self, operation: Operation, path: str, parent: Collection | None) -> str:
        """The path with what fills it: the parent's key, else settings."""
        about = {each.name: each.about for each in operation.asked("path")}
        named = [each for each in parameters(path) if each != "key"]
        for place, each in enumerate(named):
            of_parent = parent is not None and place == len(named) - 1
            filled = "{parent.key}" if of_parent else self._setting(each, about.get(each, ""))
            path = path.replace(f"{{{each}}}", filled, 1)
        return path

    def _by_key(self, collection: Collection, operation: Operation, path: str) -> dict[str, Any]:
        read: dict[str, Any] = {"get": _whole(operation, path)}
        answer = operation.success
        record, doubt = self._record_at(collection, answer.schema if answer is not None else {})
        if record != ".":
            read["records"] = record
        if doubt:
            read["get"] = Look(read["get"], doubt)
        if collection.lift is not None:
            read["lift"] = collection.lift
        return read

    def _record_at(self, collection: Collection, schema: Mapping[str, Any]) -> tuple[str, str]:
        """Where an answer about one record holds it, and what is doubtful about that."""
        document = self._document
        if "array" in types(schema):
            return ".", ""
        properties = document.properties(schema)
        if not properties or collection.key in properties:
            return ".", "" if properties else "the document does not tell what its answer holds"
        thing = {plain(singular(collection.name)), plain(collection.name), "data", "result", "item", "record", "value"}
        for name, each in properties.items():
            step = step_of(name)
            if step is None or not (plain(name) in thing or len(properties) == 1):
                continue
            inner = document.schema(each.get("items")) if "array" in types(each) else each
            if collection.key in document.properties(inner):
                return step, ""
        return ".", "where does its answer hold the record?"

    def _writes(
        self, collection: Collection, fields: Mapping[str, Mapping[str, Any]], path: str, one: str | None,
        parent: Collection | None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
        if parent is not None:
            return {}, {}  # what a child is written to, the document does not tell apart from its parent
        document, around = self._document, collection.operations
        create = around.get(("post", "all"))
        update = around.get(("patch", "one")) or around.get(("put", "one")) or around.get(("post", "one"))
        delete = around.get(("delete", "one"))
        writes: dict[str, Any] = {}
        schemas: list[Mapping[str, Any] | None] = [None, None]
        if create is not None and create.sends:
            writes["create"], schemas[0] = self._write(collection, create, path)
        if update is not None and update.sends and one is not None:
            write, schemas[1] = self._write(collection, update, one)
            write["repeatable"] = update.method != "post"
            why = "PUT replaces the whole record in many APIs: does it leave alone what is not sent?"
            writes["update"] = Look(write, why) if update.method == "put" else write
        if delete is not None and one is not None:
            writes["delete"] = {"delete": _whole(delete, one), "repeatable": True, "result": {"type": "status"}}
        return writes, marks_of(document, collection, fields, *schemas) if writes else {}

    def _write(
        self, collection: Collection, operation: Operation, path: str
    ) -> tuple[dict[str, Any], Mapping[str, Any]]:
        how, schema, envelope = writes_schema(self._document, operation)
        values: Any = {"...": "{values}"}
        if collection.lift is not None and envelope is None and collection.lift in self._document.properties(schema):
            schema, envelope = self._document.properties(schema)[collection.lift], collection.lift
        elif envelope is not None and collection.lift in self._document.properties(schema):
            inner = self._document.properties(schema)
            values = {"type": Look(_json_type(inner, collection), "JSON:API's type")} if "type" in inner else {}
            values |= {"id": "{key}"} if operation.method != "post" and "id" in inner else {}
            values[str(collection.lift)] = {"...": "{values}"}
            schema = inner[str(collection.lift)]
        body: Any = {envelope: values} if envelope is not None else values
        if not schema:
            body = Look(body, "the document does not tell what its body holds")
        write: dict[str, Any] = {operation.method: _whole(operation, path), how: body}
        headers = {each.name: each for each in operation.asked("header")}
        by_key = first(headers, ("idempotencykey", "xidempotencykey", "xrequestid"))
        if by_key is not None and operation.method == "post":
            write["headers"] = {by_key: "{item.id}"}
            write["repeatable"] = True
        for each in headers.values():
            known = each.name == by_key or each.name in self.headers or plain(each.name) in _OURS
            if each.required and not known:
                write.setdefault("headers", {})[each.name] = self._told(each)
        answer = operation.success
        result: dict[str, Any] = {"type": "status"}
        record, doubt = self._record_at(collection, answer.schema if answer is not None else {})
        if answer is not None and answer.schema and not doubt:
            step = step_of(collection.key) or collection.key
            array = "array" in types(self._document.properties(answer.schema).get(record, {}))
            result["key"] = step if record == "." else f"{record}{'[0]' if array else ''}.{step}"
        elif operation.method == "post" and "{key}" not in path:
            location = answer is not None and "location" in answer.headers
            where = {"from": "header:Location", "match": "/([^/?]+)/?$"} if location else "id"
            result["key"] = where if location else Look(where, "where does the answer tell the new record's key?")
        write["result"] = result
        return write, schema


def _asking(read: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """The read of everything, asked for what changed. A header takes HTTP's own dates, if not told otherwise."""
    asking = dict(read)
    if change.params:
        asking["params"] = {**read.get("params", {}), **change.params}
    if change.headers:
        asking["headers"] = {**read.get("headers", {}), **change.headers}
        if change.since is not None and change.since.schema.get("format") != "date-time":
            asking["values"] = {"timestamp": "http"}
    return asking


def _values(spelt: set[str | None]) -> dict[str, Any]:
    numbers = sorted(each for each in spelt if each is not None)
    return {"timestamp": Look(numbers[0], "times are numbers: of seconds, or of milliseconds?")} if numbers else {}


_OURS = {"accept", "contenttype", "authorization", "useragent"}


def _json_type(inner: Mapping[str, Mapping[str, Any]], collection: Collection) -> str:
    told = inner["type"].get("enum")
    return str(told[0]) if isinstance(told, list) and told else collection.name


def _whole(operation: Operation, path: str) -> str:
    return f"{operation.host.rstrip('/')}{path}" if operation.host else path


def _docs(document: Document, info: Mapping[str, Any]) -> Any:
    for told in (document.at(document.root.get("externalDocs")), document.at(info.get("contact"))):
        if isinstance(told.get("url"), str) and told["url"].startswith("http"):
            return told["url"]
    return Look("https://example.com/docs", "where does the vendor document its API?")


def _probe(document: Document, found: list[Collection], drafting: _Drafting) -> Any:
    if (probe := access.probe(document, {each.list.path for each in found})) is not None:
        return probe
    drafting.settings["account"] = {"title": "A name for this account, that no other connection to it has otherwise"}
    small = next((each for each in found if _asks_nothing(each, drafting.headers)), None)
    path = small.list.path if small is not None else "/"
    why = "no path was found that tells whose account it is; a small request that proves the credentials"
    return {"get": Look(path, why), "keep": {"id": "{settings.account}"}}


def _asks_nothing(collection: Collection, headers: Mapping[str, Any]) -> bool:
    asked = [each for each in collection.list.asked("query", "header") if each.name not in headers]
    return not parameters(collection.list.path) and not any(each.required for each in asked)


def _none() -> dict[str, Any]:
    why = "no path was found that answers with an array of objects"
    return {"things": Look({"key": "id", "fields": {"id": "text"}, "reads": {"all": {"get": "/things"}}}, why)}


def _on_error(*, refreshes: bool) -> list[Any]:
    reads = ["all", "changes", "by_parent", "fields"]
    return [
        {"when": {"status": 429}, "then": "wait", "wait": "2s"},
        {"when": {"status": 401}, "then": "refresh" if refreshes else "reauthorise"},
        {"when": {"status": 403}, "then": "skip", "only": reads},
        {"when": {"status": [404, 410]}, "then": "absent", "only": ["by_key", "by_parent", "update", "delete"]},
        {"when": {"status": [409, 412]}, "then": "conflict", "only": ["update", "delete"]},
        {"when": {"status": [400, 409, 422]}, "then": "reject", "only": ["create", "update", "delete"]},
    ]
