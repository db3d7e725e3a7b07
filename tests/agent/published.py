"""A published snapshot in few words: three entities of two systems, links, a log of changes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from backhaul.agent.catalogue import Column, Entity
from backhaul.agent.policy import Policy
from backhaul.agent.reader import Reader
from backhaul.agent.view import Opened, Snapshot, bring_up

COMMON = (
    "customer_id VARCHAR, source VARCHAR, connection_id VARCHAR, source_object VARCHAR, source_id VARCHAR,"
    " source_url VARCHAR, source_updated_at TIMESTAMPTZ, is_deleted BOOLEAN, synced_at TIMESTAMPTZ,"
    " sync_run_id VARCHAR, custom VARCHAR"
)
TABLES = {
    "accounts": "name VARCHAR, domain VARCHAR, phone VARCHAR, revenue DECIMAL(18,4), parent_id VARCHAR,"
    " owner_id VARCHAR, status VARCHAR",
    "users": "name VARCHAR, email VARCHAR",
    "contacts": "account_id VARCHAR, name VARCHAR, email VARCHAR, phone VARCHAR",
    "invoices": "account_id VARCHAR, number VARCHAR, status VARCHAR, due_date DATE, balance DECIMAL(18,4),"
    " currency VARCHAR",
    "activities": "type VARCHAR, subject VARCHAR, body VARCHAR, owner_id VARCHAR",
    "links": "from_entity VARCHAR, from_id VARCHAR, to_entity VARCHAR, to_id VARCHAR, role VARCHAR",
    "field_changes": "entity VARCHAR, record_id VARCHAR, field VARCHAR, old_value VARCHAR, new_value VARCHAR",
}
REFERENCES = {
    ("accounts", "parent_id"): "accounts",
    ("accounts", "owner_id"): "users",
    ("contacts", "account_id"): "accounts",
    ("invoices", "account_id"): "accounts",
    ("activities", "owner_id"): "users",
}
MONEY = {"invoices": frozenset({"balance"})}
ENUMS = {("invoices", "status"): ("draft", "open", "paid", "void"), ("accounts", "status"): ("active", "inactive")}


def entities() -> dict[str, Entity]:
    found: dict[str, Entity] = {}
    for name, columns in TABLES.items():
        told = {
            part.split()[0]: Column("text", f"The {part.split()[0]}.", REFERENCES.get((name, part.split()[0])),
                                    ENUMS.get((name, part.split()[0]), ()))
            for part in columns.replace("DECIMAL(18,4)", "DECIMAL").split(", ")
        }  # fmt: skip
        found[name] = Entity(f"What {name} are.", told)
    return found


class Published:
    """The snapshot of acme. `put`, `drop` and `next` make the next version, with its log of changes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "entities.duckdb"
        self._open: duckdb.DuckDBPyConnection | None = None
        self.version = 1
        self.at = datetime.now(UTC)
        self.as_of = {"crm": {"accounts": self.at, "contacts": self.at}, "erp": {"invoices": self.at}}
        with duckdb.connect(str(self.path)) as sql:
            for name, columns in TABLES.items():
                sql.execute(f"CREATE TABLE {name} (id VARCHAR, {columns}, {COMMON})")
                sql.execute(f"COMMENT ON TABLE {name} IS 'What {name} are.'")
                sql.execute(f"COMMENT ON COLUMN {name}.id IS 'The id.'")
            sql.execute(
                "CREATE TABLE _changes (entity VARCHAR, id VARCHAR, op VARCHAR, columns VARCHAR[], version BIGINT);"
                "CREATE TABLE _snapshot (version BIGINT, published_at TIMESTAMPTZ, run_id VARCHAR, configuration"
                " VARCHAR, as_of VARCHAR, changes_after BIGINT);"
                "INSERT INTO _snapshot VALUES (1, now(), 'r', 'c', '{}', 1);"
                "CREATE TABLE _rejects (raw_text VARCHAR); INSERT INTO _rejects VALUES ('rejected secret')"
            )

    def put(self, entity: str, key: str, /, *, connection: str = "crm", deleted: bool = False, **values: Any) -> str:
        """Insert or replace one row and log it for the coming version; gives its id."""
        id = f"{connection}:{entity}:{key}"
        source = {"crm": "hubspot", "erp": "netsuite"}[connection]
        row = {
            "id": id, "source": source, "connection_id": connection, "source_object": entity, "source_id": key,
            "source_url": f"https://{source}.example/{key}", "is_deleted": deleted, **values,
        }  # fmt: skip
        there = self._sql.execute(f"DELETE FROM {entity} WHERE id = ? RETURNING id", [id]).fetchall()
        marks = ", ".join("?" for _ in row)
        self._sql.execute(f"INSERT INTO {entity} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        op = "delete" if deleted else "update" if there else "insert"
        self._sql.execute(
            "INSERT INTO _changes VALUES (?, ?, ?, ?, ?)", [entity, id, op, list(values), self.version + 1]
        )
        return id

    def drop(self, entity: str, id: str) -> None:
        self.sql(f"DELETE FROM {entity} WHERE id = '{id}'")
        self.sql(f"INSERT INTO _changes VALUES ('{entity}', '{id}', 'delete', [], {self.version + 1})")

    def sql(self, text: str) -> None:
        self._sql.execute(text)

    @property
    def _sql(self) -> duckdb.DuckDBPyConnection:
        if self._open is None:
            self._open = duckdb.connect(str(self.path))
        return self._open

    def next(self) -> None:
        """Publish what was put and dropped since."""
        self.version += 1
        self.at = datetime.now(UTC)
        self.sql(f"UPDATE _snapshot SET version = {self.version}")

    def snapshot(self) -> Snapshot:
        """The file as it is now, closed."""
        if self._open is not None:
            self._open.close()
            self._open = None
        return Snapshot("acme", self.path, self.version, self.at, self.as_of, "w")

    def view(self, policy: Policy | None = None, folder: str = "agent") -> Opened:
        return bring_up(self.snapshot(), self.root / folder, policy or Policy(), entities())

    def reader(self, policy: Policy | None = None) -> Reader:
        held = policy or Policy()
        return Reader("acme", lambda: self.view(held), entities(), held, money=MONEY)


def filled(root: Path) -> Published:
    """Two companies, one of them in both systems, with people, invoices and a call."""
    made = Published(root)
    made.put("users", "1", name="Olga Owner", email="olga@us.example")
    one = made.put("accounts", "1", name="Café Müller", domain="mueller.example", phone="+44 111", revenue=12.5,
                   owner_id="crm:users:1", status="active", custom='{"note": "loyal"}')  # fmt: skip
    two = made.put("accounts", "2", name="Globex Corporation", domain="globex.example", phone="+1 222",
                   owner_id="crm:users:1", status="inactive")  # fmt: skip
    erp = made.put("accounts", "9", connection="erp", name="Mueller GmbH", domain="mueller.example")
    made.put("accounts", "3", name="Gone Ltd", deleted=True)
    made.put("contacts", "1", account_id=one, name="Anna Adams", email="anna@mueller.example", phone="+44 333")
    made.put("contacts", "2", account_id=two, name="Bert Brown", email="bert@globex.example", phone="+1 444")
    for number in range(1, 8):
        made.put("invoices", str(number), connection="erp", account_id=erp, number=f"INV{number}",
                 status="open" if number % 2 else "paid", balance=number * 10, due_date="2026-01-31",
                 currency="EUR")  # fmt: skip
    call = made.put("activities", "1", type="call", subject="Renewal", body="They want a discount on the kitchen range")
    made.put("links", "1", from_entity="activities", from_id=call, to_entity="accounts", to_id=one, role="regarding")
    made.put("links", "2", from_entity="accounts", from_id=erp, to_entity="accounts", to_id=one, role="same_as")
    made.put("field_changes", "1", entity="contacts", record_id="crm:contacts:1", field="mobilephone",
             old_value="+44 000", new_value="+44 333")  # fmt: skip
    made.put("field_changes", "2", entity="accounts", record_id=one, field="name", old_value="Muller",
             new_value="Café Müller")  # fmt: skip
    made.next()
    return made
