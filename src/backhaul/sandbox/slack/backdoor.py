"""What people do in Slack itself, for the control API and tests; and the truth that the workspace holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from backhaul.sandbox.slack.seed import Seeder
from backhaul.sandbox.slack.workspace import BOT_USER, TEAM, Workspace
from backhaul.sandbox.tables import Row

_PROFILE = ("display_name", "email", "title", "phone", "real_name")
_TIMES = ("created", "timestamp", "date_create", "date_update", "date_created", "date_updated")


class Backdoor:
    """Values are taken as they are. Who writes a message is `user`; without one it is the first who works there."""

    def __init__(self, workspace: Workspace, seeder: Seeder) -> None:
        self._at = workspace
        self._seeder = seeder

    def do(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        if object not in self._at.tables:
            raise KeyError(f"there is no object {object}")
        if op in ("merge", "add_field", "remove_field"):
            raise ValueError(f"nobody can {op.replace('_', ' ')} in Slack")
        if op == "create":
            return {"id": self._create(object, values).id}
        if id is None:
            raise ValueError(f"{op} needs the id of a record")
        row = self._at.tables[object].require(id)
        match op:
            case "update":
                self._update(object, row, values)
            case "delete":
                self._delete(object, row)
            case "restore":
                self._restore(object, row)
            case "purge":
                self._at.tables[object].purge(id)
            case _:
                raise ValueError(f"Slack's simulator cannot {op}")
        # a disabled group and a member who left are shown as such; what else is deleted is in no list
        return {"id": id, "trace": object in ("usergroups", "users")}

    def _create(self, object: str, values: dict[str, Any]) -> Row:
        at, table = self._at.stamp_now(), self._at.tables[object]
        number = len(table.order)
        match object:
            case "messages" | "replies":
                given = {"user": self._seeder.user(0), "team": TEAM, **values}
                return self._at.post(str(given.pop("channel_id")), given, at)
            case "conversations":
                base = {"kind": "public_channel", "is_archived": False, "creator": self._seeder.user(0), "topic": "",
                        "purpose": "", "user": "", "name": f"channel-{number}"}  # fmt: skip
                row = table.insert({**base, **values}, id=f"C{number + 5000:08d}", at=at)
                self._at.join(row.id, BOT_USER, at)
                return row
            case "users":
                id = f"U{number + 5000:08d}"
                self._seeder.person(id, str(values.get("real_name", "New")), "", f"{id}@new.example".lower(), "", None)
                row = self._at.tables["users"].require(id)
                row.created_at = row.changed_at = at
                return row
            case "files":
                id = f"F{number + 5000:08d}"
                title = str(values.get("title", f"New {number}"))
                self._seeder.file(id, title, "pdf", "application/pdf", 1000, self._seeder.user(0), at)
                return table.require(id)
            case "members":
                return self._at.join(str(values["channel_id"]), str(values["user_id"]), at)
        return table.insert(dict(values), id=str(values.get("id", f"{object[0].upper()}{number + 5000:08d}")), at=at)

    def _update(self, object: str, row: Row, values: dict[str, Any]) -> None:
        at, own = self._at.stamp_now(), {name: value for name, value in values.items() if name[0] != "_"}
        match object:
            case "files":
                raise ValueError("a file that is edited shows no other time: it is seen while it is young")
            case "messages" | "replies":
                own["edited"] = own.get("edited") or {
                    "user": self._seeder.user(0),
                    "ts": f"{int(at.timestamp())}.000000",
                }
            case "users" | "user_profiles":
                profile = {name: own.pop(name) for name in list(own) if name in _PROFILE or object == "user_profiles"}
                self._at.tables["user_profiles"].update(row.id, profile, at)
                if "real_name" in profile:
                    own["real_name"] = profile["real_name"]
                self._at.tables["users"].update(row.id, own, at)
                return
        self._at.tables[object].update(row.id, own, at)

    def _delete(self, object: str, row: Row) -> None:
        at = self._at.stamp_now()
        match object:
            case "users":
                self._at.tables["users"].update(row.id, {"deleted": True}, at)
            case "messages" | "replies":
                self._at.remove(row, at)
            case "members":
                self._at.leave(row.values["channel_id"], row.values["user_id"], at)
            case "team" | "user_profiles":
                raise ValueError(f"{object} are not deleted by themselves")
            case _:
                self._at.tables[object].delete(row.id, at)

    def _restore(self, object: str, row: Row) -> None:
        at = self._at.stamp_now()
        match object:
            case "users":
                self._at.tables["users"].update(row.id, {"deleted": False}, at)
            case "usergroups":
                self._at.tables["usergroups"].restore(row.id, at)
            case _:
                raise ValueError(f"{object} that were deleted do not come back in Slack")

    # -- the truth --------------------------------------------------------------------------------------------------

    def dump(self, object: str) -> list[dict[str, Any]]:
        """What the app may see of it, times spelt out, as the definition names the fields."""
        if object not in self._at.tables:
            raise KeyError(f"there is no object {object}")
        rows = [row for row in self._at.tables[object].order if not row.purged and self._is_shown(object, row)]
        if object == "messages":
            rows += [row for row in self._at.tables["replies"].order
                     if row.values.get("subtype") == "thread_broadcast" and self._is_shown(object, row)]  # fmt: skip
        return [
            _spelt(self._told(object, row)) | {"_deleted": self._is_gone(object, row), "_merged_into": None}
            for row in rows
        ]

    def _is_shown(self, object: str, row: Row) -> bool:
        if object == "conversations":
            return self._at.sees(row)
        if object == "user_profiles":
            user = self._at.tables["users"].get(row.id)
            return user is not None and not user.values["is_bot"]
        if "channel_id" not in row.values:
            return True
        conversation = self._at.tables["conversations"].get(row.values["channel_id"])
        if conversation is None or not self._at.sees(conversation):
            return False
        if object in ("members", "pins", "bookmarks") and conversation.values["is_archived"]:
            return False
        # whoever left a conversation is told nothing more of it; what was read before stays
        return self._at.is_in(conversation)

    def _is_gone(self, object: str, row: Row) -> bool:
        conversation = self._at.tables["conversations"].get(str(row.values.get("channel_id")))
        if conversation is not None and not conversation.live:
            return True
        if object == "pins":
            message = self._at.message(row.values["channel_id"], row.values["ts"])
            return not row.live or message is None or not message.live
        if object == "replies" and row.live:
            root = self._at.message(row.values["channel_id"], row.values["thread_ts"])
            return root is None or not root.live
        return not row.live

    def _told(self, object: str, row: Row) -> dict[str, Any]:
        at = self._at
        match object:
            case "users":
                told = at.shown_user(row, email=True)
                profile = told.pop("profile")
                times = {"updated": _iso(told["updated"])}
                return {**told, **{name: profile.get(name) for name in _PROFILE}, **times}
            case "conversations":
                told = at.shown_conversation(row)
                for name in {"topic", "purpose"} & set(told):
                    told[name] = told[name]["value"]
                # the app renames channels that it is in
                return {**told, "_locked": not at.is_in(row) or at.kind(row) in ("im", "mpim")}
            case "messages" | "replies":
                return {
                    "channel_id": row.values["channel_id"],
                    **at.shown_message(row),
                    "posted_at": _iso(row.created_at),
                }
            case "usergroups":
                return at.shown_group(row)
            case "files":
                return at.shown_file(row)
            case "bookmarks":
                return at.shown_bookmark(row)
            case "pins":
                return {**row.values, "created": _iso(row.created_at.replace(microsecond=0))}
            case "team":
                return {"id": row.id, **row.values}
        return dict(row.values)


def _spelt(record: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _iso(value) if name in _TIMES and isinstance(value, int) and value else value
        for name, value in record.items()
    }


def _iso(moment: datetime | int) -> str:
    return (datetime.fromtimestamp(moment, UTC) if isinstance(moment, int) else moment).isoformat()
