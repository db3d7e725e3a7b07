"""Asynchronous jobs: created once, polled with growing waits, aborted at their time-out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from backhaul.config.calls import Call
from backhaul.config.paths import Answer
from backhaul.config.reads import Poll, Read
from backhaul.errors import VendorDown
from backhaul.protocol import render
from backhaul.protocol.conditions import holds
from backhaul.protocol.connection import Connection
from backhaul.protocol.read_answer import read, read_error
from backhaul.protocol.render import Bindings


class JobFailed(VendorDown):
    """The vendor ran the job and gave it up: asked in another way it may serve the same."""


def run_read_job(
    connection: Connection,
    definition: Read,
    bindings: Bindings,
    role: str,
    object: str,
    job_id: str | None,
    on_job: Callable[[str], None],
) -> Mapping[str, str]:
    """Create the job (or take up the one that an earlier run created) and wait until it is done.

    Returns what `{job.*}` holds. Raises JobFailed, or VendorDown where the job outlives its time-out.
    """
    job = definition.job
    if job is None:
        raise ValueError("the read has no job")
    kept: Mapping[str, str] = {"id": job_id} if job_id is not None else {}
    if job_id is None:
        if definition.query is not None:
            # The query is the read's; the call that creates the job only carries it.
            bindings = bindings.with_(query=render.query(definition.query, bindings))
        response = connection.call(job.create, bindings, role=role, object=object, repeatable=False)
        answer = connection.answer(response)
        kept = {name: str(read(path, answer)) for name, path in job.create.keep.items()}
        on_job(kept["id"])
    wait_for(connection, job.poll, job.abort, with_job(bindings, kept), role, object)
    return kept


def with_job(bindings: Bindings, kept: Mapping[str, Any]) -> Bindings:
    return bindings.with_(**{f"job__{name}": value for name, value in kept.items()})


def wait_for(
    connection: Connection, poll: Poll, abort: Call | None, bindings: Bindings, role: str, object: str
) -> Answer:
    """Poll until the job is done; the answer that said so."""
    ends = time.monotonic() + poll.timeout.total_seconds()
    pause = poll.every.total_seconds()
    while True:
        answer = connection.answer(connection.call(poll, bindings, role=role, object=object))
        if holds(poll.done, answer):
            return answer
        if poll.failed and holds(poll.failed, answer):
            said = read_error(poll.error, answer).get("message", "it does not say why")
            raise JobFailed(f"the vendor's job failed: {said}", object=object)
        if time.monotonic() + pause > ends:
            if abort is not None:
                connection.call(abort, bindings, role=role, object=object)
            raise VendorDown(f"the vendor's job was not done after {poll.timeout} and was aborted", object=object)
        connection.wait(pause, f"the vendor's job on {object}")
        pause = min(pause * 1.5, poll.up_to.total_seconds())
