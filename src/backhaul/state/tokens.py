"""Tokens by which agents read one customer's data over HTTP. Only their hashes are kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from backhaul.state.store import ControlStore, Row

_PREFIX = "bha"
_USED_EVERY = 60.0
"""Seconds between two notes that a token was used: reading is no reason to write each time."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a token opens, and for whom. It is shown once, when it is made."""

    id: str
    customer: str
    role: str | None
    label: str
    created_at: datetime
    created_by: str
    used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None


class Tokens:
    """Makes, finds and revokes them."""

    def __init__(self, store: ControlStore, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now

    def make(self, customer: str, *, role: str | None, label: str, who: str) -> tuple[Token, str]:
        """A new token and its text, which nobody can tell again."""
        id, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        with self._store.write() as sql:
            sql.execute(
                "insert into agent_tokens (id, hash, customer, role, label, created_at, created_by)"
                " values (?, ?, ?, ?, ?, ?, ?)",
                (id, _hash(secret), customer, role, label, self._now(), who),
            )
        made = self._get(id)
        assert made is not None  # noqa: S101  it was just written
        return _token(made), f"{_PREFIX}_{id}_{secret}"

    def find(self, text: str) -> Token | None:
        """The token of a text that somebody presents; None where it is none, or was revoked."""
        prefix, _, rest = text.partition("_")
        id, _, secret = rest.partition("_")
        row = self._get(id) if prefix == _PREFIX and id and secret else None
        if row is None or not hmac.compare_digest(row["hash"], _hash(secret)) or row["revoked_at"] is not None:
            return None
        now = self._now()
        if row["used_at"] is None or now - row["used_at"] > _USED_EVERY:
            with self._store.write() as sql:
                sql.execute("update agent_tokens set used_at = ? where id = ?", (now, id))
        return _token(row)

    def revoke(self, customer: str, id: str, who: str) -> bool:
        """Whether there was such a token in force."""
        with self._store.write() as sql:
            changed = sql.execute(
                "update agent_tokens set revoked_at = ?, revoked_by = ?"
                " where customer = ? and id = ? and revoked_at is null",
                (self._now(), who, customer, id),
            )
            return bool(changed.rowcount > 0)

    def all(self, customer: str) -> list[Token]:
        """The oldest first, revoked ones too."""
        rows = self._store.read("select * from agent_tokens where customer = ? order by created_at, id", (customer,))
        return [_token(row) for row in rows]

    def _get(self, id: str) -> Row | None:
        rows = self._store.read("select * from agent_tokens where id = ?", (id,))
        return rows[0] if rows else None


def _hash(secret: str) -> str:
    # 256 random bits: nothing is to be guessed, so no slow hash is needed
    return hashlib.sha256(secret.encode()).hexdigest()


def _token(row: Row) -> Token:
    moments = {
        name: None if row[name] is None else datetime.fromtimestamp(row[name], UTC)
        for name in ("used_at", "revoked_at")
    }
    return Token(
        id=row["id"],
        customer=row["customer"],
        role=row["role"],
        label=row["label"],
        created_at=datetime.fromtimestamp(row["created_at"], UTC),
        created_by=row["created_by"],
        used_at=moments["used_at"],
        revoked_at=moments["revoked_at"],
        revoked_by=row["revoked_by"],
    )
