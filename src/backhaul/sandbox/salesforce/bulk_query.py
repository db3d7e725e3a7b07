"""Bulk 2.0 query jobs: what the query finds when the job runs, as CSV in pages behind locators."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from backhaul.sandbox.salesforce.calls import Answer, Call, Refusal, reply
from backhaul.sandbox.salesforce.encode import DELIMITERS, ENDINGS, Projections, csv_header
from backhaul.sandbox.salesforce.jobs import CSV, DONE, FAILED, UPLOADED, Job, Jobs, accepts_csv
from backhaul.sandbox.salesforce.org import Org
from backhaul.sandbox.salesforce.select import Plan, bind
from backhaul.sandbox.salesforce.soql import Query, parse

DEFAULT_PAGE = 250_000


@dataclass(slots=True)
class QueryJob(Job):
    plan: Plan | None = None
    lines: list[bytes] = field(default_factory=list)


class QueryJobs(Jobs[QueryJob]):
    """`bulk_snapshot` says when a job sees its rows: as it starts to `run`, as it is `create`d, or at `complete`."""

    def __init__(self, org: Org, projections: Projections) -> None:
        super().__init__(org)
        self._projections = projections

    def create(self, call: Call) -> Answer:
        body = call.object_body()
        self.known(body, {"operation", "query", "contentType", "columnDelimiter", "lineEnding"})
        operation, text = body.get("operation"), body.get("query")
        if operation not in ("query", "queryAll"):
            raise Refusal(400, "INVALIDOPERATION", f"Unknown operation: {operation}")
        if not isinstance(text, str) or not text.strip():
            raise Refusal(400, "INVALIDJOB", "A query is required")
        delimiter, ending = self.format(body)
        plan: Plan | None = None
        error: str | None = None
        object = ""
        try:
            query = parse(text)
            object = query.object
            plan = self._bound(query)
            object = plan.object.name
        except Refusal as refusal:
            problem = refusal.problems[0]
            later = self._org.variants["bulk_bad_query"] == "job_fails"
            if not later or problem.code in ("INVALIDENTITY", "FEATURENOTENABLED"):
                raise
            error = f"{problem.code}: {problem.message}"
        now = self._org.clock.now()
        job = QueryJob(self.new_id(), operation, object, call.version, delimiter, ending, UPLOADED, now, started=now)
        job.plan, job.error = plan, error
        self._jobs[job.id] = job
        shown = {key: value for key, value in job.info(self._org.user).items() if key != "errorMessage"}
        self._look(job, "create")
        return reply(shown)

    def results(self, call: Call, id: str) -> Answer:
        job = self.job(id)
        accepts_csv(call)
        if job.state != DONE or job.plan is None:
            raise Refusal(400, "INVALIDJOBSTATE", f"A job in the state {job.state} has no results to fetch")
        most = _number(call.params.get("maxRecords"), DEFAULT_PAGE)
        cap = self._org.controls["page_size_cap"]
        most = most if cap is None else min(most, int(cap))
        start = _offset(call.params.get("locator"), len(job.lines))
        page = job.lines[start : start + most]
        end = start + len(page)
        columns = job.plan.columns
        head = csv_header(columns, DELIMITERS[job.delimiter], ENDINGS[job.ending])
        if not job.lines and self._org.variants["empty_bulk_result"] == "nothing":
            head = b""
        locator = base64.b64encode(str(end).encode()).decode().rstrip("=") if end < len(job.lines) else "null"
        headers = {"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(len(page))}
        return Answer(200, b"".join([head, *page]), CSV, headers, rows=len(page))

    def started(self, job: QueryJob) -> None:
        if job.error is not None:
            job.state = FAILED
        else:
            self._look(job, "run")

    def finished(self, job: QueryJob) -> None:
        self._look(job, "complete")

    def progress(self, job: QueryJob) -> dict[str, object]:
        done = len(job.lines) if job.state == DONE else 0
        return {"jobType": "V2Query", "numberRecordsProcessed": done, "retries": 0, "totalProcessingTime": job.polls}

    def _look(self, job: QueryJob, moment: str) -> None:
        """Take the rows as they are now, when this is the moment to."""
        if job.plan is None or self._org.controls["bulk_snapshot"] != moment:
            return
        line = self._projections.csv(job.plan.columns, DELIMITERS[job.delimiter], ENDINGS[job.ending])
        rows = job.plan.rows(self._org, everything=job.operation == "queryAll")
        job.lines = [line(row) for row in rows]

    def _bound(self, query: Query) -> Plan:
        """Bulk runs less of SOQL than REST does."""
        object = self._org.find(query.object)
        stages = object is not None and object.name == "OpportunityStage"
        barred = stages and self._org.variants["bulk_stages"] == "unsupported"
        if object is not None and (not object.bulk or not object.queryable or barred):
            raise Refusal(400, "INVALIDENTITY", f"Entity '{object.name}' is not supported by the Bulk API.")
        refused = list(query.beyond)
        if query.count:
            refused.append("aggregate function")
        if query.offset is not None:
            refused.append("OFFSET")
        if query.all_fields:
            refused.append("FIELDS()")
        if refused:
            raise Refusal(400, "FEATURENOTENABLED", f"{refused[0]} is not supported in Bulk Query")
        plan = bind(query, self._org)
        for column in plan.columns:
            if column.field.type in ("address", "location"):
                raise Refusal(400, "FEATURENOTENABLED", "Selecting compound data not supported in Bulk Query")
            if column.field.type == "base64":
                raise Refusal(400, "FEATURENOTENABLED", f"Binary fields cannot be queried in bulk: {column.name}")
        return plan


def _number(text: str | None, otherwise: int) -> int:
    if text is None:
        return otherwise
    if not text.isdigit() or int(text) < 1:
        raise Refusal(400, "INVALID_QUERY_PARAMETER", f"maxRecords must be a positive number, not {text}")
    return int(text)


def _offset(locator: str | None, total: int) -> int:
    if locator is None:
        return 0
    try:
        start = int(base64.b64decode(locator + "=" * (-len(locator) % 4), validate=True))
    except (binascii.Error, ValueError):
        start = total
    if not 0 <= start < total:
        raise Refusal(400, "INVALID_LOCATOR", f"Invalid locator: {locator}")
    return start
