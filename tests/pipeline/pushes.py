"""What the tests of pushes share: a bench whose pipeline has pushes, and a look at what a simulator was sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import yaml
from tests.conftest import Bench

from backhaul.config.catalog import catalog_root
from backhaul.project import Project
from backhaul.push.ledger import Ledger

WRITES = (
    "batch/create",
    "batch/update",
    "batch/upsert",
    "composite/sobjects",
    "sobjects/Account/",
    "jobs/ingest",
    "record/v1",
)


def push(to: str, select: str, **more: Any) -> dict[str, Any]:
    return {"to": to, "select": select, **more}


def with_pushes(bench: Bench, **pushes: dict[str, Any]) -> None:
    """Replace the pushes of the customer's file; the project is opened anew, as a new process would."""
    path = bench.root / "pipelines" / "acme.yaml"
    document = yaml.safe_load(path.read_text())
    document["push"] = pushes
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    bench.project.close()
    bench.project = Project(bench.root)


def defined_otherwise(bench: Bench, source: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Give the project a definition of its own: the shipped one, changed. For runs and pushes that start after it."""
    definition = yaml.safe_load((catalog_root() / "sources" / source / "source.yaml").read_text())
    change(definition)
    folder = bench.root / "sources" / source
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "source.yaml").write_text(yaml.safe_dump(definition, sort_keys=False))


def found_at_once(definition: dict[str, Any]) -> None:
    """A vendor that shows a new record by its unique values as soon as it is there."""
    definition["templates"]["crm_object"]["reads"]["by_match"]["lag"] = "0s"


def sent(bench: Bench, connection: str = "crm", since: int = 0) -> list[str]:
    """The write requests that arrived after the first `since` requests."""
    return [
        f"{each['method']} {each['path']}"
        for each in bench.simulators[connection].received(since)
        if any(part in each["path"] for part in WRITES)
        and each["method"] in ("POST", "PATCH", "PUT", "DELETE")
        and not (each["method"] == "POST" and "composite/sobjects/" in each["path"])
    ]


def arrived(bench: Bench, connection: str = "crm") -> int:
    return len(bench.simulators[connection].received())


def truth(bench: Bench, name: str, connection: str = "crm", key: str = "id") -> dict[str, dict[str, Any]]:
    """Every live record of an object at the vendor, by key."""
    return {each[key]: each for each in bench.simulators[connection].dump(name) if not each["_deleted"]}


def ledger(bench: Bench) -> Ledger:
    return Ledger(bench.project.config.layout.ledger("acme"))


def entities(bench: Bench, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(bench.project.config.layout.snapshot("acme")), read_only=True) as connection:
        return connection.execute(sql).fetchall()
