"""The NetSuite simulator: one account with its data, its routes, its limits and its open questions."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.netsuite import metadata, seed
from backhaul.sandbox.netsuite.answers import (
    LOGIN_FAILED,
    Problem,
    bad_query,
    invalid_content,
    invalid_header,
    invalid_parameter,
    not_permitted,
)
from backhaul.sandbox.netsuite.async_jobs import Jobs
from backhaul.sandbox.netsuite.books import Books
from backhaul.sandbox.netsuite.control import dumped, mutated
from backhaul.sandbox.netsuite.expressions import BadExpression, Session
from backhaul.sandbox.netsuite.m2m import TOKEN_PATH, Machines
from backhaul.sandbox.netsuite.oauth1 import Rejected, Verifier
from backhaul.sandbox.netsuite.query import Engine
from backhaul.sandbox.netsuite.records import Records
from backhaul.sandbox.netsuite.relations import Answers
from backhaul.sandbox.netsuite.suiteql import BadSyntax
from backhaul.sandbox.vendor import Vendor, served
from backhaul.sandbox.world import World

Handler = Callable[[Request], Awaitable[Response]]
MAX_PAGE = 1000
RESOURCE = "application/vnd.oracle.resource+json; type=singular"


class NetSuite(Vendor):
    """One production-like sandbox account, `1234567_SB1`, with its subsidiaries in three currencies."""

    source: ClassVar[str] = "netsuite"
    VARIANTS: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType(
        {
            # A column that is NULL is left out of a SuiteQL item: observed, not documented.
            "nulls": ("omitted", "null"),
            # "Almost always" strings, says the sheet.
            "numbers": ("quoted", "bare"),
            # What `SELECT SESSIONTIMEZONE AS timezone FROM DUAL` calls its column.
            "timezone_key": ("timezone", "expr1"),
            # The session's time zone and date format are the user's preferences.
            "time_zone": ("America/Los_Angeles", "UTC", "Europe/Berlin", "Asia/Kolkata"),
            "date_format": ("M/D/YYYY", "DD.MM.YYYY", "YYYY-MM-DD"),
            # lastmodifieddate is said to hold whole seconds.
            "resolution": ("second", "millisecond"),
            # Which of two sentences names an unknown column: both were seen.
            "unknown_column": ("field", "identifier"),
            # deletedrecord's columns, and whether a deletion leaves a row there at all.
            "deletedrecord_scriptid": ("upper", "lower"),
            "deletedrecord_recordtypeid": ("number", "name"),
            "deletes": ("tracked", "untracked"),
            # Success codes of writes: create 204 and others 204; all 200; create 201 and others 200.
            "success": ("204", "200", "201"),
            # Whether GET, PATCH and DELETE take `eid:` as PUT does.
            "eid": ("everywhere", "put only"),
            # Whether property names in a body may be spelt in any case.
            "property_case": ("exact", "any"),
            # How the record service spells a date-time.
            "date_times": ("Z", "milliseconds", "offset"),
            # No Retry-After is documented on 429.
            "retry_after": ("absent", "present"),
            # A voided transaction stays with `voided`, or gets a reversing journal.
            "void": ("voided", "reversing journal"),
            # A task's result answers as the request itself would have, or tells of it in a body.
            "task_result": ("as itself", "in a body"),
        }
    )

    def __init__(
        self,
        world: World,
        *,
        clock: Clock | None = None,
        scale: int = 1,
        seed: int = 7,
        variants: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(world, clock=clock, scale=scale, seed=seed, variants=variants)
        self.settings = {"account": "1234567_SB1"}
        self.credentials = {
            name: hashlib.sha256(f"{name} {seed}".encode()).hexdigest()
            for name in ("consumer_key", "consumer_secret", "token_id", "token_secret")
        }
        self.controls |= {
            "time_zone": self.variants["time_zone"],
            "date_format": self.variants["date_format"],
            # The smallest pool that an account has, shared by everything it runs.
            "concurrency_limit": 5,
            "job_ms": 150,
            # Rows that offset can reach.
            "offset_ceiling": 100_000,
            # Records that the role may not see.
            "denied": [],
            "untracked_deletes": self.variants["deletes"] == "untracked",
        }
        self.verifier = Verifier(realm=str(self.settings["account"]), **self.credentials)
        self.m2m = Machines(self.clock, seed)
        self.credentials |= self.m2m.credentials
        self.audit_trail: list[str] = []
        self._in_flight = 0
        self.books = Books(self.clock, self.variants)
        self.tables = self.books.tables
        self._fill()
        self._engine = Engine(self.books.relation)
        self._answers = Answers(
            nulls=self.variants["nulls"] == "null",
            numbers=self.variants["numbers"] == "bare",
            timezone_key=self.variants["timezone_key"],
            unknown=self.variants["unknown_column"],
        )
        self.records = Records(self.books, self.variants, self.controls)
        self.jobs = Jobs(self.records, self.controls, self.variants)

    def _fill(self) -> None:
        """Seed the books from the world."""
        # Every row made here stays: collecting garbage among them doubles the time that a large world takes.
        collecting = gc.isenabled()
        gc.disable()
        try:
            seed.seed(self.books, self.world)
        finally:
            if collecting:
                gc.enable()

    def configure(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        if "time_zone" in settings:
            ZoneInfo(str(settings["time_zone"]))
        found = super().configure(settings)
        self.books.denied = {str(name).lower() for name in found["denied"]}
        return found

    def mutate(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        return mutated(self.books, op, object, id, values, tracked=not self.controls["untracked_deletes"])

    def dump(self, object: str) -> list[dict[str, Any]]:
        return dumped(self.books, object)

    # Answers to trouble

    def too_many(self, options: Mapping[str, Any]) -> Response:
        problem = Problem(
            429,
            "CONCURRENCY_LIMIT_EXCEEDED",
            "Concurrent request limit exceeded. Request blocked.",
        )
        asked = options.get("retry_after")
        if asked is None and self.variants["retry_after"] == "present":
            asked = 1
        return problem.response({} if asked is None else {"Retry-After": str(asked)})

    def broken(self, status: int) -> Response:
        detail = "An unexpected error occurred. Error ID: m7f3k2p0x9"
        return Problem(status, "UNEXPECTED_ERROR", detail).response()

    def expired_token(self) -> Response:
        self.m2m.forget()
        realm = self.settings["account"]
        header = f'OAuth realm="{realm}", error="token_rejected", error_description="Invalid login attempt."'
        return Problem(401, "INVALID_LOGIN", LOGIN_FAILED).response({"WWW-Authenticate": header})

    def revoked_token(self) -> Response:
        """The certificate's mapping to a role is gone; tokens end with it."""
        self.m2m.mapped = False
        return self.expired_token()

    async def not_found(self, request: Request) -> Response:
        return Problem(404, "NOT_FOUND", "The requested URL was not found.").response()

    # Routes

    def routes(self) -> list[BaseRoute]:
        record, job = "/services/rest/record/v1", "/services/rest/async/v1/job/{job}"
        every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        paths: list[tuple[str, Handler, list[str]]] = [
            ("/services/rest/query/v1/suiteql", self.suiteql, ["POST"]),
            (f"{record}/metadata-catalog", self.catalog, ["GET"]),
            (f"{record}/metadata-catalog/{{type}}", self.described, ["GET"]),
            (f"{record}/{{type}}", self.collection, every),
            (f"{record}/{{type}}/{{id:path}}", self.instance, every),
            (job, self.jobs.job, ["GET"]),
            (f"{job}/task", self.jobs.tasks, ["GET"]),
            (f"{job}/task/{{task}}", self.jobs.task, ["GET"]),
            (f"{job}/task/{{task}}/result", self.jobs.result, ["GET"]),
        ]
        found = [Route(path, self._guarded(handler, methods), methods=every) for path, handler, methods in paths]
        return [Route(TOKEN_PATH, self._token, methods=every), *found]

    async def _token(self, request: Request) -> Response:
        return self.m2m.token(request, await request.body(), f"{self.base_url}{TOKEN_PATH}")

    def _guarded(self, handler: Handler, methods: list[str]) -> Handler:
        """Admission to the pool, then identity, then the handler; problems become answers."""

        async def guarded(request: Request) -> Response:
            if self._in_flight >= self.controls["concurrency_limit"]:
                return self.too_many({})
            self._in_flight += 1
            try:
                await self.work()
                self._authenticate(request)
                if request.method not in methods:
                    return Problem(405, "METHOD_NOT_ALLOWED", f"{request.method} is not allowed here.").response()
                return await handler(request)
            except Rejected as reason:
                self.audit_trail.append(str(reason))
                return self.expired_token()
            except Problem as problem:
                return problem.response()
            finally:
                self._in_flight -= 1

        return guarded

    def _authenticate(self, request: Request) -> None:
        if self.m2m.known(request.headers.get("authorization", "")):
            return
        scheme, host = request.url.scheme, request.headers.get("host", "").lower()
        raw_path = request.scope.get("raw_path") or request.url.path.encode()
        url = f"{scheme}://{host}{raw_path.split(b'?')[0].decode()}"
        query = request.scope["query_string"].decode("latin-1")
        self.verifier.verify(request.headers.get("authorization"), request.method, url, query)

    # SuiteQL

    async def suiteql(self, request: Request) -> Response:
        if "transient" not in request.headers.get("prefer", "").lower():
            raise invalid_header("The required request header 'Prefer' is missing or not 'transient'.", "Prefer")
        limit, offset = self._paging(request)
        text = self._query_text(request, await request.body())
        size = min(limit, self.controls["page_size_cap"] or limit)
        try:
            page = self._engine.page(
                text, self.session(), self._answers, limit=size, offset=offset, lag=float(self.controls["index_lag"])
            )
        except (BadSyntax, BadExpression) as error:
            raise bad_query(str(error)) from error
        served(request, len(page.items))
        more = offset + len(page.items) < page.total and bool(page.items)
        links = self._page_links(limit, offset, offset + size, more)
        head = msgspec.json.encode({"links": links, "count": len(page.items), "hasMore": more})
        tail = msgspec.json.encode({"offset": offset, "totalResults": page.total})
        body = head[:-1] + b',"items":[' + b",".join(page.items) + b"]," + tail[1:]
        return Response(body, media_type="application/vnd.oracle.resource+json; type=collection")

    def session(self) -> Session:
        name = self.controls["time_zone"]
        return Session(ZoneInfo(name), name, self.controls["date_format"], self.clock.now())

    def _paging(self, request: Request) -> tuple[int, int]:
        for name in request.query_params:
            if name not in ("limit", "offset"):
                raise invalid_parameter(f"Unknown query parameter '{name}'.", name)
        numbers: list[int] = []
        for name, default in (("limit", str(MAX_PAGE)), ("offset", "0")):
            value = request.query_params.get(name, default)
            if not value.isdigit():
                raise invalid_parameter(f"Invalid value for the query parameter '{name}': {value}.", name)
            numbers.append(int(value))
        limit, offset = numbers
        if not 1 <= limit <= MAX_PAGE:
            raise invalid_parameter(f"The limit parameter must be between 1 and {MAX_PAGE}.", "limit")
        if offset % limit:
            raise invalid_parameter("The offset parameter must be divisible by the limit parameter.", "offset")
        # At most a thousand pages, and never more rows than the ceiling.
        if offset + limit > min(self.controls["offset_ceiling"], limit * MAX_PAGE):
            detail = f"The maximum number of results for a query is {self.controls['offset_ceiling']}."
            raise invalid_parameter(detail, "offset")
        return limit, offset

    def _query_text(self, request: Request, body: bytes) -> str:
        if "json" not in request.headers.get("content-type", ""):
            raise Problem(415, "INVALID_CONTENT_TYPE", "The Content-Type header must be application/json.")
        try:
            asked = msgspec.json.decode(body)
        except msgspec.DecodeError as error:
            raise invalid_content(f"Invalid content in the request body. {error}") from error
        if not isinstance(asked, dict) or set(asked) - {"q", "params"} or not isinstance(asked.get("q"), str):
            raise invalid_content("Invalid content in the request body. The body must have the property 'q'.")
        return str(asked["q"])

    def _page_links(self, limit: int, offset: int, following: int, more: bool) -> list[dict[str, str]]:
        path = f"{self.base_url}/services/rest/query/v1/suiteql?limit={limit}&offset="
        found = [{"rel": "next", "href": f"{path}{following}"}] if more else []
        if offset:
            found = [{"rel": "previous", "href": f"{path}{max(0, offset - limit)}"}, *found]
        return [*found, {"rel": "self", "href": f"{path}{offset}"}]

    # The catalog

    async def catalog(self, request: Request) -> Response:
        records = [r for r in self.books.records.values() if not self.records.denied(r)]
        select = request.query_params.get("select")
        for name in request.query_params:
            if name != "select":
                raise invalid_parameter(f"Unknown query parameter '{name}'.", name)
        if select:
            wanted = [name.strip().lower() for name in select.split(",")]
            unknown = set(wanted) - {record.name.lower() for record in records}
            if unknown:
                raise invalid_parameter(f"Record type '{min(unknown)}' does not exist.", "select")
            records = [record for record in records if record.name.lower() in wanted]
        accept = request.headers.get("accept", "*/*")
        if metadata.SWAGGER in accept:
            return _json(metadata.openapi(self.base_url, records), metadata.SWAGGER)
        return _json(metadata.listing(self.base_url, records), "application/json")

    async def described(self, request: Request) -> Response:
        name = request.path_params["type"]
        record = self.books.record(name)
        if record is None:
            raise Problem(404, "NOT_FOUND", f"Record type '{name}' does not exist.", {"o:errorUrl": request.url.path})
        if self.records.denied(record):
            raise not_permitted(record.name)
        accept = request.headers.get("accept", "*/*")
        if metadata.SWAGGER in accept:
            return _json(metadata.openapi(self.base_url, [record]), metadata.SWAGGER)
        if metadata.SCHEMA in accept:
            return _json(metadata.schema(record), metadata.SCHEMA)
        return _json(metadata.listing(self.base_url, [record])["items"][0], "application/json")

    # Records

    async def collection(self, request: Request) -> Response:
        if "respond-async" in request.headers.get("prefer", ""):
            return await self.jobs.submit(request, request.path_params["type"])
        return await self.records.collection(request)

    async def instance(self, request: Request) -> Response:
        return await self.records.instance(request)


def _json(content: object, media_type: str) -> Response:
    return Response(msgspec.json.encode(content), media_type=media_type)
