"""A page server that costs next to nothing: pages are rendered before it listens, requests are barely parsed.

    python -m benchmarks.server --records 200000 [--latency-ms 200]

It prints its address as one line and serves until its standard input closes. Two shapes of the same records: lists
and searches in pages of 100, and a query in pages of 2000. `POST /edit?records=N` gives the first N records a new
change time, which searches then find; the answer comes once their pages are rendered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from benchmarks import records

PAGE = 100
QUERY_PAGE = 2000
_ACCOUNT = b'{"portalId":4711,"timeZone":"UTC","companyCurrency":"EUR"}'


def _answer(body: bytes, status: str = "200 OK") -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


class Pages:
    """Every answer, rendered."""

    def __init__(self, count: int, *, query: bool) -> None:
        self.count = count
        self.listed = [self._list_page(start) for start in range(0, count, PAGE)] or [_answer(b'{"results":[]}')]
        self.queried = [self._query_page(start) for start in range(0, count, QUERY_PAGE)] if query else []
        self.found: list[bytes] = []
        self.edit(0)
        fields = [
            {"name": name, "label": name, "type": kind, "hubspotDefined": True}
            for name, kind in records.PROPERTIES.items()
        ]
        self.properties = _answer(json.dumps({"results": fields}).encode())
        self.account = _answer(_ACCOUNT)

    def _list_page(self, start: int) -> bytes:
        end = min(start + PAGE, self.count)
        rows = ",".join(records.listed(number) for number in range(start, end))
        paging = f',"paging":{{"next":{{"after":"{end}"}}}}' if end < self.count else ""
        return _answer(f'{{"results":[{rows}]{paging}}}'.encode())

    def _query_page(self, start: int) -> bytes:
        end = min(start + QUERY_PAGE, self.count)
        rows = ",".join(records.queried(number) for number in range(start, end))
        more = f'"nextRecordsUrl":"/query/{end}","done":false' if end < self.count else '"done":true'
        return _answer(f'{{"totalSize":{self.count},{more},"records":[{rows}]}}'.encode())

    def edit(self, count: int) -> None:
        now = datetime.now(UTC)
        pages = []
        for start in range(0, count, PAGE):
            end = min(start + PAGE, count)
            rows = ",".join(records.listed(number, now) for number in range(start, end))
            paging = f',"paging":{{"next":{{"after":"{end}"}}}}' if end < count else ""
            pages.append(_answer(f'{{"total":{count},"results":[{rows}]{paging}}}'.encode()))
        self.found = pages or [_answer(b'{"total":0,"results":[]}')]


class Exchange(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self, pages: Pages, latency: float) -> None:
        self._pages = pages
        self._latency = latency
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            length = 0
            if (at := head.lower().find(b"content-length:")) >= 0:
                length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self._buffer) < end + 4 + length:
                return
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            answer = self._route(head.split(b"\r\n", 1)[0].decode(), body)
            if self._latency:
                asyncio.get_running_loop().call_later(self._latency, self._send, answer)
            else:
                self._send(answer)

    def _send(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)

    def _route(self, line: str, body: bytes) -> bytes:
        method, target, _ = line.split(" ", 2)
        url = urlsplit(target)
        params = {name: values[0] for name, values in parse_qs(url.query).items()}
        pages = self._pages
        match method, url.path.strip("/").split("/"):
            case "GET", ["crm", "v3", "objects", _]:
                if params.get("archived") == "true":
                    return _answer(b'{"results":[]}')
                return pages.listed[int(params.get("after") or 0) // PAGE]
            case "POST", ["crm", "v3", "objects", _, "search"]:
                return pages.found[int(json.loads(body).get("after") or 0) // PAGE]
            case "GET", ["query", *rest]:
                return pages.queried[int(rest[0]) // QUERY_PAGE if rest else 0]
            case "GET", ["crm", "v3", "properties", _]:
                return pages.properties
            case "GET", ["account-info", "v3", "details"]:
                return pages.account
            case "POST", ["edit"]:
                pages.edit(int(params["records"]))
                return _answer(b"{}")
        return _answer(b'{"category":"OBJECT_NOT_FOUND","message":"no such page"}', "404 Not Found")


async def _serve(arguments: argparse.Namespace) -> None:
    pages = Pages(arguments.records, query=arguments.query)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Exchange(pages, arguments.latency_ms / 1000), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--query", action="store_true", help="render the pages of 2000 too")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
