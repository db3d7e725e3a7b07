"""A login by a request: its session stands in the requests themselves, also in one that was written before it ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.little import Answer, Asked, Little, Place, definition

from backhaul.protocol import xml

Serve = Callable[[Answer], Little]
LOGIN = {
    "post": "/gateway",
    "format": "xml",
    "xml": {"request": {"login": {"user": "{credentials.user}", "password": "{credentials.password}"}}},
}
WAY = {"type": "session", "login": LOGIN, "keep": {"session": "session", "endpoint": "endpoint"}}
CALL = {"post": "{auth.endpoint}", "format": "xml"}


class Gateway:
    """Everything is a POST of XML; a session serves two requests."""

    url = ""

    def __init__(self) -> None:
        self.sessions: list[str] = []
        self.left = 0

    def __call__(self, asked: Asked) -> Any:
        document = xml.parse(asked.body)
        if asked.path == "/gateway":
            login = document["login"]
            if (login["user"], login["password"]) != ("anna", "secret & word"):
                return "<response><error><code>XL01</code><text>wrong password</text></error></response>"
            self.sessions.append(f"s&{len(self.sessions)}")
            self.left = 2
            session = self.sessions[-1].replace("&", "&amp;")
            return f"<response><session>{session}</session><endpoint>{self.url}/node7</endpoint></response>"
        if asked.path != "/node7":
            return None
        if not self.sessions or document["session"] != self.sessions[-1] or self.left == 0:
            return "<response><error><code>OVER</code></error></response>"
        self.left -= 1
        page = int(document.get("page") or 0)
        left = "1" if page < 3 else "0"
        return f'<response><account>a1</account><data left="{left}"><thing><id>{page}</id></thing></data></response>'


def place(root: Path, gateway: Gateway, server: Little, password: str) -> Place:
    gateway.url = server.url
    thing = {
        "key": "id",
        "fields": {"id": "text"},
        "reads": {
            "all": {
                **CALL, "xml": {"request": {"session": "{auth.session}", "page": "{page}"}}, "size": 1,
                "records": "data.*", "next": {"type": "offset", "until": {"data.@left": "0"}},
            }
        },
    }  # fmt: skip
    source = definition(
        server.url,
        auth={"services": WAY},
        probe={**CALL, "xml": {"request": {"session": "{auth.session}"}}, "keep": {"id": "account"}},
        error={"code": "error.code", "message": "error.text"},
        on_error=[{"when": {"status": 200, "error.code": "OVER"}, "then": "refresh"}],
        objects={"things": thing},
    )
    made = Place(root, source, {"things": {}}, credentials={"user": "${LITTLE_USER}", "password": "${LITTLE_PASSWORD}"})
    (root / ".env").write_text(f'LITTLE_USER=anna\nLITTLE_PASSWORD="{password}"\n')
    return made


def test_a_session_that_ends_between_pages_is_renewed_and_the_same_page_sent_again(
    serve: Serve, tmp_path: Path
) -> None:
    gateway = Gateway()
    server = serve(gateway)
    things = place(tmp_path, gateway, server, "secret & word")
    things.sync()
    assert things.rows("SELECT id FROM raw.crm__things ORDER BY 1") == [("0",), ("1",), ("2",), ("3",)]
    assert len(gateway.sessions) >= 3, "each lives for two requests"


def test_a_refused_login_asks_for_other_credentials_and_shows_none(serve: Serve, tmp_path: Path) -> None:
    gateway = Gateway()
    server = serve(gateway)
    report = place(tmp_path, gateway, server, "wrong one").sync(ok=False)
    assert report.exit_code == 4
    assert "XL01: wrong password" in str(report.all_failures)
    assert "wrong one" not in str(report.all_failures)
    assert len(server.asked) == 1


@pytest.mark.parametrize("given", ["session", "endpoint"])
def test_a_login_that_gives_half_of_what_is_needed_is_refused(given: str, serve: Serve, tmp_path: Path) -> None:
    gateway = Gateway()
    server = serve(lambda asked: f"<response><{given}>x</{given}></response>")
    report = place(tmp_path, gateway, server, "secret & word").sync(ok=False)
    assert "its answer holds no session" in str(report.all_failures)
