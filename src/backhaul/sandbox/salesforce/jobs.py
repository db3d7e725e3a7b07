"""What the two kinds of Bulk 2.0 job share: states, the passing of time, and what a request may say."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from backhaul.sandbox.salesforce.calls import Answer, Call, Refusal, nothing, reply
from backhaul.sandbox.salesforce.encode import DELIMITERS, ENDINGS
from backhaul.sandbox.salesforce.ids import make_id
from backhaul.sandbox.salesforce.org import Org
from backhaul.sandbox.salesforce.values import stamp

OPEN, UPLOADED, RUNNING = "Open", "UploadComplete", "InProgress"
DONE, FAILED, ABORTED = "JobComplete", "Failed", "Aborted"
CSV = "text/csv"


@dataclass(slots=True)
class Job:
    """One job of either kind; `polls` counts how often its state was asked since it could run."""

    id: str
    operation: str
    object: str
    version: int
    delimiter: str
    ending: str
    state: str
    created: datetime
    started: datetime | None = None
    polls: int = 0
    error: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def final(self) -> bool:
        return self.state in (DONE, FAILED, ABORTED)

    def info(self, user: str) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "createdById": user,
            "createdDate": stamp(self.created),
            "systemModstamp": stamp(self.created),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": self.ending,
            "columnDelimiter": self.delimiter,
            **self.extra,
        }
        if self.error is not None:
            shown["errorMessage"] = self.error
        return shown


J = TypeVar("J", bound=Job)


class Jobs(Generic[J]):
    """The jobs of one kind. A job runs while it is asked for: `bulk_polls` polls, and `bulk_seconds` of the clock."""

    kind = "query"
    number = 1  # of the first job's id; the two kinds share a key prefix

    def __init__(self, org: Org) -> None:
        self._org = org
        self._jobs: dict[str, J] = {}
        self._made = 0

    def job(self, id: str) -> J:
        found = self._jobs.get(id) or next((job for job in self._jobs.values() if job.id[:15] == id), None)
        if found is None:
            raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
        return found

    def list(self, call: Call) -> Answer:
        records = [job.info(self._org.user) for job in self._jobs.values()]
        return reply({"done": True, "records": records, "nextRecordsUrl": None})

    def poll(self, call: Call, id: str) -> Answer:
        job = self.job(id)
        self.step(job)
        return reply({**job.info(self._org.user), **self.progress(job)})

    def delete(self, call: Call, id: str) -> Answer:
        job = self.job(id)
        if not job.final:
            raise Refusal(400, "INVALIDJOBSTATE", f"A job in the state {job.state} cannot be deleted")
        del self._jobs[job.id]
        return nothing()

    def patch(self, call: Call, id: str) -> Answer:
        job = self.job(id)
        body = call.object_body()
        self.known(body, {"state"})
        state = body.get("state")
        if state == ABORTED and not job.final:
            job.state = ABORTED
        elif state == UPLOADED and self.kind == "ingest" and job.state == OPEN:
            self.uploaded(job)
        else:
            raise Refusal(400, "INVALIDJOBSTATE", f"A job in the state {job.state} cannot go to {state}")
        return reply(job.info(self._org.user))

    def step(self, job: J) -> None:
        """One poll closer to the end."""
        if job.state not in (UPLOADED, RUNNING):
            return
        job.polls += 1
        controls = self._org.controls
        if job.state == UPLOADED:
            job.state = RUNNING
            self.started(job)
        waited = (self._org.clock.now() - (job.started or job.created)).total_seconds()
        if job.polls >= int(controls["bulk_polls"]) and waited >= float(controls["bulk_seconds"]) and not job.final:
            job.state = DONE
            self.finished(job)

    def started(self, job: J) -> None:
        """The job leaves the queue."""

    def finished(self, job: J) -> None:
        """The job is done."""

    def uploaded(self, job: J) -> None:
        """The client has sent everything."""

    def progress(self, job: J) -> dict[str, Any]:
        """What a poll shows besides the job itself."""
        return {}

    def new_id(self) -> str:
        self._made += 1
        return make_id("750", self._made * 2 + self.number)

    def known(self, body: dict[str, Any], allowed: set[str]) -> None:
        unknown = set(body) - allowed
        if unknown:
            raise Refusal(400, "JSON_PARSER_ERROR", f'Unrecognized field "{min(unknown)}" at [line:1, column:2]')

    def format(self, body: dict[str, Any]) -> tuple[str, str]:
        """The delimiter and the line ending asked for."""
        if body.get("contentType", "CSV") != "CSV":
            raise Refusal(400, "INVALIDJOB", f"Unsupported content type: {body['contentType']}")
        delimiter, ending = body.get("columnDelimiter", "COMMA"), body.get("lineEnding", "LF")
        if delimiter not in DELIMITERS:
            raise Refusal(400, "INVALIDJOB", f"Unknown columnDelimiter: {delimiter}")
        if ending not in ENDINGS:
            raise Refusal(400, "INVALIDJOB", f"Unknown lineEnding: {ending}")
        return delimiter, ending


def accepts_csv(call: Call) -> None:
    accept = call.headers.get("accept", "*/*").lower()
    if CSV not in accept and "*/*" not in accept:
        raise Refusal(406, "NOT_ACCEPTABLE", f"Results are only available as {CSV}")
