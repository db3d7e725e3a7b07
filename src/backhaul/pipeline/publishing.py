"""A snapshot of the entities and raw tables as they are now."""

from __future__ import annotations

import time
from datetime import datetime
from functools import partial

from backhaul.load.database import opened
from backhaul.load.watermarks import in_force
from backhaul.pipeline.configuration import keep_configuration
from backhaul.pipeline.context import Context
from backhaul.pipeline.describing import raw_words
from backhaul.pipeline.published_ledger import attempts_of
from backhaul.publish.snapshot import Publication, PublishResult, publish
from backhaul.publish.versions import Retention
from backhaul.telemetry.progress import StageDone, StageStarted


def publish_customer(context: Context, *, anew: bool = False) -> PublishResult:
    """Publish. The write lease is held. Raises StorageError, and ConfigError where there are no entities yet.

    anew: write both files from nothing, and delete every older version.
    """
    began = time.perf_counter()
    context.progress.on(StageStarted(context.customer, stage="publish"))
    destination = context.destination
    with opened(context.work, memory_limit="256MB", threads=destination.threads) as connection:
        as_of: dict[str, dict[str, datetime]] = {}
        for (name, object_name, window), row in in_force(connection).items():
            if window == "changes" and row.watermark is not None:
                as_of.setdefault(name, {})[object_name] = row.watermark
        publication = Publication(
            customer=context.customer,
            run_id=context.run_id,
            configuration=keep_configuration(context),
            as_of=as_of,
            retention=Retention(destination.keep_snapshots, destination.keep_days),
            ledger=attempts_of(context),
            words=partial(raw_words, context, connection),
            anew=anew,
        )
        result = publish(connection, context.layout, publication)
    note = f"v{result.version}" if result.new else f"v{result.version}, nothing new"
    if context.pipeline.agent is not None:
        from backhaul.pipeline.agents import serve_agents

        note += serve_agents(context)
    context.progress.on(StageDone(context.customer, stage="publish", seconds=time.perf_counter() - began, note=note))
    return result
