"""Tokens of agents: made once, kept as a hash, ended at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backhaul.state.store import ControlStore
from backhaul.state.tokens import Tokens


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ControlStore]:
    with ControlStore(tmp_path / "control.sqlite") as made:
        yield made


def test_a_token_finds_its_customer_and_role(store: ControlStore) -> None:
    tokens = Tokens(store)
    made, text = tokens.make("acme", role="narrow", label="a bot", who="petra")
    found = tokens.find(text)
    assert found is not None
    assert (found.id, found.customer, found.role, found.label, found.created_by) == (
        made.id, "acme", "narrow", "a bot", "petra",
    )  # fmt: skip


def test_the_store_does_not_hold_the_token(store: ControlStore) -> None:
    _, text = Tokens(store).make("acme", role=None, label="", who="")
    secret = text.rpartition("_")[2]
    held = store.read("select * from agent_tokens")
    assert all(secret not in str(value) for row in held for value in tuple(row))


SPOILT = (
    lambda t: t[:-1], lambda t: t + "x", lambda t: "x" + t, lambda t: t.replace("bha", "BHA"), lambda t: "",
    lambda t: "bha__", lambda t: t.rpartition("_")[0],
)  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILT)
def test_what_is_not_the_whole_token_finds_nothing(store: ControlStore, spoil: object) -> None:
    tokens = Tokens(store)
    _, text = tokens.make("acme", role=None, label="", who="")
    assert tokens.find(spoil(text)) is None  # type: ignore[operator]


def test_a_revoked_token_finds_nothing_and_only_its_customer_can_end_it(store: ControlStore) -> None:
    tokens = Tokens(store)
    made, text = tokens.make("acme", role=None, label="", who="")
    assert not tokens.revoke("globex", made.id, "mallory")
    assert tokens.find(text) is not None
    assert tokens.revoke("acme", made.id, "petra")
    assert tokens.find(text) is None
    assert not tokens.revoke("acme", made.id, "petra")
    (listed,) = tokens.all("acme")
    assert listed.revoked_by == "petra"


def test_use_is_noted_once_a_minute(store: ControlStore) -> None:
    now = [1_000.0]
    tokens = Tokens(store, lambda: now[0])
    _, text = tokens.make("acme", role=None, label="", who="")
    seen = []
    for later in (0.0, 30.0, 100.0):
        now[0] = 1_000.0 + later
        tokens.find(text)
        used = tokens.all("acme")[0].used_at
        assert used is not None
        seen.append(used.timestamp() - 1_000.0)
    assert seen == [0.0, 0.0, 100.0]
