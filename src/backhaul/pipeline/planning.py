"""`plan`: what the working tree's configuration would make of the data, before anything is done.

The entities are built with it in a copy of work.duckdb and compared with the published snapshot, so that what is
counted is what a transform and publish would change; no vendor is asked.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from backhaul.errors import ConfigError
from backhaul.load.database import opened
from backhaul.load.tables import literal, quoted
from backhaul.pipeline.checking import need_mappings
from backhaul.pipeline.configuration import configuration_of, fingerprint_of, read_configuration
from backhaul.pipeline.context import Context
from backhaul.pipeline.reading import Wanted
from backhaul.pipeline.run import RunReport, run_customer
from backhaul.pipeline.transforming import customer_of, models_of
from backhaul.publish.ledger import TABLE as LEDGER
from backhaul.publish.query import current_snapshot
from backhaul.publish.versions import Versions, copy
from backhaul.transform.build import transform


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """An object that is read otherwise than before. calls: how many a backfill takes, None where nobody knows."""

    connection: str
    object: str
    change: str
    rows: int | None = None
    calls: int | None = None


@dataclass(frozen=True, slots=True)
class ConfigurationPlan:
    """The difference between the configuration in force and the working tree's, and what it makes of the data."""

    customer: str
    version: int
    in_force: str
    wanted: str
    objects: tuple[ObjectChange, ...]
    files: tuple[str, ...]
    """What else differs: `mappings.accounts`, `marts.account_360`, `staging.shop/deals.deals`."""
    effects: tuple[Any, ...]
    """Of each entity and mart that would change: `backhaul.transform.effect.Effect`."""

    @property
    def hash(self) -> str:
        """Names just this plan: another configuration, another snapshot or another effect has another."""
        told = [self.version, self.in_force, self.wanted, [asdict(each) for each in self.effects]]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def is_nothing(self) -> bool:
        return not (self.objects or self.files or self.effects)


def plan_configuration(context: Context) -> ConfigurationPlan:
    """Raises ConfigError for a configuration that does not fit the data, Busy, StorageError."""
    need_mappings(context)
    manifest = current_snapshot(context.layout, context.customer)
    wanted = configuration_of(context)
    in_force = read_configuration(context.layout, context.customer, manifest.configuration)
    snapshot = Versions(context.layout, context.customer).folder / manifest.entities
    threads = context.destination.threads
    with (
        context.state.leases.lease(context.customer, run=context.run_id, wait=context.lease_wait),
        _copied(context) as path,
        opened(path, memory_limit="256MB", threads=threads) as copied,
    ):
        from backhaul.transform.effect import effects

        transform(copied, models_of(context), customer_of(context), run_id=context.run_id)
        copied.execute(f"ATTACH {literal(str(snapshot))} AS published (READ_ONLY)")
        found = tuple(each for each in effects(copied, "published", apart=(LEDGER,)) if not each.is_nothing)
        objects = tuple(_objects(context, in_force, wanted, copied)) if in_force else ()
    return ConfigurationPlan(
        customer=context.customer,
        version=manifest.version,
        in_force=manifest.configuration,
        wanted=fingerprint_of(wanted),
        objects=objects,
        files=tuple(_files(in_force, wanted)) if in_force else (),
        effects=found,
    )


def apply_configuration(context: Context, hash: str) -> RunReport:
    """Transform and publish what the plan of that name showed, and nothing else. Raises ConfigError for another."""
    plan = plan_configuration(context)
    if plan.hash != hash:
        raise ConfigError(
            f"the plan is {plan.hash} now, not {hash}: files, data or the snapshot changed since it was made",
            next_step=f"look at it again with `backhaul plan {context.customer}`",
            customer=context.customer,
        )
    return run_customer(context, Wanted(), kind="transform", sync=False)


@contextmanager
def _copied(context: Context) -> Iterator[Path]:
    if not context.work.exists():
        raise ConfigError(
            "nothing was loaded yet", next_step=f"backhaul run {context.customer}", customer=context.customer
        )
    path = context.work.with_name(f"plan-{context.run_id}.duckdb")
    try:
        copy(context.work, path)
        yield path
    finally:
        for each in (path, path.with_name(path.name + ".wal")):
            each.unlink(missing_ok=True)


def _objects(
    context: Context, in_force: Mapping[str, Any], wanted: Mapping[str, Any], copied: Any
) -> Iterator[ObjectChange]:
    before, after = (each["pipeline"]["connections"] for each in (in_force, wanted))
    for name in sorted({*before, *after}):
        if name not in after:
            yield ObjectChange(name, "*", "the connection goes, and its rows with it")
            continue
        old, new = (_chosen(each.get(name, {}).get("objects", {})) for each in (before, after))
        for object_name in sorted({*old, *new}):
            if object_name not in new:
                yield ObjectChange(name, object_name, "is read no more; its raw table stays")
            elif object_name not in old:
                rows, calls = _backfill(context, copied, name, object_name)
                yield ObjectChange(name, object_name, "is read from its beginning", rows, calls)
            elif old[object_name] != new[object_name]:
                parts = [key for key in new[object_name] if new[object_name][key] != old[object_name].get(key)]
                yield ObjectChange(name, object_name, f"is read with other {', '.join(parts)}")


def _backfill(context: Context, copied: Any, connection: str, object_name: str) -> tuple[int | None, int | None]:
    """Rows and calls: known where the raw table is there from an earlier time."""
    table = f"{connection}__{object_name}"
    there = copied.execute(
        "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'raw' AND table_name = ?", [table]
    ).fetchone()
    if there is None:
        return None, None
    (rows,) = copied.execute(f"SELECT count(*) FROM raw.{quoted(table)}").fetchone()
    definition = context.source_of(connection).definition(object_name)
    reads = getattr(definition, "reads", None)
    first = getattr(reads, "all", None)
    size = getattr(first[0] if isinstance(first, list | tuple) and first else first, "size", None)
    return int(rows), math.ceil(rows / size) if isinstance(size, int) and size else None


def _chosen(objects: Any) -> dict[str, Any]:
    return {} if objects == "all" else dict(objects)


def _files(in_force: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    for kind in ("contracts", "staging", "marts"):
        for name in sorted({*in_force[kind], *wanted[kind]}):
            if in_force[kind].get(name) != wanted[kind].get(name):
                yield f"{kind}.{name}"
    if in_force["identity"] != wanted["identity"]:
        yield "identity.yaml"
    for part in ("mappings", "identity"):
        old, new = in_force["pipeline"].get(part, {}), wanted["pipeline"].get(part, {})
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                yield f"{part}.{name}"
