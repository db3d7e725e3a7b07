"""Bulk actions on tickets: answered with a job, which is done when `job_seconds` have passed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.freshdesk import asked
from backhaul.sandbox.freshdesk.account import Account
from backhaul.sandbox.freshdesk.answers import error, invalid, not_found, reply, stamp, unexpected
from backhaul.sandbox.freshdesk.kinds import KINDS
from backhaul.sandbox.freshdesk.writes import Writes, said
from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import Refused

MOST = 100


@dataclass(slots=True)
class Job:
    id: str
    made_at: datetime
    results: list[dict[str, Any]]


class Jobs:
    def __init__(self, account: Account, writes: Writes) -> None:
        self._account = account
        self._writes = writes
        self._jobs: dict[str, Job] = {}

    async def delete(self, request: Request) -> Response:
        ids, _ = await self._action(request)
        account, now = self._account, self._account.clock.now()
        return self._run(ids, lambda row: account.delete("tickets", row, now))

    async def update(self, request: Request) -> Response:
        """One change for all of them, and a reply."""
        ids, action = await self._action(request, "properties", "reply")
        account, now, kind = self._account, self._account.clock.now(), KINDS["tickets"]
        properties, answer = action.get("properties"), action.get("reply")
        if not properties and not answer:
            invalid(error("bulk_action", "Mandatory attribute missing: properties or reply", "missing_field"))
        self._writes.checked(kind, properties or {}, kind.updatable or kind.writable)

        def change(row: Row) -> None:
            if properties:
                self._writes.changed(kind, row, properties, now)
            if answer:
                usual = {"source": 0, "private": False, "incoming": False, "user_id": int(account.me)}
                said(account, row, {**usual, "body": answer.get("body", "")}, now)

        return self._run(ids, change)

    async def show(self, request: Request) -> Response:
        job = self._jobs.get(request.path_params["id"])
        if job is None:
            return not_found()
        gone = (self._account.clock.now() - job.made_at).total_seconds()
        status = "IN PROGRESS"
        if gone >= float(self._account.controls["job_seconds"]):
            good = sum(each["success"] for each in job.results)
            status = "COMPLETED" if good == len(job.results) else "PARTIAL" if good else "FAILED"
        if self._account.variants["job_words"] == "lower":
            status = status.lower().replace(" ", "_")
        done = not status.lower().startswith("in")
        told: dict[str, Any] = {"id": job.id, "status": status, "status_updated_at": stamp(self._account.clock.now())}
        return reply({**told, "progress": 100 if done else 0, **({"data": job.results} if done else {})})

    async def _action(self, request: Request, *more: str) -> tuple[list[int], dict[str, Any]]:
        asked.parameters(self._account, request)
        given = await asked.body(request)
        action = given.get("bulk_action")
        if not isinstance(action, dict):
            invalid(error("bulk_action", "It should be a/an Key/Value pair", "missing_field"))
        wrong = [unexpected(each) for each in action if each not in ("ids", *more)]
        if wrong:
            invalid(*wrong)
        ids = action.get("ids")
        if not isinstance(ids, list) or not ids or not all(type(each) is int for each in ids):
            invalid(error("ids", "It should contain elements of type Positive Integer only", "datatype_mismatch"))
        if len(ids) > MOST:
            invalid(error("ids", f"Has {len(ids)} elements, it can have a maximum of {MOST}", "invalid_value"))
        return ids, action

    def _run(self, ids: list[int], work: Callable[[Row], None]) -> Response:
        account, now = self._account, self._account.clock.now()
        results = [self._result(id, work) for id in ids]
        made = hashlib.md5(f"{now} {len(self._jobs)}".encode(), usedforsecurity=False).hexdigest()
        self._jobs[made] = Job(made, now, results)
        return reply({"job_id": made, "href": f"{account.url}/api/v2/jobs/{made}"}, 202)

    def _result(self, id: int, work: Callable[[Row], None]) -> dict[str, Any]:
        row = self._account.live("tickets", id)
        if row is None:
            return {"id": id, "success": False, "errors": [error("id", "There is no ticket matching the given id",
                                                                 "invalid_value")]}  # fmt: skip
        try:
            work(row)
        except Refused as refused:
            return {"id": id, "success": False, "errors": msgspec.json.decode(refused.response.body)["errors"]}
        return {"id": id, "success": True}
