"""How each connection is doing, from what is already written down: no vendor is asked, no database of data opened."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from backhaul.config.project import ProjectConfig
from backhaul.errors import ConfigError
from backhaul.fleet.due import next_due
from backhaul.fleet.schedules import Planned, Schedules
from backhaul.publish.versions import Manifest, Versions
from backhaul.push.counted import standouts
from backhaul.state.budgets import BucketFigures
from backhaul.state.runs import Run
from backhaul.state.state import State

_KINDS_THAT_READ = ("run", "sync")
_AMOUNT = re.compile(r"quota:(\d+)/")


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """One connection. `state` new: never run. `broken`: its customer's file cannot be read, with the reason."""

    customer: str
    connection: str
    source: str
    state: Literal["new", "ok", "needs_reauth", "broken"]
    since: datetime | None = None
    reason: str = ""
    account: str = ""
    last_run: datetime | None = None
    last_status: str = ""
    last_error: str = ""
    data_as_of: datetime | None = None
    """The oldest watermark of its objects: everything that changed before is here."""
    rows: int = 0
    """In its raw tables, as last published."""
    requests_today: int = 0
    budget_left: int | None = None
    """Calls of today's quota that are left to us; None where the vendor has none."""
    budget_in_doubt: int = 0
    rejects: int = 0
    """Values of the last run that did not fit."""
    dead_letters: int = 0
    unknown: int = 0
    """Rows that a push sent and of which no answer is known."""
    paused: tuple[str, ...] = ()
    """Pushes into it that send nothing until somebody resumes them."""
    schedule: str = ""
    next_due: datetime | None = None
    """None where it has no schedule."""


def status(
    config: ProjectConfig, state: State, customers: Sequence[str] = (), now: datetime | None = None
) -> list[ConnectionStatus]:
    """Of these customers, or of all. Raises ConfigError for a customer that there is not."""
    moment = now or datetime.now(UTC)
    known = config.customers()
    for name in customers:
        if name not in known:
            config.pipeline(name)  # raises, with the nearest name
    schedules = Schedules(config)
    buckets = state.buckets.figures()
    found: list[ConnectionStatus] = []
    for name in customers or known:
        try:
            planned = schedules.of(name)
        except ConfigError as error:
            reason = error.problems[0] if error.problems else error.what
            found.append(ConnectionStatus(name, "", "", "broken", reason=reason))
            continue
        found += _Customer(config, state, name, moment).connections(planned, buckets)
    return found


class _Customer:
    """One customer's connections, from the stores that know of them."""

    def __init__(self, config: ProjectConfig, state: State, name: str, now: datetime) -> None:
        self._config = config
        self._state = state
        self._name = name
        self._now = now
        self._manifest: Manifest | None = Versions(config.layout, name).current()
        self._runs = [each for each in state.runs.latest(name, 10) if each.kind in _KINDS_THAT_READ]
        self._used = {
            day.connection: day.requests for day in state.usage.days(name, since=now.strftime("%Y-%m-%d"))
        }  # fmt: skip
        self._standouts = standouts(config.layout.ledger(name))

    def connections(self, planned: Sequence[Planned], buckets: Sequence[BucketFigures]) -> list[ConnectionStatus]:
        paused = [each for each in planned if each.push and each.name in self._standouts.paused]
        return [
            self._status(each, tuple(push.name for push in paused if push.into == each.name), buckets)
            for each in planned
            if not each.push
        ]

    def _status(self, each: Planned, paused: tuple[str, ...], buckets: Sequence[BucketFigures]) -> ConnectionStatus:
        known = self._state.connections.get(self._name, each.name)
        run, objects = self._last_run(each.name)
        last_due = self._state.connections.last_due(self._name, each.name)
        due = None
        if each.schedule is not None:
            due = next_due(each.schedule, last_due) if last_due is not None else self._now
        left, in_doubt = _budget(buckets, f"account={each.source}/{known.account}" if known else "", each.budget)
        failed = [
            str(one["what"]) for one in (run.figures.get("failures", []) if run else [])
            if one.get("connection") == each.name
        ]  # fmt: skip
        return ConnectionStatus(
            customer=self._name,
            connection=each.name,
            source=each.source,
            state=known.status if known else "new",
            since=known.since if known else None,
            reason=known.reason if known else "",
            account=known.account if known else "",
            last_run=run.started_at if run else None,
            last_status=run.status if run else "",
            last_error=failed[0] if failed else (run.error or "" if run and run.status == "failed" else ""),
            data_as_of=self._data_as_of(each.name, objects),
            rows=self._rows(each.name),
            requests_today=self._used.get(each.name, 0),
            budget_left=left,
            budget_in_doubt=in_doubt,
            rejects=sum(int(one.get("rejected", 0)) for one in objects),
            dead_letters=self._standouts.dead_letters.get(each.name, 0),
            unknown=self._standouts.unknown.get(each.name, 0),
            paused=paused,
            schedule=each.schedule.text if each.schedule else "",
            next_due=due,
        )

    def _last_run(self, connection: str) -> tuple[Run | None, list[Mapping[str, Any]]]:
        """The newest run that touched the connection, and what it tells of its objects."""
        for run in self._runs:
            objects = [one for one in run.figures.get("objects", []) if one.get("connection") == connection]
            failures = [one for one in run.figures.get("failures", []) if one.get("connection") == connection]
            if objects or failures or run.status in ("running", "failed", "interrupted"):
                return run, objects
        return None, []

    def _data_as_of(self, connection: str, objects: Sequence[Mapping[str, Any]]) -> datetime | None:
        marks: dict[str, datetime] = dict(self._manifest.as_of.get(connection, {})) if self._manifest else {}
        for one in objects:
            if one.get("watermark"):
                marks[str(one["object"])] = datetime.fromisoformat(str(one["watermark"]))
        return min(marks.values(), default=None)

    def _rows(self, connection: str) -> int:
        signatures = self._manifest.signatures if self._manifest else {}
        return sum(int(text.split("/")[0]) for table, text in signatures.items() if table.startswith(f"{connection}__"))


def _budget(buckets: Sequence[BucketFigures], owner: str, share: float) -> tuple[int | None, int]:
    for each in buckets:
        if each.kind == "quota" and each.owner == owner:
            stated = _AMOUNT.match(each.name)
            amount = each.amount or (int(stated[1]) if stated else None)
            if amount is not None:
                return max(0, int(amount * share) - each.used), each.in_doubt
    return None, 0
