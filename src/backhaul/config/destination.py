"""destinations/<name>.yaml: where raw and normalized data lives."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from backhaul.config.base import Model


class Destination(Model):
    """A place that takes raw tables and entities. One DuckDB file a customer is the embedded default."""

    destination: str = Field(description="Its name, as pipelines say it.")
    type: Literal["duckdb"] = Field(description="The kind of engine.")
    memory_limit: str = Field(
        default="128MB", pattern=r"^\d+(MB|GB)$", description="What DuckDB may use before it spills to disk."
    )
    threads: int = Field(default=2, gt=0, description="What DuckDB may use.")
    keep_snapshots: int = Field(default=10, gt=0, description="Snapshots kept beside the current one.")
    keep_days: int = Field(default=7, ge=0, description="Younger snapshots are kept however many there are.")
