"""However entities change between transforms, links and marts made in part are what a build from nothing gives."""

from __future__ import annotations

import os
import random
from contextlib import suppress
from typing import Any

import duckdb
import pytest

from backhaul.config.catalog import catalog_root
from backhaul.config.identity import EntityIdentity
from backhaul.errors import ConfigError
from backhaul.transform.build import transform
from backhaul.transform.inputs import Customer, RawConnection, RawField
from backhaul.transform.models import Models, read_models

# `make shape` asks for 200: four times the steps, three times the edits in each
MANY = int(os.environ.get("BACKHAUL_MUTATIONS", "15")) >= 200
STEPS, EDITS = (20, 3) if MANY else (5, 1)
ENTITIES = ("users", "accounts", "contacts", "deals", "tickets", "activities", "links", "invoices")
MARTS = ("contact_groups", "contact_360", "account_groups")
PLACES = ("crm", "erp")
OBJECTS = {
    "u": {"name": "VARCHAR"},
    "a": {"name": "VARCHAR", "domain": "VARCHAR", "tax": "VARCHAR"},
    "c": {"name": "VARCHAR", "email": "VARCHAR", "owner": "VARCHAR", "account": "VARCHAR", "opted": "BOOLEAN"},
    "d": {"name": "VARCHAR", "contact": "VARCHAR"},
    "t": {"status": "VARCHAR", "contact": "VARCHAR", "made": "TIMESTAMPTZ"},
    "v": {"type": "VARCHAR", "subject": "VARCHAR", "contact": "VARCHAR", "made": "TIMESTAMPTZ"},
    "l": {"deal": "VARCHAR", "contact": "VARCHAR"},
}
STAGING = {
    "users.u": "select src.name as name from u as src",
    "accounts.a": "select src.name as name, src.domain as domain, src.tax as tax_number from a as src",
    "contacts.c": """select src.name as name, src.email as email, src.opted as opted_out,
        ref(users, u, src.owner) as owner_id, ref(accounts, a, src.account) as account_id from c as src""",
    "deals.d": "select src.name as name, ref(contacts, c, src.contact) as contact_id from d as src",
    "tickets.t": """select src.status as status, ref(contacts, c, src.contact) as requester_id,
        src.made as source_created_at from t as src""",
    "activities.v": "select src.type as type, src.subject as subject, src.made as completed_at from v as src",
    "links.l": """select 'deals' as from_entity, ref(deals, d, src.deal) as from_id, 'contacts' as to_entity,
        ref(contacts, c, src.contact) as to_id, 'involved' as role from l as src""",
    "links.v": """select 'activities' as from_entity, ref(activities, v, src._key) as from_id,
        'contacts' as to_entity, ref(contacts, c, src.contact) as to_id, 'about' as role from v as src""",
}


class Business:
    """A customer with a CRM and an ERP that know the same persons and companies, over the catalog's own marts."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.db = duckdb.connect()
        self.db.execute("SET TimeZone = 'UTC'; SET threads = 1; CREATE SCHEMA raw")
        for place in PLACES:
            for name, columns in OBJECTS.items():
                listed = "".join(f"{column} {kind}, " for column, kind in columns.items())
                self.db.execute(
                    f"CREATE TABLE raw.{place}__{name} ({listed} _key VARCHAR, _changed_at TIMESTAMPTZ,"
                    " _read_at TIMESTAMPTZ, _deleted_at TIMESTAMPTZ, _merged_into VARCHAR, _run_id VARCHAR)"
                )
        self.identity: dict[str, EntityIdentity] = {}
        self.mappings: dict[str, Any] = {}
        self.runs = 1

    def key(self) -> str:
        return str(self.chance.randint(1, 9))

    def value(self, column: str) -> Any:
        chance = self.chance
        if column == "made":
            return f"2026-01-{chance.randint(1, 28):02d} 00:00:00+00"
        if column == "opted":
            return chance.choice([True, False, None])
        if column in ("email", "domain"):
            return chance.choice([None, "", " One@Example.com", "one@example.com", "two@x.com", "gmail.com"])
        if column == "tax":
            return chance.choice([None, "NO 1", "no1", "2", "3"])
        if column == "status":
            return chance.choice(["open", "solved"])
        if column in ("name", "type", "subject"):
            return chance.choice(["A", "B"])
        return chance.choice([None, self.key()])

    def edit(self) -> None:
        place, name = self.chance.choice(PLACES), self.chance.choice(sorted(OBJECTS))
        table, key, run = f"raw.{place}__{name}", self.key(), f"r{self.runs - self.chance.randint(0, 1)}"
        how = self.chance.random()
        if how < 0.1:
            self.db.execute(f"DELETE FROM {table} WHERE _key = ?", [key])
        elif how < 0.25:
            self.db.execute(f"UPDATE {table} SET _deleted_at = now(), _run_id = ? WHERE _key = ?", [run, key])
        else:
            self.db.execute(f"DELETE FROM {table} WHERE _key = ?", [key])
            columns = OBJECTS[name]
            self.db.execute(
                f"INSERT INTO {table} ({', '.join(columns)}, _key, _run_id, _read_at, _changed_at)"
                f" VALUES ({'?, ' * len(columns)}?, ?, now(), now())",
                [*(self.value(column) for column in columns), key, run],
            )

    def decide(self) -> None:
        pair = (f"crm:c:{self.key()}", f"erp:c:{self.key()}")
        self.identity = self.chance.choice(
            [{}, {"contacts": EntityIdentity(confirm=(pair,))}, {"contacts": EntityIdentity(deny=(pair,))}]
        )
        self.mappings = self.chance.choice([{}, {"contacts": {"crm": {"title": "name"}}}])

    def build(self, models: Models | None = None, **options: Any) -> None:
        fields = {name: tuple(RawField(column, "text") for column in columns) for name, columns in OBJECTS.items()}
        connections = {place: RawConnection(place, place, fields) for place in PLACES}
        customer = Customer("acme", connections, self.mappings, self.identity)
        self.runs += 1
        transform(self.db, models or MODELS, customer, run_id=f"r{self.runs - 1}", **options)

    def state(self) -> dict[str, Any]:
        hidden = "_raw_key, _stamp, _hash, _seq"
        found: dict[str, Any] = {
            name: self.db.execute(
                f"SELECT * EXCLUDE ({hidden}) FROM entities.{name} ORDER BY id"
                if name in MARTS
                else f"SELECT * EXCLUDE ({hidden}, synced_at, sync_run_id) FROM entities.{name} ORDER BY id"
            ).fetchall()
            for name in (*ENTITIES, *MARTS)
        }
        found["warnings"] = self.db.execute("SELECT * FROM meta.doubtful ORDER BY ALL").fetchall()
        return found


def _models(**more: str) -> Models:
    folder = catalog_root() / "transforms"
    contracts = {path.stem: path.read_text() for path in (folder / "entities").glob("*.yaml")}
    staging = {(place, name): text for place in PLACES for name, text in STAGING.items()}
    marts = {name: (folder / "marts" / f"{name}.sql").read_text() for name in MARTS} | more
    return read_models(contracts, staging, marts, [(folder / "identity.yaml").read_text()])


MODELS = _models()
BROKEN = _models(late="-- Fails.\nselect g.id, error('no') as x from account_groups as g")


@pytest.mark.parametrize("seed", range(4))
def test_any_edits_in_any_steps_give_what_a_build_from_nothing_gives(seed: int) -> None:
    business = Business(seed)
    for _ in range(business.chance.randint(0, 60)):
        business.edit()
    business.build()
    for _ in range(STEPS):
        for _ in range(EDITS * business.chance.choice([0, 1, 1, 3, 12])):
            business.edit()
        if business.chance.random() < 0.15:
            business.decide()
        if business.chance.random() < 0.2:
            # one that ends half-way, after some marts
            with suppress(ConfigError):
                business.build(BROKEN)
        business.build(select=["contacts"] if business.chance.random() < 0.3 else [])
    business.build()
    step_by_step = business.state()
    business.db.execute("DROP SCHEMA entities CASCADE; DROP SCHEMA meta CASCADE; DROP SCHEMA was CASCADE")
    business.build()
    assert step_by_step == business.state()


def test_what_rows_were_is_kept_only_until_all_is_derived() -> None:
    business = Business(1)
    for _ in range(60):
        business.edit()
    business.build()
    kept = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'was'"
    business.db.execute("UPDATE raw.crm__c SET name = 'C', _run_id = 'new'")
    business.build(select=["contacts"])
    assert business.db.execute(kept).fetchall() == [("contacts",)]
    business.build()
    assert business.db.execute(kept).fetchall() == []
