"""Methods that read. Lists go by cursor, which holds for the question it was given to; files alone go by page."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from backhaul.sandbox.slack.answers import moment_of, refuse, seconds
from backhaul.sandbox.slack.asked import Asked
from backhaul.sandbox.slack.seed import FIELDS
from backhaul.sandbox.slack.workspace import APP, BOT, BOT_USER, KINDS, TEAM, TEAM_NAME, Workspace
from backhaul.sandbox.tables import Row

MOST, USUAL, FILES = 1000, 100, 1000
OF_COMMERCIAL = 15
_LONG_AGO, _NEVER = "0", "9999999999.999999"


class Reads:
    """Each gives what its answer holds beside `ok`, and how many records."""

    def __init__(self, workspace: Workspace) -> None:
        self._at = workspace

    # -- the workspace ----------------------------------------------------------------------------------------------

    def auth_test(self, asked: Asked) -> tuple[dict[str, Any], int]:
        told = {"url": "https://maven-computing.slack.com/", "team": TEAM_NAME, "user": "backhaul", "team_id": TEAM,
                "user_id": BOT_USER, "bot_id": BOT, "app_id": APP, "is_enterprise_install": False}  # fmt: skip
        return told, 0

    def team_info(self, asked: Asked) -> tuple[dict[str, Any], int]:
        row = self._at.tables["team"].require(TEAM)
        return {"team": {"id": TEAM, **row.values}}, 1

    def team_profile(self, asked: Asked) -> tuple[dict[str, Any], int]:
        fields = [
            {"id": id, "ordering": n, "label": label, "hint": "", "type": "text", "possible_values": None,
             "options": None, "is_hidden": False}
            for n, (id, label) in enumerate(FIELDS.items())
        ]  # fmt: skip
        return {"profile": {"fields": fields, "sections": []}}, len(fields)

    def users(self, asked: Asked) -> tuple[dict[str, Any], int]:
        rows = [row for row in self._at.tables["users"].order if not row.purged]
        return self._page(asked, rows, "members", lambda row: self._at.shown_user(row, email=asked.sees_email))

    def user(self, asked: Asked) -> tuple[dict[str, Any], int]:
        row = self._at.tables["users"].get(asked.text("user"))
        if row is None:
            refuse("user_not_found")
        return {"user": self._at.shown_user(row, email=asked.sees_email)}, 1

    def profile(self, asked: Asked) -> tuple[dict[str, Any], int]:
        row = self._at.tables["user_profiles"].get(asked.text("user") or BOT_USER)
        if row is None:
            refuse("user_not_found")
        hidden = {"user_id"} if asked.sees_email else {"user_id", "email"}
        return {"profile": {name: value for name, value in row.values.items() if name not in hidden}}, 1

    def groups(self, asked: Asked) -> tuple[dict[str, Any], int]:
        rows = [row for row in self._at.tables["usergroups"].order if not row.purged]
        if not asked.flag("include_disabled"):
            rows = [row for row in rows if row.live]
        users = asked.flag("include_users")
        return {"usergroups": [self._at.shown_group(row, users=users) for row in rows]}, len(rows)

    # -- conversations ----------------------------------------------------------------------------------------------

    def conversations(self, asked: Asked) -> tuple[dict[str, Any], int]:
        kinds = asked.arguments.get("types") or ["public_channel"]
        if any(each not in KINDS for each in kinds):
            refuse("invalid_types")
        rows = [
            row
            for row in self._at.tables["conversations"].live()
            if self._at.kind(row) in kinds and self._at.sees(row)
            and not (row.values["is_archived"] and asked.flag("exclude_archived"))
        ]  # fmt: skip
        return self._page(asked, rows, "channels", self._at.shown_conversation)

    def conversation(self, asked: Asked) -> tuple[dict[str, Any], int]:
        told = self._at.shown_conversation(self._known(asked))
        if not asked.flag("include_num_members"):
            told.pop("num_members", None)
        return {"channel": told}, 1

    def members(self, asked: Asked) -> tuple[dict[str, Any], int]:
        row = self._known(asked)
        return self._page(asked, self._at.members(row.id), "members", str)

    def history(self, asked: Asked) -> tuple[dict[str, Any], int]:
        row = self._inside(asked)
        rows = sorted(self._between(asked, self._at.roots(row.id, _LONG_AGO, _NEVER)), key=_ts, reverse=True)
        told, count = self._page(asked, rows, "messages", lambda each: self._message(asked, each))
        return {**told, "has_more": "next_cursor" in told.get("response_metadata", {}), "pin_count": 0}, count

    def replies(self, asked: Asked) -> tuple[dict[str, Any], int]:
        """The thread of a root, or of the reply that is named. Each page begins with the root."""
        row = self._inside(asked)
        if self._at.variants["replies_of_channels"] == "refused" and self._at.kind(row) not in ("im", "mpim"):
            refuse("not_allowed_token_type")
        found = self._at.message(row.id, asked.text("ts"))
        if found is None or not found.live:
            refuse("thread_not_found")
        root = self._at.message(row.id, str(found.values.get("thread_ts") or found.values["ts"]))
        rows = self._between(asked, self._at.thread(row.id, root.values["ts"])) if root is not None else []
        told, count = self._page(asked, rows, "messages", lambda each: self._message(asked, each))
        if root is not None and root.live:
            told["messages"] = [self._message(asked, root), *told["messages"]]
        return {**told, "has_more": "next_cursor" in told.get("response_metadata", {})}, count

    def pins(self, asked: Asked) -> tuple[dict[str, Any], int]:
        row = self._inside(asked)
        items = []
        for pin in self._at.tables["pins"].live():
            message = self._at.message(row.id, pin.values["ts"])
            if pin.values["channel_id"] == row.id and message is not None and message.live:
                items.append(
                    {"type": "message", "channel": row.id, "created": seconds(pin.created_at),
                     "created_by": pin.values["created_by"], "message": self._at.shown_message(message)}
                )  # fmt: skip
        return {"items": items}, len(items)

    def bookmarks(self, asked: Asked) -> tuple[dict[str, Any], int]:
        row = self._inside(asked, "channel_id")
        rows = [each for each in self._at.tables["bookmarks"].live() if each.values["channel_id"] == row.id]
        return {"bookmarks": [self._at.shown_bookmark(each) for each in rows]}, len(rows)

    def _known(self, asked: Asked, name: str = "channel") -> Row:
        row = self._at.conversation(asked.text(name))
        if row is None:
            refuse("channel_not_found")
        return row

    def _inside(self, asked: Asked, name: str = "channel") -> Row:
        row = self._known(asked, name)
        if not self._at.is_in(row):
            refuse("not_in_channel")
        return row

    def _message(self, asked: Asked, row: Row) -> dict[str, Any]:
        return self._at.shown_message(row, metadata=asked.flag("include_all_metadata"))

    def _between(self, asked: Asked, rows: Any) -> list[Row]:
        oldest, latest = asked.arguments.get("oldest"), asked.arguments.get("latest")
        both = asked.flag("inclusive")
        low = moment_of(oldest) if oldest and float(oldest) else None
        high = moment_of(latest) if latest else None

        def fits(row: Row) -> bool:
            at = moment_of(row.values["ts"])
            return (low is None or at > low or (both and at == low)) and (
                high is None or at < high or (both and at == high)
            )

        return [row for row in rows if fits(row)]

    # -- files ------------------------------------------------------------------------------------------------------

    def files(self, asked: Asked) -> tuple[dict[str, Any], int]:
        """Newest first."""
        found = asked.arguments
        low, high = float(found.get("ts_from", 0)), float(found.get("ts_to", "9999999999"))
        rows = [row for row in self._at.tables["files"].live() if low <= row.created_at.timestamp() <= high]
        if "user" in found:
            rows = [row for row in rows if row.values["user"] == found["user"]]
        rows.sort(key=lambda row: (row.created_at, row.id), reverse=True)
        count = self._capped(min(int(found.get("count", USUAL)), FILES))
        page = max(1, int(found.get("page", 1)))
        some = rows[(page - 1) * count : page * count]
        pages = max(1, -(-len(rows) // count))
        paging = {"count": count, "total": len(rows), "page": page, "pages": pages}
        return {"files": [self._at.shown_file(row) for row in some], "paging": paging}, len(some)

    def file(self, asked: Asked) -> tuple[dict[str, Any], int]:
        row = self._at.tables["files"].get(asked.text("file"))
        if row is None:
            refuse("file_not_found")
        if not row.live:
            refuse("file_deleted")
        return {"file": self._at.shown_file(row), "comments": []}, 1

    # -- pages ------------------------------------------------------------------------------------------------------

    def _capped(self, limit: int) -> int:
        cap = self._at.controls["page_size_cap"]
        return limit if cap is None else min(limit, int(cap))

    def _page(
        self, asked: Asked, rows: Sequence[Any], name: str, shown: Callable[[Any], Any]
    ) -> tuple[dict[str, Any], int]:
        limit = asked.arguments.get("limit", USUAL)
        if not 1 <= limit <= MOST:
            refuse("invalid_limit")
        if self._at.variants["app"] == "commercial" and name == "messages":
            limit = min(limit, OF_COMMERCIAL)
        limit = self._capped(limit)
        question = {each: value for each, value in asked.arguments.items() if each not in ("cursor", "limit")}
        digest = hashlib.sha256(repr((asked.method.name, sorted(question.items(), key=str))).encode()).hexdigest()[:8]
        after, turn = _read_cursor(asked.text("cursor"), digest) if asked.text("cursor") else ("", 0)
        keys = [each if isinstance(each, str) else each.id for each in rows]
        start = 0
        if after:
            # behind the last one that was shown; where that is gone by now, where it would stand
            newest_first = asked.method.name == "conversations.history"
            before = [key >= after if newest_first else key <= after for key in keys]
            start = keys.index(after) + 1 if after in keys else sum(before)
        size = limit
        if self._at.variants["pages"] == "short":
            size = 0 if turn % 3 == 1 else max(1, limit // 2)
        some = rows[start : start + size]
        told: dict[str, Any] = {name: [shown(each) for each in some]}
        if start + size < len(rows):
            last = keys[start + size - 1] if size else after
            told["response_metadata"] = {"next_cursor": _cursor(last, turn + 1, digest)}
        elif self._at.variants["last_cursor"] == "empty" and name != "messages":
            told["response_metadata"] = {"next_cursor": ""}
        return told, len(some)


def _ts(row: Row) -> str:
    return str(row.values["ts"])


def _cursor(last: str, turn: int, digest: str) -> str:
    return base64.b64encode(f"next:{digest}:{turn}:{last}".encode()).decode()


def _read_cursor(text: str, digest: str) -> tuple[str, int]:
    try:
        word, given, turn, last = base64.b64decode(text, validate=True).decode().split(":", 3)
    except (binascii.Error, ValueError):
        refuse("invalid_cursor")
    if (word, given) != ("next", digest):
        refuse("invalid_cursor")
    return last, int(turn)
