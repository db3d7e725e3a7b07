"""Credentials in the control store, sealed: each by its customer's data key, each data key by the master key.

Nothing of them is readable without the master key. A row that is moved to another customer, connection or name does
not open there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cached_property

from backhaul.errors import ConfigError, StorageError
from backhaul.state.store import ControlStore, Sql
from backhaul.vault.cipher import Unopened, new_key, seal, unseal
from backhaul.vault.master import MasterKey, master_keys

_DATA_KEY = "data key"


class SealedVault:
    """The built-in vault. The master key is looked for when it is first needed."""

    writable = True

    def __init__(self, store: ControlStore, environ: Mapping[str, str], now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._environ = environ
        self._now = now

    def get(self, customer: str, connection: str) -> dict[str, str]:
        rows = self._store.read(
            "select s.name, s.sealed, k.master, k.wrapped from secrets s join data_keys k on k.customer = s.customer"
            " where s.customer = ? and s.connection = ? order by s.name",
            (customer, connection),
        )
        if not rows:
            return {}
        key = self._unwrapped(customer, rows[0]["master"], rows[0]["wrapped"])
        return {row["name"]: _unsealed(key, row["sealed"], customer, connection, row["name"]) for row in rows}

    def put(self, customer: str, connection: str, values: Mapping[str, str]) -> None:
        with self._store.write(durable=True) as sql:
            key = self._data_key(sql, customer)
            sql.execute("delete from secrets where customer = ? and connection = ?", (customer, connection))
            sql.executemany(_ADD, [self._row(key, customer, connection, *each) for each in values.items()])

    def drop(self, customer: str, connection: str) -> None:
        with self._store.write(durable=True) as sql:
            sql.execute("delete from secrets where customer = ? and connection = ?", (customer, connection))

    def rotate(self) -> int:
        """A new data key for each customer, wrapped by the first master key; gives how many customers there were.

        One customer a transaction: runs go on meanwhile. Raises ConfigError where a key that is still in use is not
        at hand; those before it are done, and done again without harm.
        """
        customers = [row["customer"] for row in self._store.read("select customer from data_keys order by customer")]
        for customer in customers:
            with self._store.write(durable=True) as sql:
                rows = sql.execute("select * from secrets where customer = ?", (customer,)).fetchall()
                old = self._data_key(sql, customer)
                plain = [
                    (row["connection"], row["name"],
                     _unsealed(old, row["sealed"], customer, row["connection"], row["name"]))
                    for row in rows
                ]  # fmt: skip
                sql.execute("delete from secrets where customer = ?", (customer,))
                key = self._new_data_key(sql, customer)
                sql.executemany(_ADD, [self._row(key, customer, *each) for each in plain])
        return len(customers)

    @cached_property
    def _masters(self) -> tuple[MasterKey, ...]:
        return master_keys(self._environ)

    def _row(
        self, key: bytes, customer: str, connection: str, name: str, value: str
    ) -> tuple[str, str, str, str, float]:
        return customer, connection, name, seal(key, value.encode(), customer, connection, name), self._now()

    def _data_key(self, sql: Sql, customer: str) -> bytes:
        row = sql.execute("select master, wrapped from data_keys where customer = ?", (customer,)).fetchone()
        if row is None:
            return self._new_data_key(sql, customer)
        return self._unwrapped(customer, row["master"], row["wrapped"])

    def _new_data_key(self, sql: Sql, customer: str) -> bytes:
        key, master = new_key(), self._masters[0]
        sql.execute("delete from data_keys where customer = ?", (customer,))
        sql.execute(
            "insert into data_keys (customer, master, wrapped, made_at) values (?, ?, ?, ?)",
            (customer, master.id, seal(master.key, key, _DATA_KEY, customer), self._now()),
        )
        return key

    def _unwrapped(self, customer: str, master: str, wrapped: str) -> bytes:
        for each in self._masters:
            if each.id == master:
                try:
                    return unseal(each.key, wrapped, _DATA_KEY, customer)
                except Unopened:
                    raise _changed(f"the data key of customer {customer}") from None
        at_hand = ", ".join(each.id for each in self._masters)
        raise ConfigError(
            f"the credentials of customer {customer} are sealed with the master key {master}; at hand is {at_hand}",
            next_step="give that master key, too (several are parted by a comma), or connect the customer again",
            customer=customer,
        )


_ADD = "insert into secrets (customer, connection, name, sealed, changed_at) values (?, ?, ?, ?, ?)"


def _unsealed(key: bytes, sealed: str, customer: str, connection: str, name: str) -> str:
    try:
        return unseal(key, sealed, customer, connection, name).decode()
    except Unopened:
        raise _changed(f"the credential {name} of {customer} {connection}") from None


def _changed(what: str) -> StorageError:
    return StorageError(
        f"{what} does not open: its row was changed, or stood elsewhere before",
        next_step="restore the control store from a copy, or connect again with `backhaul connect`",
    )
