"""A simulator in a process of its own that also keeps which records each page held, and can stop in a body's middle."""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backhaul.sandbox.remote import Remote
from backhaul.sandbox.server import serve
from backhaul.sandbox.simulators import build

STALL = "/_crash/stall"


class Simulator(Remote):
    """One that was started for the harness."""

    def __init__(self, announced: dict[str, Any], journal: Path) -> None:
        super().__init__(announced["control_url"])
        self.source: str = announced["source"]
        self.base_url: str = announced["base_url"]
        self.credentials: dict[str, Any] = announced["credentials"]
        self.settings: dict[str, Any] = announced["settings"]
        self._journal = journal
        self._read = 0

    def pages(self) -> list[dict[str, Any]]:
        """The pages served since this was last asked."""
        with self._journal.open("rb") as file:
            file.seek(self._read)
            found = file.read()
        whole = found[: found.rfind(b"\n") + 1]
        self._read += len(whole)
        return [json.loads(line) for line in whole.splitlines()]

    @property
    def stalled(self) -> bool:
        """Somebody waits for the second half of a page."""
        return Path(f"{self._journal}.stalled").exists()

    def stall(self, after: int) -> None:
        """Stop in the middle of a page, `after` pages from now. Negative: never."""
        Path(f"{self._journal}.stalled").unlink(missing_ok=True)
        httpx.post(f"{self.base_url}{STALL}", params={"after": after}, trust_env=False).raise_for_status()


@contextmanager
def simulators(sources: list[str], folder: Path, *, seed: int) -> Iterator[dict[str, Simulator]]:
    """Serve them until the block ends."""
    started: dict[str, subprocess.Popen[bytes]] = {}
    opened: dict[str, Simulator] = {}
    try:
        for source in sources:
            command = [
                sys.executable,
                "-m",
                "tests.crash.simulator",
                source,
                str(folder / f"{source}.jsonl"),
                str(seed),
            ]
            started[source] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for source, process in started.items():
            assert process.stdout is not None
            opened[source] = Simulator(json.loads(process.stdout.readline()), folder / f"{source}.jsonl")
        yield opened
    finally:
        for each in opened.values():
            each.close()
        for process in started.values():
            process.terminate()
        for process in started.values():
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for, told apart from where in it the page starts: one `window` is one read."""

    kind: str
    window: str
    parents: tuple[str, ...] = ()


class Recorder:
    """Round a vendor's routes: each page of a read goes into the journal, with the keys on it."""

    def __init__(self, app: ASGIApp, source: str, journal: Path) -> None:
        self._app = app
        self._source = source
        self._path = journal
        self._journal = journal.open("a", buffering=1)
        self._queries: dict[str, Asked] = {}
        self._until_stall = -1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        if path == STALL:
            self._until_stall = int(query["after"])
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})
            return
        try:
            body = await Request(scope, receive).body()
        except ClientDisconnect:
            return  # killed before its request was whole
        asked = getattr(self, f"_{self._source}")(scope["method"], path, query, body)
        if asked is None:
            await self._app(scope, _given(body), send)
            return
        start: Message = {}
        chunks: list[bytes] = []

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                chunks.append(message.get("body", b""))

        await self._app(scope, _given(body), hold)
        whole = b"".join(chunks)
        if start["status"] < 300:
            self._note(asked, whole)
            self._until_stall -= 1
            if self._until_stall == 0:
                await self._stall(start, whole, send)
                return
        await send(start)
        await send({"type": "http.response.body", "body": whole})

    async def _stall(self, start: Message, whole: bytes, send: Send) -> None:
        headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
        await send({**start, "headers": [*headers, (b"content-length", str(len(whole)).encode())]})
        await send({"type": "http.response.body", "body": whole[: len(whole) // 2], "more_body": True})
        Path(f"{self._path}.stalled").touch()
        await asyncio.sleep(120)

    def _note(self, asked: Asked, body: bytes) -> None:
        keys = list(asked.parents)
        if not keys and body[:1] in b"{[":
            answer = json.loads(body)
            records = answer.get("results") or answer.get("records") or answer.get("items") or []
            keys = [str(each.get("id") or each.get("Id") or each.get("recordid")) for each in records]
            if "nextRecordsUrl" in answer:
                self._queries[_locator(answer["nextRecordsUrl"])] = asked
        elif not keys:
            keys = [each["Id"] for each in csv.DictReader(io.StringIO(body.decode()))]
        self._journal.write(json.dumps({"kind": asked.kind, "window": asked.window, "keys": keys}) + "\n")

    # -- what is asked -----------------------------------------------------------------------------------------------

    def _hubspot(self, method: str, path: str, query: dict[str, str], body: bytes) -> Asked | None:
        if path.startswith("/crm/v4/associations/") and path.endswith("/batch/read"):
            return Asked("children", path, tuple(each["id"] for each in json.loads(body)["inputs"]))
        if not path.startswith("/crm/v3/objects/"):
            return None
        if method == "GET" and path.count("/") == 4:
            query.pop("after", None)
            kind = "keys" if query.get("properties") == "hs_object_id" else "rows"
            return Asked(kind, f"{path}?{urlencode(query)}")
        if method == "POST" and path.endswith("/search"):
            asked = json.loads(body)
            asked.pop("after", None)
            for group in asked["filterGroups"]:
                group["filters"] = [each for each in group["filters"] if each["operator"] != "GT"]
            return Asked("rows", f"{path} {json.dumps(asked)}")
        return None

    def _salesforce(self, method: str, path: str, query: dict[str, str], body: bytes) -> Asked | None:
        if path.endswith(("/query", "/queryAll")) and "q" in query and method == "GET":
            if "count()" in query["q"]:
                return None
            return Asked("keys" if "select Id from" in query["q"] else "rows", query["q"])
        if "/jobs/query/" in path and path.endswith("/results"):
            return Asked("rows", path)
        if re.search(r"/query/[^/]+$", path):
            return self._queries.get(_locator(path))
        return None

    def _netsuite(self, method: str, path: str, query: dict[str, str], body: bytes) -> Asked | None:
        if not path.endswith("/suiteql"):
            return None
        if not body:
            return None  # killed before its request was whole
        text = json.loads(body)["q"]
        if "FROM DUAL" in text:
            return None
        if lines := re.search(r"transaction IN \(([^)]*)\)", text):
            return Asked("children", "lines", tuple(re.findall(r"\d+", lines[1])))
        if re.search(r"\bid IN \(", text):
            return None
        kind = "rows" if "TO_CHAR" in text and "deletedrecord" not in text else "keys"
        return Asked(kind, re.sub(r"id > '?\d+'?", "", text))


def _locator(url: str) -> str:
    return unquote(url).rsplit("/", 1)[1].rsplit("-", 1)[0]


def _given(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("journal", type=Path)
    parser.add_argument("seed", type=int)
    options = parser.parse_args()
    vendor = build(options.source, seed=options.seed)

    async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
        await (await vendor.not_found(Request(scope, receive)))(scope, receive, send)

    routes = vendor.routes

    def recorded() -> list[Mount]:
        # asked for when the address is known, which some vendors tell in their answers
        router = Router(routes(), redirect_slashes=False, default=not_found)
        return [Mount("", app=Recorder(router, options.source, options.journal))]

    setattr(vendor, "routes", recorded)  # noqa: B010  an instance's own routes
    with serve(vendor) as running:
        line = {
            "source": options.source,
            "base_url": running.base_url,
            "credentials": running.credentials,
            "settings": running.settings,
            "control_url": running.control_url,
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
