"""One workspace: its tables, who is in which conversation, and how each record is shown."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.slack.answers import moment_of, seconds, ts_of
from backhaul.sandbox.tables import Row, Table

TEAM, TEAM_NAME, DOMAIN, APP = "T024BE7LD", "Maven Computing", "maven-computing", "A0BACKHAUL"
SLACKBOT, BOT_USER, BOT = "USLACKBOT", "U0BACKHAUL", "B0BACKHAUL"
TABLES = ("users", "user_profiles", "conversations", "members", "messages", "replies", "pins", "bookmarks",
          "usergroups", "files", "team")  # fmt: skip
# Of a conversation's type: which scope reads it, and which its messages.
KINDS = {"public_channel": "channels", "private_channel": "groups", "mpim": "mpim", "im": "im"}
GONE = {"subtype": "tombstone", "text": "This message was deleted.", "user": SLACKBOT, "hidden": True,
        "parent_user_id": SLACKBOT}  # fmt: skip


class Workspace:
    """The state that all methods share. A message's id is its conversation and its `ts`, parted by a colon."""

    def __init__(self, clock: Clock, variants: Mapping[str, str], controls: Mapping[str, Any]) -> None:
        self.clock = clock
        self.variants = variants
        self.controls = controls
        self.tables: dict[str, Table] = {name: Table(name) for name in TABLES}
        self._roots: dict[str, list[str]] = defaultdict(list)
        self._threads: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._members: dict[str, dict[str, None]] = defaultdict(dict)

    # -- conversations ----------------------------------------------------------------------------------------------

    def kind(self, row: Row) -> str:
        return str(row.values["kind"])

    def conversation(self, id: str) -> Row | None:
        """One that the bot may know of: private ones only where it is in."""
        row = self.tables["conversations"].get(id)
        return row if row is not None and row.live and self.sees(row) else None

    def sees(self, row: Row) -> bool:
        return self.kind(row) == "public_channel" or self.is_in(row)

    def is_in(self, row: Row) -> bool:
        return BOT_USER in self._members[row.id]

    def members(self, id: str) -> list[str]:
        return list(self._members[id])

    def join(self, conversation: str, user: str, at: datetime) -> Row:
        self._members[conversation][user] = None
        id, table = f"{conversation}:{user}", self.tables["members"]
        old = table.get(id)
        if old is not None:
            return table.restore(id, at)
        return table.insert({"channel_id": conversation, "user_id": user}, id=id, at=at)

    def leave(self, conversation: str, user: str, at: datetime) -> None:
        self._members[conversation].pop(user, None)
        self.tables["members"].delete(f"{conversation}:{user}", at)

    def shown_conversation(self, row: Row) -> dict[str, Any]:
        values, kind = row.values, self.kind(row)
        told: dict[str, Any] = {
            "id": row.id,
            "created": seconds(row.created_at),
            "updated": int(row.changed_at.timestamp() * 1000),
            "is_archived": values["is_archived"],
            "is_im": kind == "im",
            "is_org_shared": False,
            "context_team_id": TEAM,
        }
        if kind == "im":
            return {**told, "user": values["user"], "is_user_deleted": False, "priority": 0}
        return {
            **told,
            "name": values["name"],
            "name_normalized": values["name"],
            "is_channel": kind == "public_channel",
            "is_group": kind == "private_channel",
            "is_mpim": kind == "mpim",
            "is_private": kind != "public_channel",
            "is_general": values["name"] == "general",
            "is_shared": False,
            "is_ext_shared": False,
            "is_member": self.is_in(row),
            "creator": values["creator"],
            "num_members": len(self._members[row.id]),
            "topic": {"value": values["topic"], "creator": values["creator"] if values["topic"] else "", "last_set": 0},
            "purpose": {"value": values["purpose"], "creator": "", "last_set": 0},
            "previous_names": list(values.get("previous_names", [])),
            "unlinked": 0,
            "shared_team_ids": [TEAM],
            "pending_shared": [],
        }

    # -- messages ---------------------------------------------------------------------------------------------------

    def free_ts(self, conversation: str, at: datetime) -> str:
        """A time of a message that no other there has."""
        ts = ts_of(at)
        while self.message(conversation, ts) is not None:
            at += timedelta(microseconds=1)
            ts = ts_of(at)
        return ts

    def post(self, conversation: str, values: Mapping[str, Any], at: datetime) -> Row:
        """A message; in the thread of `thread_ts`, where it has one."""
        ts = self.free_ts(conversation, at)
        held = {"channel_id": conversation, **values, "ts": ts}
        root = held.get("thread_ts")
        name = "messages" if root is None else "replies"
        row = self.tables[name].insert(held, id=f"{conversation}:{ts}", at=moment_of(ts))
        places = self._roots[conversation] if root is None else self._threads[conversation, str(root)]
        places.insert(bisect_left(places, ts), ts)
        return row

    def message(self, conversation: str, ts: str) -> Row | None:
        """A root or a reply, deleted or not."""
        id = f"{conversation}:{ts}"
        return self.tables["messages"].get(id) or self.tables["replies"].get(id)

    def roots(self, conversation: str, oldest: str, latest: str) -> Iterator[Row]:
        """What history shows between two times, both included: roots, and replies that were sent to all."""
        places = self._roots[conversation]
        for ts in places[bisect_left(places, oldest) : bisect_right(places, latest)]:
            row = self.tables["messages"].get(f"{conversation}:{ts}")
            if row is not None and row.live:
                yield row
        for row in self.broadcasts(conversation):
            if oldest <= row.values["ts"] <= latest:
                yield row

    def broadcasts(self, conversation: str) -> Iterator[Row]:
        for (channel, _), places in self._threads.items():
            if channel == conversation:
                for ts in places:
                    row = self.tables["replies"].get(f"{conversation}:{ts}")
                    if row is not None and row.live and row.values.get("subtype") == "thread_broadcast":
                        yield row

    def thread(self, conversation: str, root: str) -> list[Row]:
        """The living replies, oldest first."""
        table, ids = self.tables["replies"], self._threads.get((conversation, root), [])
        rows = [table.get(f"{conversation}:{ts}") for ts in ids]
        return [row for row in rows if row is not None and row.live]

    def remove(self, row: Row, at: datetime) -> None:
        """Delete a message. A root with replies leaves a stone behind, and goes with the last of them."""
        conversation, ts = row.values["channel_id"], row.values["ts"]
        table = self.tables["replies" if row.values.get("thread_ts") else "messages"]
        if table.name == "messages" and self.thread(conversation, ts):
            for name in ("blocks", "attachments", "files", "reactions", "edited", "bot_id", "app_id", "metadata"):
                row.values.pop(name, None)
            table.update(row.id, GONE, at)
            return
        table.delete(row.id, at)
        if table.name == "replies":
            root = self.message(conversation, str(row.values["thread_ts"]))
            stone = root is not None and root.live and root.values.get("subtype") == "tombstone"
            if root is not None and stone and not self.thread(conversation, root.values["ts"]):
                self.tables["messages"].delete(root.id, at)

    def shown_message(self, row: Row, *, metadata: bool = True) -> dict[str, Any]:
        values = row.values
        told = {"type": "message"} | {
            name: value
            for name, value in values.items()
            if value is not None and name != "channel_id" and (metadata or name != "metadata")
        }
        if "thread_ts" not in told:
            replies = self.thread(values["channel_id"], values["ts"])
            if replies:
                users = list(dict.fromkeys(str(each.values.get("user")) for each in replies))
                told |= {
                    "thread_ts": values["ts"],
                    "reply_count": len(replies),
                    "reply_users_count": len(users),
                    "latest_reply": replies[-1].values["ts"],
                    "reply_users": users[:5],
                    "is_locked": False,
                    "subscribed": False,
                }
        return told

    # -- the rest ---------------------------------------------------------------------------------------------------

    def shown_user(self, row: Row, *, email: bool) -> dict[str, Any]:
        values = row.values
        profile = {**self.tables["user_profiles"].require(row.id).values}
        del profile["user_id"], profile["fields"]
        if not email:
            profile.pop("email", None)
        return {"id": row.id, "team_id": TEAM, **values, "updated": seconds(row.changed_at), "profile": profile}

    def shown_group(self, row: Row, *, users: bool = True) -> dict[str, Any]:
        values = dict(row.values)
        members = values.pop("users")
        told = {
            "id": row.id,
            "team_id": TEAM,
            "is_usergroup": True,
            "is_subteam": True,
            **values,
            "date_create": seconds(row.created_at),
            "date_update": seconds(row.changed_at),
            "date_delete": seconds(row.deleted_at) if row.deleted_at is not None else 0,
            "deleted_by": BOT_USER if row.deleted_at is not None else None,
            "user_count": len(members),
        }
        return {**told, "users": members} if users else told

    def shown_file(self, row: Row) -> dict[str, Any]:
        made = seconds(row.created_at)
        return {"id": row.id, "created": made, "timestamp": made, **row.values}

    def shown_bookmark(self, row: Row) -> dict[str, Any]:
        made, changed = seconds(row.created_at), seconds(row.changed_at)
        return {"id": row.id, **row.values, "date_created": made, "date_updated": changed}

    def stamp_now(self) -> datetime:
        """The stamp of a change of people's: `index_lag` seconds ago, as of one that was not shown for so long."""
        return self.clock.now() - timedelta(seconds=float(self.controls["index_lag"]))
