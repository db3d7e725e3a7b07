"""How strict the simulator of Slack is, and what its variants change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.slack.methods import METHODS
from backhaul.sandbox.slack.vendor import Slack
from backhaul.sandbox.world import World

Serve = Callable[..., Running]
SALES, SECRET, IM = "C00000003", "C00000005", "D00000900"


class Session(httpx.Client):
    def __init__(self, running: Running) -> None:
        given = {"Authorization": f"Bearer {running.credentials['token']}"}
        super().__init__(base_url=f"{running.base_url}/api/", headers=given, trust_env=False)

    def told(self, method: str, **arguments: Any) -> dict[str, Any]:
        answer = self.get(method, params=arguments)
        assert answer.status_code == 200, "a failure comes with a 200"
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture(scope="module")
def world() -> World:
    return World.load()


@pytest.fixture
def served(world: World) -> Iterator[Serve]:
    running: list[Running] = []

    def start(**variants: str) -> Running:
        running.append(serve(Slack(world, variants=variants)))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture(scope="module")
def still(world: World) -> Iterator[Running]:
    """One whose limits no test reaches."""
    with serve(Slack(world)) as running:
        running.configure(limits=False)
        yield running


@pytest.fixture(scope="module")
def asks(still: Running) -> Iterator[Session]:
    with Session(still) as session:
        yield session


def test_a_token_stands_in_a_header_or_a_form_and_never_in_the_address(still: Running) -> None:
    token, url = still.credentials["token"], f"{still.base_url}/api/auth.test"
    assert httpx.post(url, data={"token": token}, trust_env=False).json()["ok"]
    for answer, error in (
        (httpx.get(f"{url}?token={token}", trust_env=False), "not_authed"),
        (httpx.get(url, trust_env=False), "not_authed"),
        (httpx.get(url, headers={"Authorization": "Bearer xoxb-x"}, trust_env=False), "invalid_auth"),
    ):
        assert (answer.status_code, answer.json()) == (200, {"ok": False, "error": error})


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("conversations.histories", {}, "unknown_method"),
        ("conversations.history", {}, "invalid_arguments"),
        ("conversations.history", {"channel": "C9"}, "channel_not_found"),
        ("conversations.history", {"channel": SECRET}, "channel_not_found"),
        ("conversations.history", {"channel": "C00000002"}, "not_in_channel"),
        ("conversations.history", {"channel": SALES, "oldest": "yesterday"}, "invalid_arguments"),
        ("conversations.history", {"channel": SALES, "since": "1"}, "invalid_arguments"),
        ("conversations.history", {"channel": SALES, "limit": "0"}, "invalid_limit"),
        ("conversations.history", {"channel": SALES, "limit": "1001"}, "invalid_limit"),
        ("conversations.history", {"channel": SALES, "limit": "many"}, "invalid_arguments"),
        ("conversations.history", {"channel": SALES, "cursor": "bm8="}, "invalid_cursor"),
        ("conversations.history", {"channel": SALES, "inclusive": "perhaps"}, "invalid_arguments"),
        ("conversations.replies", {"channel": SALES, "ts": "1700000000.000001"}, "thread_not_found"),
        ("conversations.list", {"types": "public_channel,secret"}, "invalid_types"),
        ("conversations.info", {"channel": SECRET}, "channel_not_found"),
        ("users.info", {"user": "U9"}, "user_not_found"),
        ("users.profile.get", {"user": "U9"}, "user_not_found"),
        ("files.info", {"file": "F9"}, "file_not_found"),
        ("pins.list", {"channel": "C00000002"}, "not_in_channel"),
        ("chat.postMessage", {"channel": SALES}, "no_text"),
        ("chat.postMessage", {"channel": SALES, "text": "x" * 40_001}, "msg_too_long"),
        ("chat.postMessage", {"channel": SALES, "blocks": '[{"text": "x"}]'}, "invalid_blocks"),
        ("chat.postMessage", {"channel": SALES, "text": "x", "metadata": '{"a": 1}'}, "invalid_metadata_format"),
        ("chat.postMessage", {"channel": SALES, "text": "x", "thread_ts": "1.1"}, "thread_not_found"),
        ("chat.postMessage", {"channel": "C00000002", "text": "x"}, "not_in_channel"),
        ("chat.delete", {"channel": SALES, "ts": "1700000000.000001"}, "message_not_found"),
        ("conversations.rename", {"channel": IM, "name": "x"}, "method_not_supported_for_channel_type"),
        ("conversations.create", {"name": "No Spaces"}, "invalid_name_specials"),
        ("conversations.create", {"name": "--"}, "invalid_name_punctuation"),
        ("conversations.create", {"name": "x" * 81}, "invalid_name_maxlength"),
        ("conversations.archive", {"channel": "C00000001"}, "cant_archive_general"),
        ("usergroups.update", {"usergroup": "S9"}, "no_such_subteam"),
        ("usergroups.create", {"name": "Central team"}, "name_already_exists"),
        ("usergroups.create", {"name": "New", "handle": "central-team"}, "handle_already_exists"),
    ],
)
def test_a_wrong_call_is_told_by_its_error(asks: Session, method: str, arguments: dict[str, str], error: str) -> None:
    answer = asks.get(method, params=arguments) if len(str(arguments)) < 9000 else asks.post(method, data=arguments)
    assert answer.status_code == 200
    assert (answer.json()["ok"], answer.json()["error"]) == (False, error)


def test_a_body_is_json_or_a_form_and_its_charset_is_missed(asks: Session) -> None:
    told = asks.post("users.list", json={"limit": 5}).json()
    assert (len(told["members"]), told["warning"]) == (5, "missing_charset")
    good = {"Content-Type": "application/json; charset=utf-8"}
    assert "warning" not in asks.post("users.list", content=b'{"limit": 5}', headers=good).json()
    assert len(asks.post("users.list", data={"limit": "5"}).json()["members"]) == 5
    for content, kind, error in (
        (b"{", "application/json", "invalid_json"),
        (b"[]", "application/json", "json_not_object"),
        (b"x", "text/plain", "invalid_post_type"),
        (b"x", "", "missing_post_type"),
    ):
        answer = asks.post("users.list", content=content, headers={"Content-Type": kind})
        assert answer.json()["error"] == error


def test_a_cursor_is_good_for_its_own_question_alone(asks: Session) -> None:
    cursor = asks.told("conversations.history", channel=SALES, limit=10)["response_metadata"]["next_cursor"]
    assert asks.told("conversations.history", channel=SALES, limit=20, cursor=cursor)["ok"]
    assert asks.told("conversations.history", channel="C00000001", cursor=cursor)["error"] == "invalid_cursor"
    assert asks.told("users.list", limit=10, cursor=cursor)["error"] == "invalid_cursor"


def test_what_is_shown_hangs_on_the_kind_of_a_conversation(asks: Session) -> None:
    assert {each["is_channel"] for each in asks.told("conversations.list", limit=1000)["channels"]} == {True}
    (im, *_) = asks.told("conversations.list", types="im")["channels"]
    assert "name" not in im
    assert "is_member" not in im
    archived = asks.told("conversations.list", limit=1000, exclude_archived="true")["channels"]
    assert not any(each["is_archived"] for each in archived)
    assert SECRET not in str(asks.told("conversations.list", types="private_channel"))


def test_an_email_takes_a_scope_of_its_own(served: Serve) -> None:
    running = served()
    with Session(running) as session:
        running.configure(missing_scopes=["users:read.email", "channels:history", "im:read"])
        assert not any("email" in each["profile"] for each in session.told("users.list", limit=1000)["members"])
        assert "email" not in session.told("users.info", user="U00000100")["user"]["profile"]
        told = session.told("conversations.history", channel=SALES)
        assert (told["error"], told["needed"]) == ("missing_scope", "channels:history")
        assert session.told("conversations.history", channel=IM)["ok"]
        assert session.told("conversations.list", types="public_channel,im")["needed"] == "im:read"
        headers = session.get("conversations.list").headers
        assert "channels:read" in headers["x-oauth-scopes"]
        assert headers["x-accepted-oauth-scopes"].startswith("channels:read")


@pytest.mark.parametrize(
    ("method", "arguments"), [("users.list", {"limit": 1}), ("conversations.history", {"channel": IM})]
)
def test_a_method_is_limited_by_its_tier_and_no_other_with_it(
    served: Serve, method: str, arguments: dict[str, Any]
) -> None:
    running = served()
    with Session(running) as session:
        for _ in range(METHODS[method].a_minute * 11 // 10):
            assert session.get(method, params=arguments).json()["ok"]
        answer = session.get(method, params=arguments)
        assert (answer.status_code, answer.json()) == (429, {"ok": False, "error": "ratelimited"})
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert session.told("team.info")["ok"]
        running.advance(61)
        assert session.get(method, params=arguments).json()["ok"]


def test_posting_is_limited_by_channel(served: Serve) -> None:
    running = served()
    with Session(running) as session:
        answers = [session.post("chat.postMessage", data={"channel": SALES, "text": "x"}) for _ in range(6)]
        assert [each.status_code for each in answers] == [200] * 5 + [429]
        assert session.post("chat.postMessage", data={"channel": IM, "text": "x"}).json()["ok"]


def test_an_app_outside_the_marketplace_has_fifteen_messages_a_minute(served: Serve) -> None:
    running = served(app="commercial", throttled="rate_limited")
    with Session(running) as session:
        assert len(session.told("conversations.history", channel=SALES, limit=200)["messages"]) == 15
        answer = session.get("conversations.history", params={"channel": SALES})
        assert (answer.status_code, answer.json()["error"]) == (429, "rate_limited")


def test_pages_may_be_short_and_empty_though_others_follow(served: Serve) -> None:
    running = served(pages="short", last_cursor="absent")
    running.configure(limits=False)
    with Session(running) as session:
        sizes, seen, cursor = [], [], ""
        while True:
            told = session.told("users.list", limit=60, **({"cursor": cursor} if cursor else {}))
            sizes.append(len(told["members"]))
            seen += [each["id"] for each in told["members"]]
            if "response_metadata" not in told:
                break
            cursor = told["response_metadata"]["next_cursor"]
        assert 0 in sizes
        assert seen == [each["id"] for each in running.dump("users")]


def test_arguments_that_a_method_does_not_have_may_be_passed_over(served: Serve) -> None:
    with Session(served(unknown_parameters="ignored")) as session:
        assert session.told("team.info", nonsense=1)["ok"]


def test_threads_of_channels_may_be_closed_to_a_bot(served: Serve) -> None:
    running = served(replies_of_channels="refused")
    root = next(each for each in running.dump("messages") if each["channel_id"] == SALES)
    with Session(running) as session:
        told = session.told("conversations.replies", channel=SALES, ts=root["ts"])
        assert told["error"] == "not_allowed_token_type"


def test_tokens_without_rotation_have_no_end(served: Serve) -> None:
    running = served(token_rotation="off")
    app = {name: running.credentials[name] for name in ("client_id", "client_secret")}
    back = "http://localhost:8712/callback"
    page = httpx.get(
        f"{running.base_url}/oauth/v2/authorize",
        params={"client_id": app["client_id"], "scope": "team:read", "redirect_uri": back}, trust_env=False,
    )  # fmt: skip
    code = httpx.URL(page.headers["location"]).params["code"]
    url = f"{running.base_url}/api/oauth.v2.access"
    assert httpx.post(url, data={**app, "client_secret": "x", "code": code}, trust_env=False).json() == {
        "ok": False, "error": "bad_client_secret",
    }  # fmt: skip
    told = httpx.post(url, data={**app, "code": code, "redirect_uri": back}, trust_env=False).json()
    assert told["token_type"] == "bot"
    assert not {"refresh_token", "expires_in"} & set(told)
    refresh = {**app, "grant_type": "refresh_token", "refresh_token": "xoxe-1-x"}
    assert httpx.post(url, data=refresh, trust_env=False).json()["error"] == "invalid_refresh_token"
    running.advance(400 * 86400)
    bearer = {"Authorization": f"Bearer {told['access_token']}"}
    assert httpx.get(f"{running.base_url}/api/team.info", headers=bearer, trust_env=False).json()["ok"]
