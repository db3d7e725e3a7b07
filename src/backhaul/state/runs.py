"""The runs of a project: what each did, how it ended."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from backhaul.state.holder import Holder
from backhaul.state.store import ControlStore, Row

Status = Literal["running", "done", "partial", "failed", "interrupted"]
"""partial: finished, with failures that are listed. interrupted: its process ended without a word."""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution. `figures`: by connection and object, what the run's own code put there."""

    id: str
    customer: str
    kind: str
    status: Status
    started_at: datetime
    finished_at: datetime | None
    figures: Mapping[str, Any]
    error: str | None
    pid: int
    host: str


def new_run_id(now: float | None = None) -> str:
    """Sorts by time; two in the same millisecond still differ."""
    return f"{int((now if now is not None else time.time()) * 1000):011x}{secrets.token_hex(4)}"


class Runs:
    """Starts, finishes, lists."""

    def __init__(self, store: ControlStore, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now

    def start(self, customer: str, kind: str, run: str | None = None) -> str:
        """A new run of this process; its id."""
        now = self._now()
        run = run or new_run_id(now)
        with self._store.write() as sql:
            sql.execute(
                "insert into runs (id, customer, kind, status, started_at, holder) values (?, ?, ?, 'running', ?, ?)",
                (run, customer, kind, now, str(self._store.holder)),
            )
        return run

    def note(self, run: str, figures: Mapping[str, Any]) -> None:
        """Replace the figures of a run that is still going on."""
        with self._store.write() as sql:
            sql.execute("update runs set figures = ? where id = ?", (_text(figures), run))

    def finish(
        self,
        run: str,
        status: Literal["done", "partial", "failed"],
        figures: Mapping[str, Any] | None = None,
        error: str | None = None,
    ) -> None:
        """How it ended. `error`: the text for people, without secrets."""
        with self._store.write() as sql:
            sql.execute(
                "update runs set status = ?, finished_at = ?, figures = coalesce(?, figures), error = ? where id = ?",
                (status, self._now(), None if figures is None else _text(figures), error, run),
            )

    def get(self, run: str) -> Run | None:
        rows = self._store.read("select * from runs where id = ?", (run,))
        return _run(rows[0]) if rows else None

    def latest(self, customer: str | None = None, limit: int = 20, kind: str | None = None) -> list[Run]:
        """Newest first."""
        rows = self._store.read(
            "select * from runs where (? is null or customer = ?) and (? is null or kind = ?)"
            " order by started_at desc, id desc limit ?",
            (customer, customer, kind, kind, limit),
        )
        return [_run(row) for row in rows]


def _text(figures: Mapping[str, Any]) -> str:
    return msgspec.json.encode(figures).decode()


def _run(row: Row) -> Run:
    holder = Holder.parse(row["holder"])
    status: Status = row["status"]
    if status == "running" and holder.is_gone:
        status = "interrupted"
    finished = row["finished_at"]
    return Run(
        id=row["id"],
        customer=row["customer"],
        kind=row["kind"],
        status=status,
        started_at=datetime.fromtimestamp(row["started_at"], UTC),
        finished_at=None if finished is None else datetime.fromtimestamp(finished, UTC),
        figures=msgspec.json.decode(row["figures"]),
        error=row["error"],
        pid=holder.pid,
        host=holder.host.partition("/")[0],
    )
