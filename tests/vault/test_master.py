"""Where the master key comes from, and what is said where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from backhaul.errors import ConfigError
from backhaul.vault import master
from backhaul.vault.master import keep_in_keyring, master_keys, new_master_key


def test_it_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    first, second = new_master_key(), new_master_key()
    file = tmp_path / "keys"
    file.write_text(f"{first}\n{second}\n")
    assert [each.id for each in master_keys({master.FILE: str(file)})] == [
        each.id for each in master_keys({master.TEXT: f"{first},{second}"})
    ]


def test_it_comes_from_the_keyring_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring")
    backend = pytest.importorskip("keyring.backend")
    kept: dict[tuple[str, str], str] = {}

    class Ring(backend.KeyringBackend):  # type: ignore[misc,name-defined]
        priority = 1

        def get_password(self, service: str, user: str) -> str | None:
            return kept.get((service, user))

        def set_password(self, service: str, user: str, password: str) -> None:
            kept[service, user] = password

        def delete_password(self, service: str, user: str) -> None:
            del kept[service, user]

    before = keyring.get_keyring()
    keyring.set_keyring(Ring())
    try:
        with pytest.raises(ConfigError, match="no master key called mine"):
            master_keys({master.KEYRING: "mine"})
        keep_in_keyring("mine", new_master_key())
        assert len(master_keys({master.KEYRING: "mine"})) == 1
        with pytest.raises(ConfigError, match="already"):
            keep_in_keyring("mine", new_master_key())
    finally:
        keyring.set_keyring(before)
    assert list(kept) == [("backhaul", "mine")]


@pytest.mark.parametrize(
    ("environ", "what"),
    [
        ({}, "there is none"),
        ({master.TEXT: "canary-short"}, "32 bytes in base64"),
        ({master.TEXT: "canary, not base64 at all!"}, "32 bytes in base64"),
        ({master.TEXT: " , "}, "holds no master key"),
        ({master.FILE: "/nowhere/at/all"}, "cannot be read"),
        ({master.TEXT: "canary", master.FILE: "b"}, "BACKHAUL_MASTER_KEY and BACKHAUL_MASTER_KEY_FILE"),
    ],
)
def test_what_is_wrong_with_it_is_said_without_showing_it(environ: dict[str, str], what: str) -> None:
    with pytest.raises(ConfigError, match=what) as caught:
        master_keys(environ)
    assert "canary" not in str(caught.value)


def test_a_key_shows_its_id_alone() -> None:
    text = new_master_key()
    (key,) = master_keys({master.TEXT: text})
    assert text not in repr(key)
    assert len(key.id) == 12
