"""`backhaul logs`: the project's log, of everything or of one run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from backhaul.cli.base import command
from backhaul.cli.session import Session

_LEVELS = ("debug", "info", "warning", "error")
_ABOUT = ("at", "level", "room", "event", "customer", "connection", "object", "run", "traceback")
_STYLES = {"warning": "yellow", "error": "red", "debug": "dim"}


@command()
@click.argument("customer", required=False)
@click.option("--run", "run_id", metavar="ID", help="Only of this run; the end of its id will do.")
@click.option("--level", type=click.Choice(_LEVELS), default="info", show_default=True, help="The lowest level shown.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Lines, the last ones.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what is written from now on.")
def logs(session: Session, customer: str | None, run_id: str | None, level: str, limit: int, follow: bool) -> None:
    """Show the log, of everything or of one run."""
    with session.project() as project:
        folder = project.config.layout.logs
        if customer:
            project.customer(customer)
    wanted = _Wanted(customer, run_id, _LEVELS.index(level))
    found, positions = _last(folder, wanted, limit)
    for record in found:
        _show(session, record)
    if follow:
        for record in _following(folder, positions):
            if wanted.takes(record):
                _show(session, record)
    elif not found and not session.as_json:
        session.output.line("the log has no such line", style="dim")


class _Wanted:
    def __init__(self, customer: str | None, run: str | None, level: int) -> None:
        self._customer = customer
        self._run = run
        self._level = level

    def takes(self, record: dict[str, Any]) -> bool:
        return (
            (self._customer is None or record.get("customer") == self._customer)
            and (self._run is None or str(record.get("run", "")).endswith(self._run))
            and _LEVELS.index(record.get("level", "info")) >= self._level
        )


def _last(folder: Path, wanted: _Wanted, limit: int) -> tuple[list[dict[str, Any]], dict[Path, int]]:
    """The last lines that are wanted, newest file first until there are enough; and where each file ended."""
    files = sorted(folder.glob("????-??-??.jsonl"), reverse=True)
    positions = {path: path.stat().st_size for path in files}
    found: list[dict[str, Any]] = []
    for path in files:
        with path.open("rb") as file:
            records = [each for line in file if (each := _record(line)) is not None and wanted.takes(each)]
        found = [*records, *found][-limit:]
        if len(found) >= limit:
            break
    return found, positions


def _following(folder: Path, positions: dict[Path, int]) -> Iterator[dict[str, Any]]:
    while True:
        for path in sorted(folder.glob("????-??-??.jsonl")):
            with path.open("rb") as file:
                file.seek(positions.get(path, 0))
                while (line := file.readline()).endswith(b"\n"):
                    positions[path] = file.tell()
                    record = _record(line)
                    if record is not None:
                        yield record
        time.sleep(0.3)


def _record(line: bytes) -> dict[str, Any] | None:
    import msgspec

    try:
        record = msgspec.json.decode(line)
    except msgspec.DecodeError:
        # a full disk may have cut a line
        return None
    return record if isinstance(record, dict) else None


def _show(session: Session, record: dict[str, Any]) -> None:
    if session.as_json:
        session.output.json(record)
        return
    from rich.text import Text

    level = str(record.get("level", "info"))
    place = " ".join(str(record[name]) for name in ("customer", "connection", "object") if record.get(name))
    told = {name: value for name, value in record.items() if name not in _ABOUT and value is not None}
    facts = " ".join(f"{name}={' '.join(str(value).split())}" for name, value in told.items())
    at = str(record.get("at", ""))[:19].replace("T", " ")
    line = Text.assemble((at, "dim"), f" {level:<7} ", str(record.get("event", "")), style=_STYLES.get(level, ""))
    line.append(f"  {place}" if place else "", style="bold")
    line.append(f"  {facts}" if facts else "", style="dim")
    session.output.show(line)
