"""The API's endpoints: query, changes, single records, batches, and what a company says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.quickbooks import answers, query
from backhaul.sandbox.quickbooks.answers import Problem, reply, stamp
from backhaul.sandbox.quickbooks.company import REALM, Company
from backhaul.sandbox.quickbooks.entities import Entity, entity
from backhaul.sandbox.quickbooks.writing import Writer
from backhaul.sandbox.vendor import served

LOOK_BACK = timedelta(days=30)
CHANGES_AT_MOST = 1000
BATCH_AT_MOST = 30
_JSON = msgspec.json.Decoder()
_EVERYWHERE = frozenset({"minorversion"})


class Api:
    """Handlers for one company."""

    def __init__(self, company: Company, controls: Mapping[str, Any]) -> None:
        self._company = company
        self._writer = Writer(company, controls)
        # What each requestid was answered with.
        self._answered: dict[str, tuple[int, bytes]] = {}

    async def query(self, request: Request) -> Response:
        if request.method == "POST":
            self._known(request, _EVERYWHERE)
            if not request.headers.get("content-type", "").startswith(("application/text", "text/plain")):
                raise self._no(answers.malformed("Content-Type of a query is application/text"))
            text = (await request.body()).decode(errors="replace")
        else:
            self._known(request, _EVERYWHERE | {"query"})
            text = request.query_params.get("query", "")
        try:
            found = self._select(text)
        except Problem as problem:
            raise self._no(problem) from None
        served(request, found.get("maxResults", 0))
        return self._reply({"QueryResponse": found})

    def _select(self, text: str) -> dict[str, Any]:
        words = text.lower().split()
        # these two are one record each, and are asked like lists
        singles = {"preferences": ("Preferences", self.preferences_now), "companyinfo": ("CompanyInfo", self.info_now)}
        if len(words) >= 4 and words[3] in singles:
            name, shown = singles[words[3]]
            return {name: [shown()], "startPosition": 1, "maxResults": 1}
        if not text.strip():
            raise answers.parse_error('Encountered "<EOF>"')
        return query.run(self._company, query.parse(text))

    async def changes(self, request: Request) -> Response:
        self._known(request, _EVERYWHERE | {"entities", "changedSince"})
        now = self._company.clock.now()
        try:
            names = [name for name in request.query_params.get("entities", "").split(",") if name]
            if not names:
                raise answers.missing("entities")
            since_text = request.query_params.get("changedSince")
            if not since_text:
                raise answers.missing("changedSince")
            since = query.moment(since_text)
            if now - since > LOOK_BACK:
                said = f"cdc with changedSince date {since_text} which is older than fixed days"
                raise answers.unsupported(said)
            found = [self._changed(name, since) for name in names]
        except Problem as problem:
            raise self._no(problem) from None
        served(request, sum(part.get("maxResults", 0) for part in found))
        return self._reply({"CDCResponse": [{"QueryResponse": found}]})

    def _changed(self, name: str, since: Any) -> dict[str, Any]:
        of = entity(name)
        if of is None or not of.changes:
            raise answers.unsupported(f"cdc for {name}")
        rows = [row for row in self._company.tables[of.name].order
                if not row.purged and row.changed_at.replace(microsecond=0) >= since]  # fmt: skip
        newest_first = self._company.variants["changes_cut"] == "oldest left out"
        rows.sort(key=lambda row: row.changed_at, reverse=newest_first)
        page = rows[:CHANGES_AT_MOST]
        if not page:
            return {}
        shown = [self._company.shown(of, row) if row.live else self._company.gone(row) for row in page]
        return {of.key: shown, "startPosition": 1, "maxResults": len(page)}

    async def one(self, request: Request) -> Response:
        self._known(request, _EVERYWHERE | {"include"})
        of = self._entity(request)
        row = self._company.tables[of.name].get(request.path_params["id"])
        if row is None or not row.live:
            raise self._no(answers.not_found())
        served(request, 1)
        return self._reply({of.name: self._company.shown(of, row)})

    async def write(self, request: Request) -> Response:
        self._known(request, _EVERYWHERE | {"requestid", "operation", "include"})
        of, operation = self._entity(request), request.query_params.get("operation", "")
        id = request.query_params.get("requestid", "")
        if (before := self._repeated(id, len(id))) is not None:
            return before
        body = await self._body(request)
        try:
            if operation in ("", "create", "update"):
                shown = self._writer.write(of, body)
            elif operation == "delete":
                shown = self._writer.delete(of, body)
            elif operation == "void":
                shown = self._writer.void(of, body)
            else:
                raise answers.unsupported(operation)
        except Problem as problem:
            raise self._no(problem) from None
        return self._remembered(id, self._reply({of.name: shown}))

    async def batch(self, request: Request) -> Response:
        self._known(request, _EVERYWHERE | {"requestid"})
        id = request.query_params.get("requestid", "")
        if (before := self._repeated(id, len(id))) is not None:
            return before
        body = await self._body(request)
        items = body.get("BatchItemRequest") if isinstance(body, dict) else None
        if not isinstance(items, list) or not items:
            raise self._no(answers.malformed("Batch Request is Empty"))
        if len(items) > BATCH_AT_MOST:
            detail = f"The maximum number of batch items is {BATCH_AT_MOST}"
            raise self._no(Problem("1040", "Exceeded the maximum number of batch items", detail))
        ids = [str(item.get("bId", "")) if isinstance(item, dict) else "" for item in items]
        if "" in ids or len(set(ids)) != len(ids):
            raise self._no(answers.malformed("Each item needs a bId of its own"))
        results = [self._item(item, id) for item in items]
        if self._company.variants["batch_order"] == "backwards":
            results.reverse()
        return self._remembered(id, self._reply({"BatchItemResponse": results}))

    def _item(self, item: Mapping[str, Any], request_id: str) -> dict[str, Any]:
        name = str(item["bId"])
        try:
            if request_id and len(request_id) + len(name) > 50:
                # the two together are what the company remembers
                long = len(request_id) + len(name)
                raise answers.business(
                    "You cannot enter more than 50 characters in the request_id field. You tried entering "
                    f"{request_id[:10]}..., which is {long} characters.", "request_id",
                )  # fmt: skip
            return {**self._done(item), "bId": name}
        except Problem as problem:
            return {"Fault": problem.fault, "bId": name}

    def _done(self, item: Mapping[str, Any]) -> dict[str, Any]:
        if "Query" in item:
            return {"QueryResponse": self._select(str(item["Query"]))}
        named = [name for name in item if name not in ("bId", "operation", "optionsData")]
        of = entity(named[0]) if len(named) == 1 else None
        if of is None:
            raise answers.malformed("An item holds one entity")
        match item.get("operation"):
            case "create" | "update" as operation:
                body = item[named[0]]
                if operation == "update" and not (isinstance(body, dict) and body.get("Id")):
                    raise answers.missing("Id")
                return {of.name: self._writer.write(of, body)}
            case "delete":
                return {of.name: self._writer.delete(of, item[named[0]])}
            case other:
                raise answers.unsupported(str(other))

    async def info(self, request: Request) -> Response:
        self._known(request, _EVERYWHERE)
        if request.path_params["id"] != REALM:
            raise self._no(answers.not_found())
        return self._reply({"CompanyInfo": self.info_now()})

    async def preferences(self, request: Request) -> Response:
        self._known(request, _EVERYWHERE)
        return self._reply({"Preferences": self.preferences_now()})

    def info_now(self) -> dict[str, Any]:
        return {
            "CompanyName": "Maven Computing",
            "LegalName": "Maven Computing Inc.",
            "Country": "US",
            "FiscalYearStartMonth": "January",
            "SupportedLanguages": "en",
            "NameValue": [{"Name": "NeoEnabled", "Value": "true"}],
            "domain": "QBO",
            "sparse": False,
            "Id": "1",
            "SyncToken": "4",
        }

    def preferences_now(self) -> dict[str, Any]:
        named = [
            {"Name": f"SalesFormsPrefs.SalesCustomName{id}", "Type": "StringType", "StringValue": name}
            for id, name in self._company.custom_fields.items()
        ]
        used = [
            {"Name": f"SalesFormsPrefs.UseSalesCustom{id}", "Type": "BooleanType", "BooleanValue": True}
            for id in self._company.custom_fields
        ]
        return {
            "SalesFormsPrefs": {
                "CustomField": [{"CustomField": used}, {"CustomField": named}],
                "AllowDeposit": True,
                "CustomTxnNumbers": True,
            },
            "CurrencyPrefs": {"MultiCurrencyEnabled": True, "HomeCurrency": {"value": "USD"}},
            "AccountingInfoPrefs": {"ClassTrackingPerTxn": False, "TrackDepartments": True},
            "domain": "QBO",
            "sparse": False,
            "Id": "1",
            "SyncToken": "7",
        }

    # Common

    def _entity(self, request: Request) -> Entity:
        name = request.path_params["entity"]
        of = entity(name)
        # the path spells entities in small letters
        if of is None or name != name.lower():
            raise self._no(answers.unsupported(name))
        return of

    async def _body(self, request: Request) -> Any:
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise self._no(answers.malformed("Content-Type must be application/json"))
        try:
            return _JSON.decode(await request.body())
        except msgspec.DecodeError as error:
            raise self._no(answers.malformed(f"Invalid JSON: {error}")) from None

    def _known(self, request: Request, allowed: frozenset[str]) -> None:
        if self._company.variants["unknown_parameters"] == "refused":
            for name in request.query_params:
                if name not in allowed:
                    raise self._no(answers.malformed(f"Unknown query parameter {name}"))
        version = request.query_params.get("minorversion", "75")
        if not version.isdecimal():
            raise self._no(answers.wrong_value("minorversion", "Number", version))

    def _repeated(self, id: str, length: int) -> Response | None:
        """The first answer to a request that comes again."""
        if not id:
            return None
        if length > 50:
            raise self._no(answers.business(
                f"You cannot enter more than 50 characters in the request_id field. You tried entering {id[:10]}..., "
                f"which is {length} characters.", "request_id",
            ))  # fmt: skip
        if id not in self._answered:
            return None
        if self._company.variants["repeated_request"] == "600":
            raise self._no(Problem("600", "Duplicate Request ID", f"Request id {id} was used before"))
        status, body = self._answered[id]
        return Response(body, status, media_type="application/json;charset=UTF-8")

    def _remembered(self, id: str, response: Response) -> Response:
        if id:
            self._answered[id] = (response.status_code, bytes(response.body))
        return response

    def _reply(self, content: dict[str, Any]) -> Response:
        return reply({**content, "time": stamp(self._company.clock.now())})

    def _no(self, problem: Problem) -> Exception:
        return problem.refused(self._company.clock.now())
