"""Where vcrpy meets our client: it knows httpx, and our wire speaks httpcore, the layer below, which both share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import pytest
from vcr.cassette import Cassette
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.request import Request


@contextmanager
def through(cassette: Cassette) -> Iterator[None]:
    """Within the block every request is answered from the cassette, or recorded to it."""
    real = httpcore.ConnectionPool.handle_request

    def handle_request(pool: httpcore.ConnectionPool, request: httpcore.Request) -> httpcore.Response:
        body = b"".join(request.stream)
        request.stream = httpcore.Request("POST", "http://x", content=body).stream
        url = bytes(request.url).decode()
        headers = {name.decode(): value.decode() for name, value in request.headers}
        asked = Request(request.method.decode(), url, body, headers)
        if cassette.can_play_response_for(asked):
            return _played(cassette.play_response(asked), request)
        if cassette.filter_request(asked) is None:
            return real(pool, request)
        if cassette.write_protected:
            raise CannotOverwriteExistingCassetteException(cassette=cassette, failed_request=asked)
        answer = real(pool, request)
        content = answer.read()
        answer.close()
        cassette.append(asked, _written(answer, content))
        return httpcore.Response(answer.status, headers=answer.headers, content=content, extensions=answer.extensions)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpcore.ConnectionPool, "handle_request", handle_request)
        yield


def _played(stored: dict[str, Any], request: httpcore.Request) -> httpcore.Response:
    # who listens learns that it has left, as from a real send
    trace = request.extensions.get("trace")
    if trace is not None:
        trace("http11.send_request_headers.started", {})
        trace("http11.send_request_body.complete", {})
    headers = [(name.encode(), value.encode()) for name, values in stored["headers"].items() for value in values]
    content = stored["body"]["string"]
    return httpcore.Response(stored["status"]["code"], headers=headers, content=content)


def _written(answer: httpcore.Response, content: bytes) -> dict[str, Any]:
    headers: dict[str, list[str]] = {}
    for name, value in answer.headers:
        headers.setdefault(name.decode().lower(), []).append(value.decode("latin-1"))
    return {"status": {"code": answer.status, "message": ""}, "headers": headers, "body": {"string": content}}
