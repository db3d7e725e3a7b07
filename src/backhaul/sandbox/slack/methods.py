"""The methods that there are: what each takes, which scopes it asks for, how often it may be called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "integer", "boolean", "ts", "json", "list"]


@dataclass(frozen=True, slots=True)
class Method:
    """arguments: name -> kind. needed: those that must be there. scopes: any of them is enough; of methods for
    conversations it is the one for the conversation's type. a_minute: calls that its tier lets through.
    """

    name: str
    a_minute: int
    arguments: Mapping[str, Kind] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


TIER_2, TIER_3, TIER_4 = 20, 50, 100
OFTEN = 600  # of methods whose limit is their own
_PAGES: Mapping[str, Kind] = {"cursor": "text", "limit": "integer"}
_CHANNEL: Mapping[str, Kind] = {"channel": "text"}
_WINDOW: Mapping[str, Kind] = {
    "oldest": "ts", "latest": "ts", "inclusive": "boolean", "include_all_metadata": "boolean",
}  # fmt: skip
_SEEN = ("channels:read", "groups:read", "im:read", "mpim:read")
_HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
_MANAGED = ("channels:manage", "groups:write")
_TEXT: Mapping[str, Kind] = {
    "text": "text", "blocks": "json", "attachments": "json", "metadata": "json", "markdown_text": "text",
    "link_names": "boolean", "parse": "text", "reply_broadcast": "boolean",
}  # fmt: skip
_GROUP: Mapping[str, Kind] = {
    "name": "text", "handle": "text", "description": "text", "channels": "list", "include_count": "boolean",
    "team_id": "text",
}  # fmt: skip

METHODS: Mapping[str, Method] = {
    each.name: each
    for each in (
        Method("auth.test", OFTEN),
        Method("team.info", TIER_3, {"team": "text", "domain": "text"}, scopes=("team:read",)),
        Method(
            "users.list", TIER_2, {**_PAGES, "include_locale": "boolean", "team_id": "text"}, scopes=("users:read",)
        ),
        Method("users.info", TIER_4, {"user": "text", "include_locale": "boolean"}, ("user",), ("users:read",)),
        Method(
            "users.profile.get", TIER_4, {"user": "text", "include_labels": "boolean"}, scopes=("users.profile:read",)
        ),
        Method("team.profile.get", TIER_3, {"visibility": "text"}, scopes=("users.profile:read",)),
        Method(
            "conversations.list", TIER_2,
            {**_PAGES, "types": "list", "exclude_archived": "boolean", "team_id": "text"}, scopes=_SEEN,
        ),
        Method(
            "conversations.info", TIER_3,
            {**_CHANNEL, "include_locale": "boolean", "include_num_members": "boolean"}, ("channel",), _SEEN,
        ),
        Method("conversations.members", TIER_4, {**_CHANNEL, **_PAGES}, ("channel",), _SEEN),
        Method("conversations.history", TIER_3, {**_CHANNEL, **_PAGES, **_WINDOW}, ("channel",), _HISTORY),
        Method(
            "conversations.replies", TIER_3, {**_CHANNEL, "ts": "ts", **_PAGES, **_WINDOW}, ("channel", "ts"), _HISTORY
        ),
        Method(
            "conversations.create", TIER_2, {"name": "text", "is_private": "boolean", "team_id": "text"}, ("name",),
            _MANAGED,
        ),
        Method("conversations.rename", TIER_2, {**_CHANNEL, "name": "text"}, ("channel", "name"), _MANAGED),
        Method("conversations.archive", TIER_2, _CHANNEL, ("channel",), _MANAGED),
        Method(
            "chat.postMessage", OFTEN,
            {**_CHANNEL, **_TEXT, "thread_ts": "ts", "unfurl_links": "boolean", "unfurl_media": "boolean",
             "mrkdwn": "boolean", "username": "text", "icon_emoji": "text", "icon_url": "text"},
            ("channel",), ("chat:write",),
        ),
        Method(
            "chat.update", TIER_3, {**_CHANNEL, "ts": "ts", **_TEXT}, ("channel", "ts"), ("chat:write",)
        ),
        Method("chat.delete", TIER_3, {**_CHANNEL, "ts": "ts"}, ("channel", "ts"), ("chat:write",)),
        Method("pins.list", TIER_2, _CHANNEL, ("channel",), ("pins:read",)),
        Method("bookmarks.list", TIER_3, {"channel_id": "text"}, ("channel_id",), ("bookmarks:read",)),
        Method(
            "usergroups.list", TIER_2,
            {"include_count": "boolean", "include_disabled": "boolean", "include_users": "boolean", "team_id": "text"},
            scopes=("usergroups:read",),
        ),
        Method("usergroups.create", TIER_2, _GROUP, ("name",), ("usergroups:write",)),
        Method(
            "usergroups.update", TIER_2, {**_GROUP, "usergroup": "text"}, ("usergroup",), ("usergroups:write",),
        ),
        Method(
            "usergroups.disable", TIER_2, {"usergroup": "text", "include_count": "boolean", "team_id": "text"},
            ("usergroup",), ("usergroups:write",),
        ),
        Method(
            "files.list", TIER_3,
            {"channel": "text", "user": "text", "ts_from": "ts", "ts_to": "ts", "types": "list", "count": "integer",
             "page": "integer", "show_files_hidden_by_limit": "boolean", "team_id": "text"},
            scopes=("files:read",),
        ),
        Method("files.info", TIER_4, {"file": "text", "cursor": "text", "limit": "integer", "count": "integer",
                                      "page": "integer"}, ("file",), ("files:read",)),
    )
}  # fmt: skip
SCOPES: tuple[str, ...] = tuple(
    sorted({scope for method in METHODS.values() for scope in method.scopes} | {"users:read.email", "reactions:read"})
)
"""What a bot of the sandbox was granted."""
