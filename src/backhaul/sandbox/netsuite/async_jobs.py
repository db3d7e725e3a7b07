"""Asynchronous requests: a batch becomes a job of tasks, run later, each with a result of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.netsuite.answers import Problem, invalid_content, invalid_header, no_such_record
from backhaul.sandbox.netsuite.catalog import RecordType
from backhaul.sandbox.netsuite.records import Records, answer, decoded, origin, rules
from backhaul.sandbox.netsuite.values import MOMENTS
from backhaul.sandbox.netsuite.writing import Outcome, Rules
from backhaul.sandbox.vendor import served

ROOT = "/services/rest/async/v1/job"
MAX_RECORDS = 100
IDEMPOTENCY = "X-NetSuite-Idempotency-Key"


@dataclass(slots=True)
class _Task:
    id: str
    body: Any
    outcome: Outcome | Problem | None = None

    @property
    def progress(self) -> str:
        if self.outcome is None:
            return "pending"
        return "failed" if isinstance(self.outcome, Problem) else "succeeded"


@dataclass(slots=True)
class _Job:
    id: str
    method: str
    record: RecordType
    rules: Rules
    base: str
    tasks: list[_Task]
    started: datetime
    ended: datetime | None = None
    single: str | None = None
    links: dict[str, str] = field(default_factory=dict)


class Jobs:
    """Handlers of `/services/rest/async/v1/job`, and `submit` for requests that prefer to be asynchronous."""

    def __init__(self, records: Records, controls: Mapping[str, Any], variants: Mapping[str, str]) -> None:
        self._records = records
        self._controls = controls
        self._variants = variants
        self._jobs: dict[str, _Job] = {}
        self._keys: dict[str, str] = {}

    async def submit(self, request: Request, type: str) -> Response:
        record = self._records.type(type)
        method = request.method
        if method not in ("POST", "PATCH", "PUT"):
            raise Problem(405, "METHOD_NOT_ALLOWED", f"{method} is not allowed here.")
        body = decoded(await request.body())
        collection = "type=collection" in request.headers.get("content-type", "").replace(" ", "")
        items = self._items(body) if collection else [body]
        if not collection and method != "POST":
            raise invalid_header("A batch needs the content type of a collection.", "Content-Type")
        key = request.headers.get(IDEMPOTENCY)
        if key is not None and key in self._keys:
            location = f"{origin(request)}{ROOT}/{self._keys[key]}"
            detail = "The idempotency key has been used already. The first request's job is in the Location header."
            return Problem(400, "IDEMPOTENCY_ERROR", detail, {"o:errorHeader": IDEMPOTENCY}).response(
                {"Location": location}
            )
        job = _Job(
            id=str(len(self._jobs) + 1),
            method=method,
            record=record,
            rules=rules(request.headers, request.query_params),
            base=origin(request),
            tasks=[_Task(str(n), item) for n, item in enumerate(items, 1)],
            started=self._records.books.clock.now(),
        )
        self._jobs[job.id] = job
        if key is not None:
            self._keys[key] = job.id
        asyncio.get_running_loop().call_later(self._controls["job_ms"] / 1000, self._run, job)
        return Response(b"", 202, {"Location": f"{job.base}{ROOT}/{job.id}", "Preference-Applied": "respond-async"})

    @staticmethod
    def _items(body: dict[str, Any]) -> list[Any]:
        items = body.get("items")
        if not isinstance(items, list) or not items:
            raise invalid_content("A collection must have 'items'.", "items")
        if len(items) > MAX_RECORDS:
            raise invalid_content(f"A collection has at most {MAX_RECORDS} records, not {len(items)}.", "items")
        return items

    def _run(self, job: _Job) -> None:
        for task in job.tasks:
            try:
                task.outcome = self._done(job, task.body)
            except Problem as problem:
                task.outcome = problem
        job.ended = self._records.books.clock.now()

    def _done(self, job: _Job, body: Any) -> Outcome:
        if not isinstance(body, dict):
            raise invalid_content("A record must be an object.")
        if job.method == "POST":
            return self._records.execute("POST", job.record, None, body, job.rules, job.base)
        external = body.get("externalId")
        if job.method == "PATCH" and body.get("id") is not None:
            return self._records.execute("PATCH", job.record, str(body["id"]), body, job.rules, job.base)
        if external is None:
            needed = "externalId" if job.method == "PUT" else "id or externalId"
            raise invalid_content(f"The record must have {needed}.", "externalId")
        return self._records.execute(job.method, job.record, f"eid:{external}", body, job.rules, job.base)

    def _job(self, request: Request) -> _Job:
        job = self._jobs.get(request.path_params["job"])
        if job is None:
            raise no_such_record()
        return job

    async def job(self, request: Request) -> Response:
        job = self._job(request)
        link = f"{job.base}{ROOT}/{job.id}"
        ended = job.ended is not None
        content = {
            "links": [{"rel": "self", "href": link}],
            "id": job.id,
            "completed": ended,
            "progress": "succeeded" if ended else "pending",
            "task": {"links": [{"rel": "self", "href": f"{link}/task"}]},
        }
        return _json(content)

    async def tasks(self, request: Request) -> Response:
        job = self._job(request)
        items = [self._about(job, task) for task in job.tasks]
        content = {"links": [], "count": len(items), "hasMore": False, "items": items, "offset": 0}
        served(request, len(items))
        return _json({**content, "totalResults": len(items)})

    async def task(self, request: Request) -> Response:
        job, task = self._task(request)
        return _json(self._about(job, task))

    async def result(self, request: Request) -> Response:
        _, task = self._task(request)
        if task.outcome is None:
            raise Problem(404, "NONEXISTENT_ID", "The task is not completed. Its result does not exist yet.")
        served(request, 1)
        if self._variants["task_result"] == "as itself":
            return task.outcome.response() if isinstance(task.outcome, Problem) else answer(task.outcome)
        if isinstance(task.outcome, Problem):
            return _json(task.outcome.body())
        return _json({"status": task.outcome.status, "location": task.outcome.location})

    def _task(self, request: Request) -> tuple[_Job, _Task]:
        job = self._job(request)
        task = next((task for task in job.tasks if task.id == request.path_params["task"]), None)
        if task is None:
            raise no_such_record()
        return job, task

    @staticmethod
    def _about(job: _Job, task: _Task) -> dict[str, Any]:
        link = f"{job.base}{ROOT}/{job.id}/task/{task.id}"
        content: dict[str, Any] = {
            "links": [{"rel": "self", "href": link}],
            "id": task.id,
            "completed": task.outcome is not None,
            "progress": task.progress,
            "startTime": MOMENTS["Z"](job.started),
        }
        if job.ended is not None:
            content["endTime"] = MOMENTS["Z"](job.ended)
            content["result"] = {"links": [{"rel": "self", "href": f"{link}/result"}]}
        return content


def _json(content: object) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/vnd.oracle.resource+json; type=singular")
