"""Entities from raw tables, and a snapshot of both: the second half of a run, under the same lease."""

from __future__ import annotations

from collections.abc import Sequence

from backhaul.discovery.cache import known_schema
from backhaul.load.database import opened
from backhaul.pipeline.context import Context
from backhaul.telemetry.progress import StageDone, StageStarted
from backhaul.transform.build import TransformResult, transform
from backhaul.transform.inputs import Customer, RawConnection, RawField
from backhaul.transform.models import Models, find_models


def models_of(context: Context) -> Models:
    """The catalog's contracts, staging and marts, over them the project's, and over those the customer's own."""
    from backhaul.config.catalog import catalog_root

    own = context.layout.transforms
    return find_models([catalog_root() / "transforms", own, own / "customers" / context.customer])


def customer_of(context: Context) -> Customer:
    """What transform needs to know: each connection's source, objects and fields."""
    connections: dict[str, RawConnection] = {}
    for name, connection in context.pipeline.connections.items():
        schema = known_schema(context.state.schemas, context.customer, name)
        chosen = connection.objects
        objects = {
            each.name: tuple(RawField(f.name, f.type, f.custom) for f in each.fields.values())
            for each in (schema.objects.values() if schema is not None else ())
            if chosen == "all" or each.name in chosen
        }
        choices = {} if chosen == "all" else chosen
        fills = {each: tuple(choice.fills) for each, choice in choices.items() if choice.fills is not None}
        connections[name] = RawConnection(name, connection.source, objects, fills)
    return Customer(context.customer, connections, context.pipeline.mappings, context.pipeline.identity)


def transform_customer(context: Context, *, full: bool = False, select: Sequence[str] = ()) -> TransformResult:
    """Bring the entities up to date. The write lease is held. Raises ConfigError, StorageError."""
    import time

    began = time.perf_counter()
    context.progress.on(StageStarted(context.customer, stage="transform"))
    with opened(context.work, memory_limit="256MB", threads=context.destination.threads) as connection:
        result = transform(
            connection, models_of(context), customer_of(context), run_id=context.run_id, full=full, select=select
        )
    seconds = time.perf_counter() - began
    context.progress.on(
        StageDone(context.customer, stage="transform", seconds=seconds, note=f"{result.changed:,} changed")
    )
    return result
