"""A vendor of a test's own: a function answers each request over real HTTP, and a project reads it by a definition."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import duckdb
import yaml

from backhaul.project import Project


@dataclass(frozen=True)
class Asked:
    """One request as the vendor sees it."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def line(self) -> str:
        """`GET /things?page=2`, parameters in alphabetical order."""
        query = "&".join(f"{name}={value}" for name, value in sorted(self.params.items()))
        return f"{self.method} {self.path}" + (f"?{query}" if query else "")


@dataclass(frozen=True)
class Reply:
    """An answer that is not just 200 and JSON."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Callable[[Asked], Any]
"""Gives a Reply, plain values that become JSON, a text that becomes XML, or None: there is no such path."""


class Little:
    """The server. `asked` holds every request since it was last cleared, the probe's aside."""

    def __init__(self, answer: Answer, *, one_by_one: bool = True) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        lock = threading.Lock() if one_by_one else nullcontext()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
                if parts.path == "/me":
                    self._send(Reply({"id": "account-1"}))
                    return
                with lock:
                    outer.asked.append(asked)
                    found = outer.answer(asked)
                missing = Reply({"error": {"code": "no_such_path", "message": asked.line}}, 404)
                self._send(found if isinstance(found, Reply) else missing if found is None else Reply(found))

            def _send(self, reply: Reply) -> None:
                text = isinstance(reply.body, str)
                body = reply.body.encode() if text else b"" if reply.body is None else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                kind = {"Content-Type": "application/xml" if text else "application/json"}
                for name, value in {**kind, **reply.headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def lines(self) -> list[str]:
        """What was asked since the last call."""
        found = [each.line for each in self.asked]
        self.asked.clear()
        return found

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


COMMON = {
    "source": "little",
    "title": "Little",
    "category": "other",
    "docs": "https://example.com",
    "auth": {"key": {"type": "bearer"}},
    "probe": {"get": "/me", "keep": {"id": "id"}},
}


def definition(url: str, **blocks: Any) -> dict[str, Any]:
    """A source definition for the server at this URL."""
    return {**COMMON, "base_url": url, **blocks}


class Place:
    """A project with one customer, acme, whose connection `crm` is the little vendor."""

    def __init__(self, root: Path, source: Mapping[str, Any], objects: Mapping[str, Any], **connection: Any) -> None:
        self.root = root
        self.source = source
        (root / "sources" / "little").mkdir(parents=True)
        (root / "pipelines").mkdir()
        (root / "sources" / "little" / "source.yaml").write_text(yaml.safe_dump(dict(source), sort_keys=False))
        block = {"source": "little", "credentials": {"token": "${LITTLE_TOKEN}"}, "objects": dict(objects)}
        block.update(connection)
        pipeline = {"customer": "acme", "connections": {"crm": block}}
        (root / "pipelines" / "acme.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False))
        (root / ".env").write_text("LITTLE_TOKEN=a-token\n")

    def sync(self, *, ok: bool = True, **how: Any) -> Any:
        """One run; its report. ok: no failure is expected."""
        with Project(self.root) as project:
            report = project.customer("acme").sync(**how)
        assert report.exit_code == 0 or not ok, report.all_failures
        return report

    def killed(self, at: str) -> None:
        """A run in a process of its own that dies at this crash point; each page is a part of its own."""
        script = (
            "import backhaul.extract.window as w; w.PART_ROWS = w.BATCH_ROWS = 1\n"
            "from backhaul.project import Project\n"
            f"with Project({str(self.root)!r}) as project: project.customer('acme').sync()\n"
        )
        environment = {**os.environ, "BACKHAUL_CRASH_AT": at}
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=False)
        assert done.returncode == -9, done.stderr.decode()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the raw tables hold."""
        with Project(self.root) as project:
            path = project.config.layout.work("acme")
        with duckdb.connect(str(path), read_only=True) as work:
            return work.execute(sql).fetchall()
