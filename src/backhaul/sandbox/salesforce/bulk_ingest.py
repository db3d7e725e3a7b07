"""Bulk 2.0 ingest jobs: one CSV in, and afterwards what became of each of its lines."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import Any

from backhaul.sandbox.salesforce.calls import Answer, BadRecord, Call, Problem, Refusal, reply
from backhaul.sandbox.salesforce.describe import Field, SObject
from backhaul.sandbox.salesforce.encode import DELIMITERS, ENDINGS, csv_line
from backhaul.sandbox.salesforce.jobs import CSV, FAILED, OPEN, UPLOADED, Job, Jobs, accepts_csv
from backhaul.sandbox.salesforce.org import Saved, Values
from backhaul.sandbox.salesforce.records import matches
from backhaul.sandbox.salesforce.values import from_csv

OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
MOST_BYTES = 150_000_000
CLEARED = "#N/A"
csv.field_size_limit(1_000_000)


@dataclass(slots=True)
class IngestJob(Job):
    """`lines` are the cells as they were sent."""

    key: str | None = None
    data: bytes | None = None
    header: list[str] = field(default_factory=list)
    lines: list[list[str]] = field(default_factory=list)
    done: list[tuple[Saved, list[str]]] = field(default_factory=list)
    failed: list[tuple[str, Problem, list[str]]] = field(default_factory=list)


class IngestJobs(Jobs[IngestJob]):
    """The handlers of `/jobs/ingest`."""

    kind = "ingest"
    number = 0

    def create(self, call: Call) -> Answer:
        body = call.object_body()
        allowed = {"object", "operation", "externalIdFieldName", "contentType", "columnDelimiter", "lineEnding"}
        self.known(body, allowed | {"assignmentRuleId"})
        object = self._org.find(str(body.get("object", "")))
        if object is None:
            raise Refusal(400, "INVALIDENTITY", f"Unable to find object: {body.get('object')}")
        if not object.bulk or not object.writable:
            raise Refusal(400, "INVALIDENTITY", f"Entity '{object.name}' is not supported by the Bulk API.")
        operation, name = body.get("operation"), body.get("externalIdFieldName")
        if operation not in OPERATIONS:
            raise Refusal(400, "INVALIDOPERATION", f"Unknown operation: {operation}")
        key = None
        if operation == "upsert":
            key = object.find(str(name or ""))
            if key is None or not (key.external_id or key.id_lookup or key.type == "id"):
                raise Refusal(400, "INVALIDJOB", f"External ID was blank or is no external id field: {name}")
        delimiter, ending = self.format(body)
        now = self._org.clock.now()
        job = IngestJob(self.new_id(), operation, object.name, call.version, delimiter, ending, OPEN, now)
        job.key = None if key is None else key.name
        job.extra = {"contentUrl": f"services/data/v{call.version}.0/jobs/ingest/{job.id}/batches"}
        if key is not None:
            job.extra["externalIdFieldName"] = key.name
        self._jobs[job.id] = job
        return reply(job.info(self._org.user))

    def upload(self, call: Call, id: str) -> Answer:
        job = self.job(id)
        if job.state != OPEN or job.data is not None:
            raise Refusal(400, "INVALIDJOBSTATE", "Data was uploaded to this job already, or it is closed")
        if not call.headers.get("content-type", "").startswith(CSV):
            raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", f"The content type must be {CSV}")
        if len(call.body) * 4 / 3 > MOST_BYTES:
            raise Refusal(413, "REQUEST_ENTITY_TOO_LARGE", "The upload exceeds 150 MB once encoded")
        job.data = call.body
        return Answer(201, media_type=None)

    def results(self, call: Call, id: str, kind: str) -> Answer:
        job = self.job(id)
        accepts_csv(call)
        if not job.final:
            raise Refusal(400, "INVALIDJOBSTATE", f"A job in the state {job.state} has no results to fetch")
        delimiter, ending = DELIMITERS[job.delimiter], ENDINGS[job.ending]
        rows: list[list[str]]
        match kind.lower():
            case "successfulresults":
                head = ["sf__Id", "sf__Created", *job.header]
                rows = [[saved.id, str(saved.created).lower(), *line] for saved, line in job.done]
            case "failedresults":
                head = ["sf__Id", "sf__Error", *job.header]
                rows = [[key, _error(problem), *line] for key, problem, line in job.failed]
            case _:
                head, rows = job.header, job.lines[len(job.done) + len(job.failed) :]
        text = "".join(csv_line(row, delimiter, ending) for row in [head, *rows])
        return Answer(200, text.encode(), CSV, rows=len(rows))

    def uploaded(self, job: IngestJob) -> None:
        if not job.data:
            raise Refusal(400, "INVALIDJOBSTATE", "Nothing was uploaded to this job")
        job.state = UPLOADED
        job.started = self._org.clock.now()

    def finished(self, job: IngestJob) -> None:
        object = self._org.objects[job.object]
        try:
            fields = self._read(job, object)
        except _BadBatch as bad:
            job.state, job.error = FAILED, f"InvalidBatch : {bad}"
            return
        for line in job.lines:
            try:
                job.done.append((self._write(job, object, fields, line), line))
            except BadRecord as bad:
                known = line[fields.index(object.fields["Id"])] if object.fields["Id"] in fields else ""
                job.failed.append((known, bad.problems[0], line))

    def progress(self, job: IngestJob) -> dict[str, Any]:
        return {
            "jobType": "V2Ingest",
            "numberRecordsProcessed": len(job.done) + len(job.failed),
            "numberRecordsFailed": len(job.failed),
            "retries": 0,
            "totalProcessingTime": job.polls,
            "apiActiveProcessingTime": job.polls,
            "apexProcessingTime": 0,
        }

    def _read(self, job: IngestJob, object: SObject) -> list[Field]:
        try:
            text = (job.data or b"").decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise _BadBatch(f"Failed to parse CSV: {error}") from None
        first = text.find("\n")
        if (first > 0 and text[first - 1] == "\r") != (job.ending == "CRLF"):
            raise _BadBatch(f"LineEnding is invalid on user data. Current LineEnding setting is {job.ending}")
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[job.delimiter], strict=True))
        except csv.Error as error:
            raise _BadBatch(f"Failed to parse CSV: {error}") from None
        header, lines = rows[0], [row for row in rows[1:] if row]
        fields: list[Field] = []
        for name in header:
            found = object.find(name)
            if found is None or found in fields:
                raise _BadBatch(f"Field name {'not found' if found is None else 'twice in the header'} : {name}")
            fields.append(found)
        if job.operation in ("delete", "hardDelete") and [one.name for one in fields] != ["Id"]:
            raise _BadBatch("The 'delete' batch must contain only ids")
        if job.key is not None and object.fields[job.key] not in fields:
            raise _BadBatch(f"Field name not found : {job.key}")
        for number, line in enumerate(lines):
            if len(line) != len(header):
                raise _BadBatch(f"Wrong number of cells in line {number + 2}: {len(line)}, not {len(header)}")
        job.header, job.lines = header, lines
        return fields

    def _write(self, job: IngestJob, object: SObject, fields: list[Field], line: list[str]) -> Saved:
        given = self._values(fields, line)
        org = self._org
        if job.operation == "insert":
            return org.create(object, given)
        if job.operation == "upsert" and job.key is not None and job.key != "Id":
            value = given.pop(job.key, None)
            if value is None:
                raise BadRecord("MISSING_ARGUMENT", f"{job.key} not specified")
            found = matches(org, object, object.fields[job.key], str(value))
            if len(found) > 1:
                message = f"{job.key}: more than one record found for external id field: {[one.id for one in found]}"
                raise BadRecord("DUPLICATE_EXTERNAL_ID", message)
            if found:
                return org.update(object, found[0].id, given)
            return org.create(object, {**given, job.key: value})
        id = given.pop("Id", None)
        if id is None:
            if job.operation == "upsert":
                return org.create(object, given)
            raise BadRecord("MISSING_ARGUMENT", "Id not specified")
        if job.operation == "delete":
            return org.delete(object, id)
        if job.operation == "hardDelete":
            row = org.require(object, id)
            org.purge(object, row)
            return Saved(row.id, False, _nothing_to_undo)
        return org.update(object, id, given)

    def _values(self, fields: list[Field], line: list[str]) -> Values:
        """An empty cell leaves the field alone, #N/A clears it."""
        given: Values = {}
        empty_clears = self._org.variants["empty_csv_cell"] == "clears"
        for column, (one, cell) in enumerate(zip(fields, line, strict=True)):
            if cell == CLEARED or (cell == "" and empty_clears):
                given[one.name] = None
            elif cell != "":
                given[one.name] = from_csv(one, cell, column)
        return given


class _BadBatch(Exception):
    """The whole upload cannot be used; the job fails."""


def _error(problem: Problem) -> str:
    return f"{problem.code}:{problem.message}:{' '.join(problem.fields)} --"


def _nothing_to_undo() -> None:
    """Bulk jobs have no all-or-none."""
