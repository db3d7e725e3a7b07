"""Writes by an asynchronous job: create, upload, start, poll, read the result files."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backhaul.errors import BackhaulError, FixDefinition, VendorDown
from backhaul.http.refusals import AnswerLost
from backhaul.protocol.connection import Connection
from backhaul.protocol.jobs import wait_for, with_job
from backhaul.protocol.read_answer import read
from backhaul.protocol.results import RowAnswer, echoed, of_answer
from backhaul.protocol.writes import OutRow, Target, bindings, csv_of


def run_write_job(
    connection: Connection, target: Target, rows: Sequence[OutRow], on_job: Callable[[str], None]
) -> list[RowAnswer]:
    """Run the job to its end. Once it was started, whatever goes wrong leaves its rows `unknown`."""
    job = target.write.job
    if job is None:
        raise FixDefinition("the write has no job", object=target.schema.name)
    bound = bindings(connection, target, rows)
    items: list[Mapping[str, Any]] = bound.names.get("items") or [{} for _ in rows]
    values = target.write.values or connection.source.values
    empty = values.empty or ""
    role, name = target.mode, target.schema.name
    response = connection.call(job.create, bound, role=role, object=name, repeatable=False)
    answer = connection.answer(response)
    bound = with_job(bound, {key: read(path, answer) for key, path in job.create.keep.items()})
    on_job(str(bound.names["job.id"]))
    if job.upload is not None:
        upload = bound.with_(items=csv_of(items, empty)) if job.upload.csv is not None else bound
        connection.call(job.upload, upload, role=role, object=name, repeatable=True)
    try:
        if job.start is not None:
            connection.call(job.start, bound, role=role, object=name, repeatable=True)
        wait_for(connection, job.poll, job.abort, bound, role, name)
    except (AnswerLost, VendorDown) as lost:
        return [RowAnswer(row.id, "unknown", message=lost.what) for row in rows]
    found: dict[str, RowAnswer] = {}
    for results in job.results:
        response = connection.call(results, bound, role=role, object=name, repeatable=True)
        left = [(row, item) for row, item in zip(rows, items, strict=True) if row.id not in found]
        if results.result.type == "echo":
            sent = {row.id: _as_read(item, empty) for row, item in left}
            lines = csv.DictReader(io.StringIO(response.body.decode("utf-8-sig")))
            found.update(echoed(results.result, sent, list(lines)))
        else:
            answer = connection.answer(response)
            told = of_answer(connection, target.write, results.result, rows, answer, target.match_field)
            found.update({each.id: each for each in told if each.state != "unknown" and each.id not in found})
    if job.delete is not None:
        with contextlib.suppress(BackhaulError):
            # its results are read; a job that stays behind expires by itself
            connection.call(job.delete, bound, role=role, object=name, repeatable=True)
    return [found.get(row.id) or RowAnswer(row.id, "unknown", message="no result names it") for row in rows]


def _as_read(item: Mapping[str, Any], empty: str) -> dict[str, str]:
    """The cells of one row as a reader of the uploaded file sees them."""
    line = next(csv.DictReader(io.StringIO(csv_of([item], empty).decode())))
    return {name: value or "" for name, value in line.items()}
