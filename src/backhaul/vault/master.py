"""The master key: it wraps each customer's data key, and never stands in the project.

It comes from the environment, a file, or the keyring of the operating system. There may be several, parted by spaces,
commas or lines: the first one wraps, all of them open. That is how a key is rotated without a pause.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backhaul.errors import ConfigError
from backhaul.telemetry import redact
from backhaul.vault.cipher import KEY_BYTES, new_key

TEXT = "BACKHAUL_MASTER_KEY"
FILE = "BACKHAUL_MASTER_KEY_FILE"
KEYRING = "BACKHAUL_MASTER_KEY_KEYRING"
SERVICE = "backhaul"
"""The keyring's service; KEYRING holds the user name under it."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """One key. `id` tells it from others and gives nothing of it away."""

    key: bytes = field(repr=False)

    @property
    def id(self) -> str:
        return hmac.new(self.key, b"backhaul master key id", hashlib.sha256).hexdigest()[:12]


def spelt(key: bytes) -> str:
    """How a key is written."""
    return base64.b64encode(key).decode()


def new_master_key() -> str:
    return spelt(new_key())


def master_keys(environ: Mapping[str, str]) -> tuple[MasterKey, ...]:
    """The keys at hand, the one that wraps first. Raises ConfigError where there is none, or more than one place."""
    places = [name for name in (TEXT, FILE, KEYRING) if environ.get(name)]
    if not places:
        raise ConfigError(
            "the vault needs a master key, and there is none",
            next_step=f"make one with `backhaul vault key` and set {TEXT} (or {FILE}, or {KEYRING}); keep a copy of it "
            "where you keep such things: without it nothing in the vault can be read",
        )
    if len(places) > 1:
        raise ConfigError(
            f"the master key is given by {' and '.join(places)}", next_step="leave one of them; which is yours to say"
        )
    (place,) = places
    text = {TEXT: _given, FILE: _from_file, KEYRING: _from_keyring}[place](environ[place])
    keys = tuple(_parsed(each, place) for each in text.replace(",", " ").split())
    if not keys:
        raise ConfigError(f"{place} holds no master key", next_step="make one with `backhaul vault key`")
    return keys


def keep_in_keyring(user: str, key: str) -> None:
    """Put a master key into the keyring. Raises ConfigError where there is none, or where it holds one already."""
    if _asked(user):
        raise ConfigError(
            f"the keyring has a master key called {user} already", next_step="choose another name, or use that key"
        )
    _keyring().set_password(SERVICE, user, key)


def _given(text: str) -> str:
    return text


def _from_file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(f"the master key's file {path} cannot be read: {reason}") from error


def _from_keyring(user: str) -> str:
    found = _asked(user)
    if not found:
        raise ConfigError(
            f"the keyring has no master key called {user}", next_step=f"`backhaul vault key --keyring {user}` makes one"
        )
    return found


def _asked(user: str) -> str | None:
    keyring = _keyring()
    try:
        found: str | None = keyring.get_password(SERVICE, user)
    except keyring.errors.KeyringError as error:
        raise ConfigError(
            f"the keyring cannot be asked: {type(error).__name__}", next_step=f"unlock it, or use {TEXT} or {FILE}"
        ) from error
    return found


def _keyring() -> Any:
    try:
        import keyring
        import keyring.errors
    except ImportError as error:
        raise ConfigError(
            f"{KEYRING} needs the package keyring", next_step="install it: pip install 'backhaul[keyring]'"
        ) from error
    return keyring


def _parsed(text: str, place: str) -> MasterKey:
    redact.register(text)
    try:
        key = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError(
            f"{place} holds no master key: one is {KEY_BYTES} bytes in base64",
            next_step="make one with `backhaul vault key`",
        )
    return MasterKey(key)
