"""Background jobs: what every `*_many` request starts, and what became of each row.

The work is done at once; the job is told as `queued`, `working` and `completed` as the setting `job_seconds` passes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import Refused
from backhaul.sandbox.zendesk import asked
from backhaul.sandbox.zendesk.account import Account
from backhaul.sandbox.zendesk.answers import Invalid, not_found, refuse, reply, stamp, too_many_jobs
from backhaul.sandbox.zendesk.writing import Conflicting, NotThere, Writing

KEPT = timedelta(days=1)
_DONE = {"create": "Created", "update": "Updated", "delete": "Deleted"}
Work = Callable[[], tuple[Row, str]]
"""Writes one row: its record, and what was done."""


@dataclass(slots=True)
class Job:
    id: str
    type: str
    made_at: datetime
    results: list[dict[str, Any]]


class Jobs:
    def __init__(self, account: Account, writing: Writing) -> None:
        self._account = account
        self._writing = writing
        self._jobs: dict[str, Job] = {}

    # -- requests -----------------------------------------------------------------------------------------------

    async def create_many(self, request: Request) -> Response:
        name = request.path_params["name"]
        asked.parameters(self._account.variants, request)
        records = await asked.listed(request, name)
        return self._run(name, "create", [self._creating(name, each) for each in records])

    async def update_many(self, request: Request) -> Response:
        """A change of its own for each record, or one for the ids of the query."""
        name = request.path_params["name"]
        found = asked.parameters(self._account.variants, request, "ids", "external_ids")
        if "ids" in found:
            one = await asked.wrapped(request, self._account.kind(name).singular)
            return self._run(name, "update", [self._changing(name, id, one) for id in asked.ids(found)])
        records = await asked.listed(request, name)
        if not all("id" in each for each in records):
            refuse(400, "ParameterMissing", "Each record needs an id")
        return self._run(name, "update", [self._changing(name, each["id"], each) for each in records])

    async def create_or_update_many(self, request: Request) -> Response:
        asked.parameters(self._account.variants, request)
        records = await asked.listed(request, "users")
        return self._run("users", "create_or_update", [self._matching("users", each) for each in records])

    async def destroy_many(self, request: Request) -> Response:
        name = request.path_params["name"]
        found = asked.parameters(self._account.variants, request, "ids", "external_ids")
        return self._run(name, "delete", [self._deleting(name, id) for id in asked.ids(found)])

    async def of_custom_object(self, request: Request) -> Response:
        name = request.path_params["key"]
        if name not in self._account.objects:
            return not_found()
        job = await asked.wrapped(request, "job")
        action, items = str(job.get("action")), job.get("items")
        if action == "delete":
            if not isinstance(items, list) or not 0 < len(items) <= asked.MOST:
                refuse(400, "InvalidValue", "items must be a list of 1 to 100 ids")
            return self._run(name, "delete", [self._deleting(name, each) for each in items])
        records = asked.records(items, "items")
        match action:
            case "create":
                return self._run(name, "create", [self._creating(name, each) for each in records])
            case "update":
                return self._run(name, "update", [self._changing(name, each.get("id"), each) for each in records])
            case "create_or_update_by_external_id":
                works = [self._matching(name, each, "external_id") for each in records]
                return self._run(name, "create_or_update", works)
        return refuse(400, "InvalidValue", f"action {action!r} is not supported")

    async def show(self, request: Request) -> Response:
        asked.parameters(self._account.variants, request)
        job = self._found(request.path_params["id"])
        return not_found() if job is None else reply({"job_status": self._shown(job)})

    async def show_many(self, request: Request) -> Response:
        ids = asked.ids(asked.parameters(self._account.variants, request, "ids"))
        jobs = [job for id in ids if (job := self._found(id)) is not None]
        return reply({"job_statuses": [self._shown(job) for job in jobs]})

    async def all(self, request: Request) -> Response:
        asked.parameters(self._account.variants, request, "page[size]", "page[after]")
        jobs = [job for id in reversed(list(self._jobs)) if (job := self._found(id)) is not None]
        return reply({"job_statuses": [self._shown(job) for job in jobs[: asked.MOST]]})

    # -- work ---------------------------------------------------------------------------------------------------

    def _creating(self, name: str, given: dict[str, Any]) -> Work:
        return lambda: (self._writing.create(name, given), "create")

    def _changing(self, name: str, id: object, given: dict[str, Any]) -> Work:
        return lambda: (self._writing.update(name, id, given), "update")

    def _deleting(self, name: str, id: object) -> Work:
        return lambda: (self._writing.delete(name, id), "delete")

    def _matching(self, name: str, given: dict[str, Any], *fields: str) -> Work:
        def work() -> tuple[Row, str]:
            row, made = self._writing.upsert(name, given, *(fields or ("external_id", "email")))
            return row, "create" if made else "update"

        return work

    def _run(self, name: str, action: str, works: Sequence[Work]) -> Response:
        account, now = self._account, self._account.clock.now()
        running = [job for job in self._jobs.values() if self._status(job) in ("queued", "working")]
        if len(running) >= int(account.controls["most_jobs"]):
            raise Refused(too_many_jobs())
        label = account.kind(name).label
        results = [self._result(index, action, label, work) for index, work in enumerate(works)]
        id = hashlib.md5(f"{account.seed} {len(self._jobs)} {now}".encode(), usedforsecurity=False).hexdigest()
        job = self._jobs[id] = Job(id, f"Bulk {action.title()} {label}", now, results)
        return reply({"job_status": self._shown(job, just_made=True)})

    def _result(self, index: int, action: str, label: str, work: Work) -> dict[str, Any]:
        """What became of one row, with its index or, of changes, with the record's id alone: as the variant says."""
        indexed = self._account.variants["job_results"] == "indexed"
        try:
            row, did = work()
        except (Invalid, NotThere, Conflicting) as failure:
            return {**_failure(failure, action, label), "index": index, **({"success": False} if indexed else {})}
        id: Any = int(row.id) if row.id.isdigit() else row.id
        told = {"id": id, "action": did, "status": _DONE[did], "success": True}
        if indexed:
            return {"index": index, **told}
        return {"index": index, "id": id} if did == "create" else told

    # -- telling ------------------------------------------------------------------------------------------------

    def _found(self, id: str) -> Job | None:
        job = self._jobs.get(id)
        return job if job is not None and self._account.clock.now() - job.made_at < KEPT else None

    def _status(self, job: Job) -> str:
        needed = float(self._account.controls["job_seconds"])
        gone = (self._account.clock.now() - job.made_at).total_seconds()
        if gone < needed:
            return "queued" if gone < needed / 2 else "working"
        if job.id in self._account.controls["killed_jobs"]:
            return "killed"
        if self._account.variants["all_failed"] == "failed" and all("error" in each for each in job.results):
            return "failed"
        return "completed"

    def _shown(self, job: Job, *, just_made: bool = False) -> dict[str, Any]:
        status = "queued" if just_made else self._status(job)
        over = status in ("completed", "failed")
        return {
            "id": job.id,
            "job_type": job.type,
            "url": f"{self._account.url}/api/v2/job_statuses/{job.id}.json",
            "total": len(job.results),
            "progress": len(job.results) if over else None,
            "status": status,
            "message": f"{status.capitalize()} at {stamp(self._account.clock.now())}" if over else None,
            "results": job.results if over else None,
        }


def _failure(failure: Exception, action: str, label: str) -> dict[str, Any]:
    match failure:
        case NotThere():
            return {"error": f"{label}NotFound", "details": f"{label} was not found"}
        case Conflicting():
            return {"error": "UpdateConflict", "details": "the ticket was changed after its updated_stamp"}
        case _:
            verb = {"create": "Create", "update": "Update", "delete": "Delete"}.get(action, "CreateOrUpdate")
            return {"error": f"{label}{verb}Failed", "details": str(failure)}
