"""What is Slack's own: no list of what changed, a position a channel, threads, stones where messages were."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from tests.conftest import Bench
from tests.sources.test_variants import sync
from tests.truth import differences

TALK: dict[str, Any] = {"conversations": {}, "messages": {}, "replies": {}}
SALES = "C00000003"


def untrue(made: Bench, *objects: str) -> list[str]:
    dumps = {name: made.simulators["crm"].dump(name) for name in objects or TALK}
    return list(differences(made.project.config.layout.work("acme"), "crm", dumps, winners=False))


def asked(vendor: Any, since: int) -> list[str]:
    return [each["path"].removeprefix("/api/") for each in vendor.received(since)]


@pytest.fixture
def talk(bench: Callable[..., Bench]) -> Bench:
    """The vendor's clock is behind ours, so that what happens there was before it is read, however long that takes."""
    made = bench(crm=("slack", TALK))
    made.simulators["crm"].advance(-30 * 86400)
    sync(made)
    return made


def say(vendor: Any, text: str, **more: Any) -> str:
    """A message of now: its id, the channel and the time."""
    name = "replies" if "thread_ts" in more else "messages"
    return str(vendor.mutate("create", name, values={"channel_id": SALES, "text": text, **more})["id"])


def test_edits_reactions_and_deletions_show_for_a_week(talk: Bench) -> None:
    vendor = talk.simulators["crm"]
    ids = [say(vendor, f"message {n}") for n in range(6)]
    vendor.advance(3600)
    sync(talk)
    assert untrue(talk) == []
    vendor.mutate("update", "messages", ids[0], {"text": "edited"})
    vendor.mutate("update", "messages", ids[1], {"reactions": [{"name": "eyes", "users": ["U00000101"], "count": 1}]})
    vendor.mutate("delete", "messages", ids[2])
    vendor.mutate("purge", "messages", ids[3])
    vendor.advance(5 * 86400)
    report = sync(talk)
    assert untrue(talk) == []
    assert report.lines["crm", "messages"].updated == 2
    assert report.lines["crm", "messages"].deleted == 2


def test_a_message_that_is_older_than_the_week_is_told_no_more_and_a_full_read_finds_it(talk: Bench) -> None:
    vendor = talk.simulators["crm"]
    old = next(each for each in vendor.dump("messages") if each["channel_id"] == SALES and "thread_ts" not in each)
    vendor.mutate("update", "messages", f"{SALES}:{old['ts']}", {"text": "edited long after"})
    sync(talk)
    assert untrue(talk) != []
    assert talk.acme.sync(full=True).exit_code == 0
    assert untrue(talk) == []


def test_a_channel_is_asked_for_what_is_new_in_it_alone(talk: Bench) -> None:
    vendor = talk.simulators["crm"]
    mark = len(vendor.received())
    say(vendor, "news")
    vendor.advance(3600)
    report = sync(talk)
    histories = [each for each in vendor.received(mark) if each["path"].endswith("history")]
    assert all("oldest=" in each["query"] and "inclusive=true" in each["query"] for each in histories)
    assert report.lines["crm", "messages"].inserted == 1
    assert asked(vendor, mark).count("conversations.replies") == 0, "no thread has grown"


def test_a_thread_is_read_when_it_grows_shrinks_and_ends(talk: Bench) -> None:
    vendor = talk.simulators["crm"]
    root = say(vendor, "who comes?").split(":")[1]
    answers = [say(vendor, f"me {n}", thread_ts=root) for n in range(3)]
    vendor.advance(3600)
    sync(talk)
    assert untrue(talk) == []
    assert len([row for row in talk.raw("crm__replies", "thread_ts, _deleted_at") if row[0] == root]) == 3
    vendor.mutate("delete", "replies", answers[2])
    say(vendor, "late", thread_ts=root)
    say(vendor, "to all", thread_ts=root, subtype="thread_broadcast")
    mark = len(vendor.received())
    vendor.advance(3600)
    sync(talk)
    assert untrue(talk) == []
    assert asked(vendor, mark).count("conversations.replies") == 1
    # its root is deleted: a stone stays, with the replies under it, until the last of them goes
    vendor.mutate("delete", "messages", f"{SALES}:{root}")
    vendor.advance(3600)
    sync(talk)
    assert untrue(talk) == []
    stone = next(row for row in talk.raw("crm__messages", "ts, subtype, text") if row[0] == root)
    assert stone[1:] == ("tombstone", "This message was deleted.")
    for each in vendor.dump("replies"):
        if each["thread_ts"] == root and not each["_deleted"]:
            vendor.mutate("delete", "replies", f"{SALES}:{each['ts']}")
    vendor.advance(3600)
    sync(talk)
    assert untrue(talk) == []


def test_a_long_thread_has_several_pages_and_its_root_is_no_reply(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("slack", TALK))
    vendor = made.simulators["crm"]
    vendor.configure(page_size_cap=20)
    sync(made)
    assert untrue(made) == []
    assert len([1 for path in asked(vendor, 0) if path == "conversations.replies"]) > 8
    (roots,) = {row[0] for row in made.raw("crm__replies", "count(*) filter (thread_ts = ts) over ()")}
    assert roots == 0


def test_a_channel_that_the_app_joins_is_read_from_its_beginning_and_one_it_leaves_keeps_what_is_here(
    talk: Bench,
) -> None:
    vendor = talk.simulators["crm"]
    joined, left = "C00000002", "C00000100"
    vendor.mutate("create", "members", values={"channel_id": joined, "user_id": "U0BACKHAUL"})
    vendor.mutate("delete", "members", f"{left}:U0BACKHAUL")
    vendor.advance(26 * 3600)
    sync(talk)
    live = [row[0] for row in talk.raw("crm__messages", "channel_id, _deleted_at") if row[1] is None]
    assert (live.count(joined), live.count(left)) == (5, 6)


def test_an_archived_channel_keeps_its_messages_and_a_deleted_one_does_not(talk: Bench) -> None:
    vendor = talk.simulators["crm"]
    vendor.mutate("update", "conversations", SALES, {"is_archived": True})
    vendor.mutate("delete", "conversations", "C00000004")
    vendor.advance(26 * 3600)
    sync(talk)
    assert untrue(talk) == []
    rows = talk.raw("crm__messages", "channel_id, _deleted_at is null")
    assert {live for channel, live in rows if channel == SALES} == {True}
    assert {live for channel, live in rows if channel == "C00000004"} == {False}


def test_times_keep_every_digit(talk: Bench) -> None:
    """`ts` names a message: as a number it would lose digits, and name another."""
    ts, at = talk.raw("crm__messages", "ts, posted_at")[0]
    whole, part = ts.split(".")
    assert len(part) == 6
    assert at == datetime.fromtimestamp(int(whole), UTC).replace(microsecond=int(part))


def test_a_scope_that_nobody_granted_leaves_its_object_out_and_the_others_go_on(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("slack", {"users": {}, "files": {}, "pins": {}, "conversations": {}}))
    vendor = made.simulators["crm"]
    vendor.configure(missing_scopes=["files:read", "users:read.email"])
    report = made.acme.sync()
    assert report.exit_code == 0, report.all_failures
    assert report.sync is not None
    assert "files:read" in report.sync.lines["crm", "files"].not_served
    assert {row[0] for row in made.raw("crm__users", "email")} == {None}
    assert len(made.raw("crm__conversations")) > 50


def test_a_token_that_is_taken_back_asks_for_a_person(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("slack", {"team": {}}))
    sync(made)
    made.simulators["crm"].fault("revoked_token", count=1, path="team.info")
    report = made.acme.sync()
    assert report.exit_code == 4
    assert "token_revoked" in report.all_failures[0].what


def test_an_answer_that_says_that_it_failed_is_tried_again_though_its_status_is_200(
    bench: Callable[..., Bench],
) -> None:
    made = bench(crm=("slack", {"users": {}, "usergroups": {}}))
    vendor = made.simulators["crm"]
    vendor.fault("429", count=2, path="users.list", retry_after=0.05)
    vendor.fault("503", count=1, path="usergroups.list")
    sync(made)
    assert untrue(made, "users", "usergroups") == []


# -- variants ------------------------------------------------------------------------------------------------------


def test_an_app_that_is_sold_outside_the_marketplace_waits_for_its_turn(bench: Callable[..., Bench]) -> None:
    """One call a minute, 15 messages a call: minutes pass faster here, and Retry-After says when."""
    made = bench(crm=("slack", {"conversations": {}, "messages": {}}), variants={"app": "commercial"})
    vendor = made.simulators["crm"]
    vendor.configure(limits=True, pace=3000)
    own = made.root / "sources" / "slack" / "source.yaml"
    written = yaml.safe_load(own.read_text())
    written["settings"]["conversation_types"]["default"] = "private_channel,im"
    own.write_text(yaml.safe_dump(written, sort_keys=False))
    made.project.close()
    report = made.acme.sync()
    assert report.exit_code == 0, report.all_failures
    pages = [each for each in vendor.received() if each["path"].endswith("history")]
    assert 429 in {each["status"] for each in pages}
    assert max(each["rows"] or 0 for each in pages) == 15
    shown = [
        each for each in vendor.dump("messages") if each["channel_id"][0] == "D" or each["channel_id"] == "C00000004"
    ]
    assert len(made.raw("crm__messages")) == len(shown)


def test_threads_that_a_bot_may_not_read_are_left_out_and_messages_are_read(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("slack", TALK), variants={"replies_of_channels": "refused"})
    report = made.acme.sync()
    assert report.exit_code == 0, report.all_failures
    assert untrue(made, "conversations", "messages") == []
    assert {row[0] for row in made.raw("crm__replies", "channel_id")}.isdisjoint({SALES, "C00000001"})


# -- pushes --------------------------------------------------------------------------------------------------------


@pytest.fixture
def pushing(bench: Callable[..., Bench]) -> Bench:
    """A push says something in a channel; another changes what it said."""
    words = "(values ('Ada'), ('Bo')) as w(about)"
    push = {
        "tell": {
            "to": "crm.messages", "mode": "append", "key": "about",
            "select": f"select about, '{SALES}' as channel_id, 'Hello ' || about as text from {words}",
        },
        "mend": {
            "to": "crm.messages", "mode": "update", "key": "_key",
            "select": "select _key, text || '!' as text from raw.crm__messages where text like 'Hello%' and "
            "not ends_with(text, '!')",
        },
    }  # fmt: skip
    made = bench(crm=("slack", TALK), extra={"push": push})
    made.simulators["crm"].advance(-30 * 86400)
    assert made.acme.run().exit_code == 0
    return made


def said(made: Bench) -> list[str]:
    return sorted(each["text"] for each in made.simulators["crm"].dump("messages") if each["text"].startswith("Hello"))


def test_a_message_is_posted_once_and_changed_where_it_stands(pushing: Bench) -> None:
    vendor = pushing.simulators["crm"]
    first = pushing.acme.push("tell")
    assert (first.written, said(pushing)) == (2, ["Hello Ada", "Hello Bo"])
    assert pushing.acme.push("tell").written == 0
    vendor.advance(3600)
    assert pushing.acme.run().exit_code == 0
    assert untrue(pushing) == []
    assert pushing.acme.push("tell").written == 0
    report = pushing.acme.push("mend")
    assert (report.written, [each.what for each in report.troubles]) == (2, [])
    assert said(pushing) == ["Hello Ada!", "Hello Bo!"]
    vendor.advance(3600)
    sync(pushing)
    assert untrue(pushing) == []


def test_a_message_whose_answer_was_lost_is_looked_for_before_it_is_sent_again(pushing: Bench) -> None:
    """Found, it is ours. Not found, it is not sent again at once: a channel may show a message a little late."""
    vendor = pushing.simulators["crm"]
    vendor.fault("lost_answer", count=1, path="chat.postMessage", body="Hello Ada")
    vendor.fault("503", count=1, path="chat.postMessage", body="Hello Bo")
    first = pushing.acme.push("tell")
    mark = len(vendor.received())
    again = pushing.acme.push("tell")
    assert (first.unknown, again.unknown, again.written) == (1, 1, 0)
    assert said(pushing) == ["Hello Ada"], "by our id in it"
    assert not [path for path in asked(vendor, mark) if path == "chat.postMessage"]
