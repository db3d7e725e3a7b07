"""Methods that write, one record a call: the app changes and deletes its own messages only."""

from __future__ import annotations

import re
from typing import Any

from backhaul.sandbox.slack.answers import refuse
from backhaul.sandbox.slack.asked import Asked
from backhaul.sandbox.slack.workspace import APP, BOT, BOT_USER, TEAM, Workspace
from backhaul.sandbox.tables import Row

LONGEST, BLOCKS, ATTACHMENTS, NAME = 40_000, 50, 100, 80


class Writes:
    """Each gives what its answer holds beside `ok`."""

    def __init__(self, workspace: Workspace) -> None:
        self._at = workspace

    # -- messages ---------------------------------------------------------------------------------------------------

    def post(self, asked: Asked) -> dict[str, Any]:
        row = self._written_to(asked)
        content = self._content(asked)
        values: dict[str, Any] = {**content, "user": BOT_USER, "bot_id": BOT, "app_id": APP, "team": TEAM}
        root = asked.text("thread_ts")
        if root:
            found = self._at.message(row.id, root)
            if found is None or not found.live:
                refuse("thread_not_found")
            if found.values.get("thread_ts"):
                refuse("cannot_reply_to_message")
            values |= {"thread_ts": root, "parent_user_id": found.values.get("user")}
            if asked.flag("reply_broadcast"):
                values["subtype"] = "thread_broadcast"
        made = self._at.post(row.id, values, self._at.clock.now())
        return {"channel": row.id, "ts": made.values["ts"], "message": self._at.shown_message(made)}

    def update(self, asked: Asked) -> dict[str, Any]:
        row = self._written_to(asked)
        message = self._own(row, asked, "cant_update_message")
        now = self._at.clock.now()
        content = self._content(asked)
        if asked.text("text") and "blocks" not in content:
            message.values.pop("blocks", None)
        edited = {"user": BOT_USER, "ts": f"{int(now.timestamp())}.000000"}
        self._at.tables["replies" if message.values.get("thread_ts") else "messages"].update(
            message.id, {**content, "edited": edited}, now
        )
        told = self._at.shown_message(message)
        return {"channel": row.id, "ts": message.values["ts"], "text": told.get("text", ""), "message": told}

    def delete(self, asked: Asked) -> dict[str, Any]:
        row = self._written_to(asked)
        message = self._own(row, asked, "cant_delete_message")
        self._at.remove(message, self._at.clock.now())
        return {"channel": row.id, "ts": message.values["ts"]}

    def _written_to(self, asked: Asked) -> Row:
        row = self._at.conversation(asked.text("channel"))
        if row is None:
            refuse("channel_not_found")
        if row.values["is_archived"]:
            refuse("is_archived")
        if not self._at.is_in(row):
            refuse("not_in_channel")
        return row

    def _own(self, row: Row, asked: Asked, otherwise: str) -> Row:
        found = self._at.message(row.id, asked.text("ts"))
        if found is None or not found.live:
            refuse("message_not_found")
        if found.values.get("bot_id") != BOT or found.values.get("subtype") == "tombstone":
            refuse(otherwise)
        return found

    def _content(self, asked: Asked) -> dict[str, Any]:
        found = {name: asked.arguments[name] for name in ("text", "blocks", "attachments", "metadata")
                 if asked.arguments.get(name) not in (None, "")}  # fmt: skip
        if not set(found) & {"text", "blocks", "attachments"}:
            refuse("no_text")
        if len(found.get("text", "")) > LONGEST:
            refuse("msg_too_long")
        blocks, attachments, metadata = (found.get(name) for name in ("blocks", "attachments", "metadata"))
        if blocks is not None and (
            not isinstance(blocks, list) or len(blocks) > BLOCKS
            or any(not isinstance(each, dict) or "type" not in each for each in blocks)
        ):  # fmt: skip
            refuse("invalid_blocks")
        if attachments is not None and not isinstance(attachments, list):
            refuse("invalid_attachments")
        if attachments is not None and len(attachments) > ATTACHMENTS:
            refuse("too_many_attachments")
        if metadata is not None and (
            not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}
            or not isinstance(metadata["event_payload"], dict)
        ):  # fmt: skip
            refuse("invalid_metadata_format")
        return found

    # -- conversations ----------------------------------------------------------------------------------------------

    def create(self, asked: Asked) -> dict[str, Any]:
        name = self._free_name(asked.text("name"))
        table, now = self._at.tables["conversations"], self._at.clock.now()
        kind = "private_channel" if asked.flag("is_private") else "public_channel"
        values = {"kind": kind, "name": name, "is_archived": False, "creator": BOT_USER, "topic": "", "purpose": "",
                  "user": ""}  # fmt: skip
        row = table.insert(values, id=f"C{len(table.order) + 5000:08d}", at=now)
        self._at.join(row.id, BOT_USER, now)
        return {"channel": self._at.shown_conversation(row)}

    def rename(self, asked: Asked) -> dict[str, Any]:
        row = self._managed(asked)
        if asked.text("name") != row.values["name"]:
            name = self._free_name(asked.text("name"))
            before = [row.values["name"], *row.values.get("previous_names", [])]
            self._at.tables["conversations"].update(row.id, {"name": name, "previous_names": before}, self._now())
        return {"channel": self._at.shown_conversation(row)}

    def archive(self, asked: Asked) -> dict[str, Any]:
        row = self._managed(asked)
        if row.values["name"] == "general":
            refuse("cant_archive_general")
        if row.values["is_archived"]:
            refuse("already_archived")
        self._at.tables["conversations"].update(row.id, {"is_archived": True}, self._now())
        return {}

    def _managed(self, asked: Asked) -> Row:
        row = self._at.conversation(asked.text("channel"))
        if row is None:
            refuse("channel_not_found")
        if self._at.kind(row) in ("im", "mpim"):
            refuse("method_not_supported_for_channel_type")
        if not self._at.is_in(row):
            refuse("not_in_channel")
        return row

    def _free_name(self, name: str) -> str:
        if len(name) > NAME:
            refuse("invalid_name_maxlength")
        if not re.search(r"\w", name):
            refuse("invalid_name_punctuation")
        if not re.fullmatch(r"[\w-]+", name) or name != name.lower():
            refuse("invalid_name_specials")
        if any(row.values["name"] == name for row in self._at.tables["conversations"].live()):
            refuse("name_taken")
        return name

    # -- user groups ------------------------------------------------------------------------------------------------

    def create_group(self, asked: Asked) -> dict[str, Any]:
        values = self._group(asked, None)
        table = self._at.tables["usergroups"]
        empty = {"handle": re.sub(r"\W+", "-", asked.text("name").lower()), "description": "", "is_external": False,
                 "auto_type": None, "created_by": BOT_USER, "updated_by": BOT_USER,
                 "prefs": {"channels": [], "groups": []}, "users": []}  # fmt: skip
        row = table.insert({**empty, **values}, id=f"S{len(table.order) + 7:08d}", at=self._now())
        return {"usergroup": self._at.shown_group(row)}

    def update_group(self, asked: Asked) -> dict[str, Any]:
        row = self._known_group(asked)
        values = {**self._group(asked, row), "updated_by": BOT_USER}
        self._at.tables["usergroups"].update(row.id, values, self._now())
        return {"usergroup": self._at.shown_group(row)}

    def disable_group(self, asked: Asked) -> dict[str, Any]:
        row = self._known_group(asked)
        if not row.live:
            refuse("already_disabled")
        self._at.tables["usergroups"].delete(row.id, self._now())
        return {"usergroup": self._at.shown_group(row)}

    def _known_group(self, asked: Asked) -> Row:
        row = self._at.tables["usergroups"].get(asked.text("usergroup"))
        if row is None:
            refuse("no_such_subteam")
        return row

    def _group(self, asked: Asked, own: Row | None) -> dict[str, Any]:
        values = {name: asked.text(name) for name in ("name", "handle", "description") if name in asked.arguments}
        others = [row for row in self._at.tables["usergroups"].order if row is not own and not row.purged]
        for name, fault in (("name", "name_already_exists"), ("handle", "handle_already_exists")):
            if name in values and any(row.values[name].lower() == values[name].lower() for row in others):
                refuse(fault)
        if "channels" in asked.arguments:
            values["prefs"] = {"channels": asked.arguments["channels"], "groups": []}  # type: ignore[assignment]
        return values

    def _now(self) -> Any:
        return self._at.clock.now()
