"""`/deleted` and `/updated`: ids that changed between two times of the last weeks."""

from __future__ import annotations

from datetime import datetime, timedelta

from backhaul.sandbox.salesforce.calls import Answer, Call, Refusal, reply
from backhaul.sandbox.salesforce.describe import SObject
from backhaul.sandbox.salesforce.org import Org
from backhaul.sandbox.salesforce.records import object_of
from backhaul.sandbox.salesforce.values import moment_of, stamp

MOST = 600_000


class Replication:
    """The handlers of both."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def deleted(self, call: Call, name: str) -> Answer:
        object, start, end = self._asked(call, name)
        found = [
            {"deletedDate": stamp(row.deleted_at), "id": row.id}
            for row in self._org.tables[object.name].order
            if not row.purged and row.deleted_at is not None and start <= row.deleted_at < end
        ]
        self._check_size(found)
        content = {
            "deletedRecords": found,
            "earliestDateAvailable": stamp(self._earliest()),
            "latestDateCovered": stamp(end),
        }
        return reply(content, rows=len(found))

    def updated(self, call: Call, name: str) -> Answer:
        object, start, end = self._asked(call, name)
        rows = self._org.tables[object.name].live()
        found = [row.id for row in rows if start <= row.changed_at.replace(microsecond=0) < end]
        self._check_size(found)
        return reply({"ids": found, "latestDateCovered": stamp(end)}, rows=len(found))

    def _earliest(self) -> datetime:
        return self._org.clock.now() - timedelta(days=int(self._org.variants["deleted_window_days"]))

    def _asked(self, call: Call, name: str) -> tuple[SObject, datetime, datetime]:
        object = object_of(self._org, name)
        if not object.replicateable:
            raise Refusal(400, "INVALID_TYPE", f"object type {object.name} is not replicable")
        times: list[datetime] = []
        for key in ("start", "end"):
            text = call.params.get(key)
            if text is None:
                raise Refusal(400, "MISSING_ARGUMENT", f"{key} is required")
            moment = moment_of(text)
            if moment is None:
                raise Refusal(
                    400, "INVALID_REPLICATION_DATE", f"{key} is no ISO 8601 date with a time and zone: {text}"
                )
            times.append(moment.replace(second=0, microsecond=0))
        start, end = times[0], min(times[1], self._org.clock.now())
        if times[1] < start + timedelta(minutes=1):
            message = "endDate must be at least one minute greater than startDate"
            raise Refusal(400, "INVALID_REPLICATION_DATE", message)
        if start < self._earliest():
            days = self._org.variants["deleted_window_days"]
            raise Refusal(400, "INVALID_REPLICATION_DATE", f"startDate cannot be more than {days} days ago")
        return object, start, end

    def _check_size(self, found: list[object] | list[str] | list[dict[str, str]]) -> None:
        if len(found) > MOST:
            raise Refusal(400, "EXCEEDED_ID_LIMIT", f"limit of {MOST} ids exceeded; use a shorter time span")
