"""The REST root `/services/data/vNN.0`: which handler answers, what it may be asked, and batches of calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from backhaul.sandbox.salesforce.bulk_ingest import IngestJobs
from backhaul.sandbox.salesforce.bulk_query import QueryJobs
from backhaul.sandbox.salesforce.calls import Answer, Call, Refusal, reply
from backhaul.sandbox.salesforce.collections import Collections
from backhaul.sandbox.salesforce.encode import Projections
from backhaul.sandbox.salesforce.org import Org
from backhaul.sandbox.salesforce.query import Queries
from backhaul.sandbox.salesforce.records import MISSING, Records, object_of
from backhaul.sandbox.salesforce.replication import Replication
from backhaul.sandbox.salesforce.tooling import Tooling

OLDEST, FIRST, NEWEST = 21, 31, 66
RETIRED = range(OLDEST, FIRST)
SEASONS = ("Spring", "Summer", "Winter")
MOST_IN_BATCH = 25
# A request line and its headers together.
MOST_HEAD = 16_384
_ROOT = re.compile(r"/services/data/v(\d+)\.0(/.*)?\Z")

Handler = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """`pattern`'s groups become the handler's arguments after the call."""

    pattern: re.Pattern[str]
    handlers: Mapping[str, Handler]
    params: frozenset[str]


def _endpoint(path: str, params: str = "", **handlers: Handler) -> _Endpoint:
    pattern = re.sub(r"\{\w+\}", "([^/]+)", path)
    return _Endpoint(re.compile(pattern + r"/?\Z", re.I), handlers, frozenset(params.split()))


class Api:
    """Every call that needs a session."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._used = 0
        projections = Projections(org)
        queries, records = Queries(org, projections), Records(org, projections)
        collections, replication = Collections(org, projections), Replication(org)
        tooling = Tooling(org)
        queried, ingested = QueryJobs(org, projections), IngestJobs(org)
        self._endpoints = [
            _endpoint("", GET=self._resources),
            _endpoint("/limits", GET=self._limits),
            _endpoint("/query", "q", GET=lambda call: queries.run(call, everything=False)),
            _endpoint("/queryAll", "q", GET=lambda call: queries.run(call, everything=True)),
            _endpoint("/(?:query|queryAll)/{locator}", GET=queries.more),
            _endpoint("/sobjects", GET=self._global),
            _endpoint("/sobjects/{object}/describe", GET=self._describe),
            _endpoint("/sobjects/{object}/deleted", "start end", GET=replication.deleted),
            _endpoint("/sobjects/{object}/updated", "start end", GET=replication.updated),
            _endpoint("/tooling/sobjects/CustomField", POST=tooling.create_field),
            _endpoint("/sobjects/FieldPermissions", POST=tooling.permit),
            _endpoint("/sobjects/{object}", GET=self._basic, POST=records.create),
            _endpoint(
                "/sobjects/{object}/{id}", "fields", GET=records.read, PATCH=records.update, DELETE=records.delete
            ),
            _endpoint(
                "/sobjects/{object}/{field}/{value}", "fields updateOnly", GET=records.read_by, PATCH=records.upsert
            ),
            _endpoint("/composite/batch", POST=self._batch),
            _endpoint(
                "/composite/sobjects",
                "ids allOrNone",
                POST=collections.create,
                PATCH=collections.update,
                DELETE=collections.delete,
            ),
            _endpoint("/composite/sobjects/{object}", "ids fields", GET=collections.read, POST=collections.read),
            _endpoint("/composite/sobjects/{object}/{field}", PATCH=collections.upsert),
            _endpoint("/jobs/query", GET=queried.list, POST=queried.create),
            _endpoint("/jobs/query/{id}", GET=queried.poll, PATCH=queried.patch, DELETE=queried.delete),
            _endpoint("/jobs/query/{id}/results", "maxRecords locator", GET=queried.results),
            _endpoint("/jobs/ingest", GET=ingested.list, POST=ingested.create),
            _endpoint("/jobs/ingest/{id}", GET=ingested.poll, PATCH=ingested.patch, DELETE=ingested.delete),
            _endpoint("/jobs/ingest/{id}/batches", PUT=ingested.upload),
            _endpoint("/jobs/ingest/{id}/(successfulResults|failedResults|unprocessedrecords)", GET=ingested.results),
        ]

    def versions(self) -> Answer:
        return reply(
            [
                {
                    "label": f"{SEASONS[number % 3]} '{number // 3 + 4 + (number % 3 == 2)}",
                    "url": f"/services/data/v{number}.0",
                    "version": f"{number}.0",
                }
                for number in range(FIRST, NEWEST + 1)
            ]
        )

    def usage(self) -> str:
        return f"api-usage={self._used}/{self._org.controls['daily_limit']}"

    def serve(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request from outside, which counts; its batch's parts do not count again."""
        head = len(target) + sum(len(name) + len(value) + 4 for name, value in headers.items())
        if head > MOST_HEAD:
            status = 414 if len(target) > MOST_HEAD - 4096 else 431
            text = f"<html><head><title>{status}</title></head><body>Request header is too large</body></html>"
            return Answer(status, text.encode(), "text/html;charset=UTF-8")
        if self._used >= int(self._org.controls["daily_limit"]):
            return over_limit().answer()
        self._used += 1
        return self._answered(method, target, headers, body)

    def _answered(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            return self._routed(method, target, headers, body)
        except Refusal as refusal:
            return refusal.answer()

    def _routed(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        split = urlsplit(target)
        match = _ROOT.match(split.path)
        version = int(match[1]) if match else 0
        if version in RETIRED or 0 < version < OLDEST:
            raise Refusal(410, "UNSUPPORTED_API_VERSION", "This API version has been retired")
        if match is None or version > NEWEST:
            raise Refusal(404, *MISSING)
        path = match[2] or ""
        for endpoint in self._endpoints:
            found = endpoint.pattern.match(path)
            if found is None:
                continue
            handler = endpoint.handlers.get(method)
            if handler is None:
                allowed = ",".join(sorted(endpoint.handlers))
                message = f"HTTP Method '{method}' not allowed. Allowed are {allowed}"
                raise Refusal(405, "METHOD_NOT_ALLOWED", message)
            params = dict(parse_qsl(split.query, keep_blank_values=True))
            unknown = set(params) - endpoint.params
            if unknown and self._org.variants["unknown_parameters"] == "refused":
                raise Refusal(400, "INVALID_QUERY_PARAMETER", f"Unknown parameter: {min(unknown)}")
            call = Call(method, path, version, params, headers, body)
            return handler(call, *(unquote(part) for part in found.groups()))
        raise Refusal(404, *MISSING)

    def _resources(self, call: Call) -> Answer:
        root = f"/services/data/v{call.version}.0"
        return reply(
            {name: f"{root}/{name}" for name in ("limits", "query", "queryAll", "sobjects", "composite", "jobs")}
        )

    def _limits(self, call: Call) -> Answer:
        most = int(self._org.controls["daily_limit"])
        fixed = {
            "DailyBulkV2QueryJobs": 10_000,
            "DailyBulkV2QueryFileStorageMB": 976_562,
            "DailyBulkApiBatches": 15_000,
        }
        shown = {"DailyApiRequests": {"Max": most, "Remaining": max(0, most - self._used)}}
        return reply(shown | {name: {"Max": limit, "Remaining": limit} for name, limit in fixed.items()})

    def _global(self, call: Call) -> Answer:
        summaries = [one.summary(call.version) for one in self._org.objects.values()]
        return reply({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": summaries})

    def _basic(self, call: Call, name: str) -> Answer:
        object = object_of(self._org, name)
        return reply({"objectDescribe": object.summary(call.version), "recentItems": []})

    def _describe(self, call: Call, name: str) -> Answer:
        object = self._org.find(name)
        if object is None:
            raise Refusal(404, *MISSING)
        changed = self._org.schema_changed.replace(microsecond=0)
        since = call.headers.get("if-modified-since")
        if since is not None and self._org.variants["describe_if_modified_since"] == "honoured":
            try:
                if changed <= parsedate_to_datetime(since):
                    return Answer(304, media_type=None)
            except ValueError:
                raise Refusal(400, "INVALID_HTTP_HEADER", f"If-Modified-Since: {since}") from None
        answer = reply(object.describe(call.version, self._org.objects.values()))
        answer.headers["Last-Modified"] = format_datetime(changed, usegmt=True)
        return answer

    def _batch(self, call: Call) -> Answer:
        body = call.object_body()
        unknown = set(body) - {"haltOnError", "batchRequests"}
        if unknown:
            raise Refusal(400, "JSON_PARSER_ERROR", f'Unrecognized field "{min(unknown)}" at [line:1, column:2]')
        parts, halt = body.get("batchRequests"), bool(body.get("haltOnError", False))
        if not isinstance(parts, list) or not parts:
            raise Refusal(400, "MISSING_ARGUMENT", "batchRequests must be a list of requests")
        if len(parts) > MOST_IN_BATCH:
            raise Refusal(400, "BATCH_LIMIT_EXCEEDED", f"Batch size exceeds maximum allowed: {MOST_IN_BATCH}")
        results: list[dict[str, Any]] = []
        failed = False
        rows = 0
        for part in parts:
            if failed and halt:
                halted = {"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}
                results.append({"statusCode": 412, "result": [halted]})
                continue
            answer = self._part(call, part)
            failed = failed or answer.status >= 400
            rows += answer.rows or 0
            result = msgspec.Raw(answer.content) if answer.content else None
            results.append({"statusCode": answer.status, "result": result})
        return reply({"hasErrors": failed, "results": results}, rows=rows)

    def _part(self, call: Call, part: Any) -> Answer:
        if (
            not isinstance(part, dict)
            or not isinstance(part.get("url"), str)
            or not isinstance(part.get("method"), str)
        ):
            raise Refusal(400, "MISSING_ARGUMENT", "Each request of a batch must have a method and a url")
        target = part["url"]
        if not target.startswith("/services/data/"):
            target = "/services/data/" + target.lstrip("/")
        if "/composite/" in target or "/jobs/" in target:
            return Refusal(400, "INVALID_BATCH_REQUEST", f"Not allowed in a batch: {part['url']}").answer()
        body = msgspec.json.encode(part["richInput"]) if "richInput" in part else b""
        return self._answered(part["method"].upper(), target, {}, body)


def over_limit(concurrent: bool = False) -> Refusal:
    """Without a Retry-After, and not as 429: so it is here."""
    which = "ConcurrentPerOrgLongTxn" if concurrent else "TotalRequests"
    return Refusal(403, "REQUEST_LIMIT_EXCEEDED", f"{which} Limit exceeded.")
