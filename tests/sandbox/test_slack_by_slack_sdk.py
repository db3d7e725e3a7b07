"""The simulator as Slack's own slack_sdk sees it: a client that others wrote, of which only the address is changed."""

from __future__ import annotations

from collections.abc import Iterator
from time import time
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.oauth import AuthorizeUrlGenerator
from slack_sdk.oauth.installation_store.models.bot import Bot
from slack_sdk.oauth.token_rotation import TokenRotator
from slack_sdk.web.slack_response import SlackResponse

from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.slack.vendor import Slack
from backhaul.sandbox.world import World

SALES = "C00000003"


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with serve(Slack(World.load())) as running:
        running.configure(limits=False)
        yield running


def client_of(served: Running, token: str | None = None, **more: object) -> WebClient:
    return WebClient(token or served.credentials["token"], base_url=f"{served.base_url}/api/", **more)  # type: ignore[arg-type]


def paged(response: SlackResponse) -> list[dict[str, Any]]:
    """Its pages: the client's own iterator puts each into the same object."""
    return [dict(page.data) for page in response if isinstance(page.data, dict)]


@pytest.fixture
def client(served: Running) -> WebClient:
    return client_of(served)


def test_a_good_token_is_let_in_and_a_wrong_one_is_told_so(served: Running, client: WebClient) -> None:
    me = client.auth_test()
    assert (me["team_id"], me["user_id"]) == ("T024BE7LD", "U0BACKHAUL")
    assert "chat:write" in me.headers["x-oauth-scopes"]
    with pytest.raises(SlackApiError) as caught:
        client_of(served, "xoxb-wrong").auth_test()
    assert caught.value.response["error"] == "invalid_auth"


def test_pages_by_cursor_follow_each_other_to_the_end(served: Running, client: WebClient) -> None:
    pages = paged(client.users_list(limit=40))
    assert len(pages) > 3
    assert [user["id"] for page in pages for user in page["members"]] == [each["id"] for each in served.dump("users")]
    kinds = "public_channel,im,mpim,private_channel"
    channels = [
        each["id"] for page in paged(client.conversations_list(limit=30, types=kinds)) for each in page["channels"]
    ]
    assert sorted(channels) == sorted(each["id"] for each in served.dump("conversations"))


def test_history_goes_from_the_newest_and_a_thread_from_the_oldest(served: Running, client: WebClient) -> None:
    pages = paged(client.conversations_history(channel=SALES, limit=20))
    told = [message["ts"] for page in pages for message in page["messages"]]
    assert len(pages) > 3
    assert told == sorted(told, reverse=True)
    assert sorted(told) == sorted(each["ts"] for each in served.dump("messages") if each["channel_id"] == SALES)
    some = client.conversations_history(channel=SALES, oldest=told[9], latest=told[3], inclusive=True)["messages"]
    assert [each["ts"] for each in some] == told[3:10]
    open_ = client.conversations_history(channel=SALES, oldest=told[9], latest=told[3])["messages"]
    assert [each["ts"] for each in open_] == told[4:9]
    everything = [message for page in pages for message in page["messages"]]
    root = max(everything, key=lambda each: each.get("reply_count", 0))
    threads = paged(client.conversations_replies(channel=SALES, ts=root["ts"], limit=40))
    assert len(threads) > 3
    assert {page["messages"][0]["ts"] for page in threads} == {root["ts"]}, "the root begins each page"
    assert sum(len(page["messages"]) - 1 for page in threads) == root["reply_count"]


def test_files_go_by_page(served: Running, client: WebClient) -> None:
    first = client.files_list(count=30)
    pages = [client.files_list(count=30, page=n)["files"] for n in range(1, first["paging"]["pages"] + 1)]
    assert len(pages) > 3
    assert first["paging"]["total"] == sum(map(len, pages)) == len(served.dump("files"))


def test_a_message_is_posted_answered_edited_and_deleted(served: Running, client: WebClient) -> None:
    metadata = {"event_type": "told", "event_payload": {"key": "1"}}
    made = client.chat_postMessage(channel=SALES, text="Hello", metadata=metadata)
    ts = str(made["ts"])
    (found,) = client.conversations_history(
        channel=SALES, oldest=ts, latest=ts, inclusive=True, include_all_metadata=True
    )["messages"]
    assert (found["text"], found["metadata"]) == ("Hello", metadata)
    reply = client.chat_postMessage(channel=SALES, text="And", thread_ts=ts)
    assert client.chat_update(channel=SALES, ts=ts, text="Hello!")["message"]["edited"]["user"] == "U0BACKHAUL"
    client.chat_delete(channel=SALES, ts=ts)
    (stone, left) = client.conversations_replies(channel=SALES, ts=ts)["messages"]
    assert (stone["subtype"], left["text"]) == ("tombstone", "And")
    client.chat_delete(channel=SALES, ts=str(reply["ts"]))
    with pytest.raises(SlackApiError, match="thread_not_found"):
        client.conversations_replies(channel=SALES, ts=ts)


def test_of_several_messages_those_at_fault_are_refused(client: WebClient) -> None:
    """There are no batches: each is told by itself."""
    said = []
    for channel, text in ((SALES, "one"), ("C00000005", "two"), (SALES, " " * 40_001 + "x"), (SALES, "three")):
        try:
            said.append(client.chat_postMessage(channel=channel, text=text)["ok"])
        except SlackApiError as error:
            said.append(error.response["error"])
    assert said == [True, "channel_not_found", "msg_too_long", True]


def test_channels_and_groups_are_made_and_changed(client: WebClient) -> None:
    channel = client.conversations_create(name="by-the-sdk", is_private=True)["channel"]
    assert channel["is_private"]
    assert client.conversations_rename(channel=channel["id"], name="by-the-sdk-2")["channel"]["name"] == "by-the-sdk-2"
    client.conversations_archive(channel=channel["id"])
    assert client.conversations_info(channel=channel["id"])["channel"]["is_archived"]
    group = client.usergroups_create(name="By the SDK", handle="sdk")["usergroup"]
    client.usergroups_update(usergroup=group["id"], description="changed")
    client.usergroups_disable(usergroup=group["id"])
    told = {each["id"]: each for each in client.usergroups_list(include_disabled=True)["usergroups"]}[group["id"]]
    assert told["description"] == "changed"
    assert told["date_delete"] > 0


def test_a_429_is_waited_out_by_its_header(served: Running) -> None:
    served.fault("429", count=1, path="team.info", retry_after=1)
    patient = client_of(served, retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=1)])
    assert patient.team_info()["team"]["domain"] == "maven-computing"
    served.fault("429", count=1, path="team.info", retry_after=7)
    with pytest.raises(SlackApiError) as caught:
        client_of(served).team_info()
    assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "7")


def test_a_person_consents_and_the_tokens_are_renewed_one_after_the_other(served: Running) -> None:
    app = {name: served.credentials[name] for name in ("client_id", "client_secret")}
    back = "http://localhost:8712/callback"
    page = AuthorizeUrlGenerator(
        client_id=app["client_id"], redirect_uri=back, scopes=["team:read", "users:read"],
        authorization_url=f"{served.base_url}/oauth/v2/authorize",
    )  # fmt: skip
    sent_on = httpx.get(page.generate("a-state"), trust_env=False)
    code = httpx.URL(sent_on.headers["location"]).params["code"]
    plain = WebClient(base_url=f"{served.base_url}/api/")
    given = plain.oauth_v2_access(**app, code=code, redirect_uri=back)
    assert (given["scope"], given["expires_in"]) == ("team:read,users:read", 43200)
    tokens = [str(given["access_token"])]
    bot = Bot(
        bot_token=tokens[0], bot_refresh_token=str(given["refresh_token"]), bot_token_expires_at=int(time()) + 60,
        bot_id="B", bot_user_id="U", installed_at=time(),
    )  # fmt: skip
    rotator = TokenRotator(**app, client=plain)
    for _ in range(2):
        renewed = rotator.perform_bot_token_rotation(bot=bot)
        assert renewed is not None
        assert renewed.bot_refresh_token != bot.bot_refresh_token
        renewed.bot_token_expires_at = int(time()) + 60
        bot = renewed
        tokens.append(bot.bot_token)
    assert client_of(served, tokens[2]).team_info()["ok"]
    assert client_of(served, tokens[1]).team_info()["ok"], "two live at a time"
    with pytest.raises(SlackApiError, match="token_expired"):
        client_of(served, tokens[0]).team_info()
    with pytest.raises(SlackApiError) as caught:
        client_of(served, tokens[2]).files_list()
    assert (caught.value.response["error"], caught.value.response["needed"]) == ("missing_scope", "files:read")
    with pytest.raises(SlackApiError, match="invalid_code"):
        plain.oauth_v2_access(**app, code=code, redirect_uri=back)
