"""Slack's records become these rows, whatever odd data they hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rawtables import Work

MESSAGE = "channel_id ts posted_at:timestamp thread_ts subtype user text reply_count:integer latest_reply_at:timestamp"


@pytest.fixture
def slack(work: Callable[[str], Work]) -> Work:
    return work("slack")


@pytest.fixture
def people(slack: Work) -> Work:
    slack.table(
        "users", "id", "id name real_name email deleted:boolean is_bot:boolean",
        ["U1", "ada", "Ada Abbott", "ada@x.example", False, False],
        ["U2", "bo", "", "", True, False],
        ["U3", "backhaul", "backhaul", "", False, True],
        ["USLACKBOT", "slackbot", "Slackbot", "", False, False],
    )  # fmt: skip
    return slack


def test_people_are_users_and_apps_are_not_and_who_left_is_inactive(people: Work) -> None:
    people.build()
    assert people.rows("users", "id name email is_active is_deleted") == [
        ("it:users:U1", "Ada Abbott", "ada@x.example", True, False),
        ("it:users:U2", "bo", None, False, False),
    ]


def test_channels_and_direct_messages(slack: Work) -> None:
    slack.table(
        "conversations", "id", "id name is_im:boolean is_mpim:boolean is_private:boolean is_archived:boolean",
        ["C1", "general", False, False, False, False],
        ["C2", "deals", False, False, True, True],
        ["C3", "mpdm-a--b-1", False, True, True, False],
        ["D1", None, True, None, None, False],
    )  # fmt: skip
    slack.build()
    assert slack.rows("channels", "name type is_private is_deleted") == [
        ("general", "channel", False, False),
        ("deals", "channel", True, False),
        ("mpdm-a--b-1", "dm", True, False),
        (None, "dm", True, False),
    ]


def test_a_thread_is_a_conversation_that_its_root_begins(people: Work) -> None:
    at = [f"2026-02-03 10:0{n}:00+00" for n in range(6)]
    people.table(
        "messages", "channel_id:ts", MESSAGE,
        ["C1", "1.000001", at[0], None, None, "U1", "1 &lt; 2 &amp;amp; done", None, None],
        ["C1", "2.000001", at[1], "2.000001", None, "U2", "who?", 2, at[4]],
        ["C1", "3.000001", at[4], "2.000001", "thread_broadcast", "U1", "to all", None, None],
        ["C1", "4.000001", at[5], None, "channel_join", "U1", "joined", None, None],
        ["C1", "5.000001", at[5], None, "bot_message", None, "deployed", None, None],
        ["C1", "6.000001", at[5], None, None, "W9", "from elsewhere", None, None],
        ["C1", "7.000001", at[5], None, None, "U3", "from the app", 0, "1970-01-01 00:00:00+00"],
    )  # fmt: skip
    people.table(
        "replies", "channel_id:ts", MESSAGE,
        ["C1", "2.500001", at[2], "2.000001", None, "U1", "me", None, None],
        ["C1", "3.000001", at[4], "2.000001", "thread_broadcast", "U1", "to all", None, None],
    )  # fmt: skip
    people.build()
    assert people.rows("conversations", "id channel_id last_message_at") == [
        ("it:messages:C1:1.000001", "it:conversations:C1", "2026-02-03T10:00:00Z"),
        ("it:messages:C1:2.000001", "it:conversations:C1", "2026-02-03T10:04:00Z"),
        ("it:messages:C1:5.000001", "it:conversations:C1", "2026-02-03T10:05:00Z"),
        ("it:messages:C1:6.000001", "it:conversations:C1", "2026-02-03T10:05:00Z"),
        ("it:messages:C1:7.000001", "it:conversations:C1", "2026-02-03T10:05:00Z"),
    ]
    root = "it:messages:C1:2.000001"
    assert people.rows("messages", "id conversation_id parent_id author_user_id body") == [
        ("it:messages:C1:1.000001", "it:messages:C1:1.000001", None, "it:users:U1", "1 < 2 &amp; done"),
        ("it:messages:C1:2.000001", root, None, "it:users:U2", "who?"),
        ("it:messages:C1:3.000001", root, root, "it:users:U1", "to all"),
        ("it:messages:C1:5.000001", "it:messages:C1:5.000001", None, None, "deployed"),
        ("it:messages:C1:6.000001", "it:messages:C1:6.000001", None, None, "from elsewhere"),
        ("it:messages:C1:7.000001", "it:messages:C1:7.000001", None, None, "from the app"),
        ("it:replies:C1:2.500001", root, root, "it:users:U1", "me"),
    ]


def test_a_stone_keeps_its_thread_and_says_nothing(people: Work) -> None:
    at = "2026-02-03 10:00:00+00"
    people.table(
        "messages", "channel_id:ts", MESSAGE,
        ["C1", "1.000001", at, "1.000001", "tombstone", "USLACKBOT", "This message was deleted.", 1, at],
        ["C1", "2.000001", at, "2.000001", "channel_topic", "U1", "set the topic", 1, at],
    )  # fmt: skip
    people.build()
    assert people.rows("messages", "id body author_user_id") == [("it:messages:C1:1.000001", None, None)]
    assert [row[0] for row in people.rows("conversations", "id")] == [
        "it:messages:C1:1.000001", "it:messages:C1:2.000001",
    ]  # fmt: skip


def test_files_are_attachments_and_members_are_links(people: Work) -> None:
    people.table(
        "files", "id", "id name title mimetype size:integer url_private permalink",
        ["F1", "a.pdf", "A", "application/pdf", 10, "https://files.example/a", "https://slack.example/F1"],
        ["F2", "", "Post", "", None, None, None],
    )  # fmt: skip
    people.table("conversations", "id", "id name", ["C1", "general"])
    people.table("members", "channel_id:user_id", "channel_id user_id", ["C1", "U1"], ["C1", "U3"], ["C1", "W9"])
    people.build()
    assert people.rows("attachments", "name mime_type size url source_url") == [
        ("a.pdf", "application/pdf", 10, "https://files.example/a", "https://slack.example/F1"),
        ("Post", None, None, None, None),
    ]
    assert people.rows("links", "from_id to_id role") == [("it:users:U1", "it:conversations:C1", "member")]
