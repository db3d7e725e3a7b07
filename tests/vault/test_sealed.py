"""The built-in vault: sealed rows of the control store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backhaul.errors import ConfigError, StorageError
from backhaul.state.store import ControlStore
from backhaul.vault.cipher import Unopened, new_key, seal, unseal
from backhaul.vault.master import new_master_key
from backhaul.vault.sealed import SealedVault

SECRET = {"client_secret": "canary-4711-of-acme", "token": "canary-4712-of-acme"}
Open = Callable[..., SealedVault]


@pytest.fixture
def store(place: Path | str) -> Iterator[ControlStore]:
    with ControlStore(place) as store:
        yield store


@pytest.fixture
def key() -> str:
    return new_master_key()


@pytest.fixture
def vault(store: ControlStore, key: str) -> SealedVault:
    return SealedVault(store, {"BACKHAUL_MASTER_KEY": key})


def test_what_is_put_comes_back_and_replaces_what_was_there(vault: SealedVault) -> None:
    assert vault.get("acme", "crm") == {}
    vault.put("acme", "crm", SECRET)
    vault.put("acme", "erp", {"token": "other"})
    assert vault.get("acme", "crm") == SECRET
    vault.put("acme", "crm", {"token": "new"})
    assert vault.get("acme", "crm") == {"token": "new"}
    vault.drop("acme", "crm")
    assert vault.get("acme", "crm") == {}
    assert vault.get("acme", "erp") == {"token": "other"}


def test_no_secret_and_no_key_stands_in_the_file(tmp_path: Path, key: str) -> None:
    with ControlStore(tmp_path / "control.sqlite") as store:
        SealedVault(store, {"BACKHAUL_MASTER_KEY": key}).put("acme", "crm", SECRET)
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for each in (*SECRET.values(), key):
        assert each.encode() not in content
    assert b"client_secret" in content, "names may be seen, what they hold may not"


def test_without_the_master_key_nothing_is_readable(vault: SealedVault, store: ControlStore) -> None:
    vault.put("acme", "crm", SECRET)
    with pytest.raises(ConfigError, match="there is none"):
        SealedVault(store, {}).get("acme", "crm")
    with pytest.raises(ConfigError, match="sealed with the master key") as caught:
        SealedVault(store, {"BACKHAUL_MASTER_KEY": new_master_key()}).get("acme", "crm")
    assert caught.value.customer == "acme"


@pytest.mark.parametrize(
    "swap",
    [
        "update secrets set sealed = (select sealed from secrets where customer = 'globex') where customer = 'acme'",
        "update secrets set customer = 'other' where customer = 'globex';"
        "update secrets set customer = 'globex' where customer = 'acme'",
        "update secrets set connection = 'erp' where customer = 'acme'",
        "update secrets set name = 'password' where customer = 'acme'",
        "update secrets set sealed = 'AAAA' || substr(sealed, 5) where customer = 'acme'",
        "update secrets set sealed = 'nonsense' where customer = 'acme'",
        "update data_keys set wrapped = (select wrapped from data_keys where customer = 'globex'),"
        " master = (select master from data_keys where customer = 'globex') where customer = 'acme'",
    ],
)
def test_a_row_that_is_moved_or_changed_does_not_open(vault: SealedVault, store: ControlStore, swap: str) -> None:
    vault.put("acme", "crm", {"token": "a"})
    vault.put("globex", "crm", {"token": "g"})
    with store.write() as sql:
        for statement in swap.split(";"):
            sql.execute(statement)
    refused = []
    for place in (("acme", "crm"), ("acme", "erp"), ("globex", "crm")):
        try:
            assert vault.get(*place) in ({}, {"token": place[0][0]})
        except StorageError as error:
            refused.append(error.what)
    assert refused
    assert all("does not open" in each for each in refused)


def test_each_customer_has_a_data_key_of_its_own(vault: SealedVault, store: ControlStore) -> None:
    vault.put("acme", "crm", SECRET)
    vault.put("globex", "crm", SECRET)
    rows = store.read("select wrapped from data_keys")
    assert len({row["wrapped"] for row in rows}) == 2


def test_a_master_key_is_rotated_without_a_pause(vault: SealedVault, store: ControlStore, key: str) -> None:
    vault.put("acme", "crm", SECRET)
    vault.put("globex", "erp", {"token": "g"})
    sealed_before = {row["sealed"] for row in store.read("select sealed from secrets")}
    newer = new_master_key()
    both = SealedVault(store, {"BACKHAUL_MASTER_KEY": f"{newer}, {key}"})
    assert both.get("acme", "crm") == SECRET, "every process is given both keys first"
    assert both.rotate() == 2
    assert vault._store is store
    only_new = SealedVault(store, {"BACKHAUL_MASTER_KEY": newer})
    assert only_new.get("acme", "crm") == SECRET
    assert only_new.get("globex", "erp") == {"token": "g"}
    with pytest.raises(ConfigError):
        vault.get("acme", "crm")
    assert not sealed_before & {row["sealed"] for row in store.read("select sealed from secrets")}


def test_a_rotation_without_the_old_key_changes_nothing(vault: SealedVault, store: ControlStore) -> None:
    vault.put("acme", "crm", SECRET)
    with pytest.raises(ConfigError, match="sealed with the master key"):
        SealedVault(store, {"BACKHAUL_MASTER_KEY": new_master_key()}).rotate()
    assert vault.get("acme", "crm") == SECRET


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(plain=st.text(), about=st.lists(st.text(), max_size=3), other=st.lists(st.text(), max_size=3))
def test_a_sealed_text_opens_only_about_the_same(plain: str, about: list[str], other: list[str]) -> None:
    key = new_key()
    sealed = seal(key, plain.encode("utf-8", "surrogatepass"), *about)
    assert unseal(key, sealed, *about) == plain.encode("utf-8", "surrogatepass")
    if other != about:
        with pytest.raises(Unopened):
            unseal(key, sealed, *other)
    with pytest.raises(Unopened):
        unseal(new_key(), sealed, *about)
