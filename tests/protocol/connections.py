"""A connection to a test's own vendor, without a project around it."""

from __future__ import annotations

from typing import Any

from tests.little import Little, definition

from backhaul.config.pipeline import Connection as ConnectionConfig
from backhaul.config.source import Source
from backhaul.http.patience import Patience
from backhaul.protocol.connection import Connection
from backhaul.protocol.opening import open_connection
from backhaul.protocol.schema import Field, ObjectSchema


def connect(server: Little, settings: dict[str, Any] | None = None, **blocks: Any) -> Connection:
    """Opened, not probed. blocks: of the source definition."""
    credentials = blocks.pop("credentials", {"token": "a-token"})
    source = Source.model_validate({"objects": {}, **definition(server.url, **blocks)})
    return open_connection(
        customer="acme",
        name="crm",
        source=source,
        config=ConnectionConfig(source="little", settings=settings or {}),
        credentials=credentials,
        run_id="r1",
        buckets=None,
        patience=Patience(tries=2, longest_wait=0.1),
        account={"id": "account-1"},
    )


def schema(object: str, /, **fields: Any) -> ObjectSchema:
    """An object with the key `id` and these fields."""
    made = {each: Field(each, kind) for each, kind in {"id": "text", **fields}.items()}
    return ObjectSchema(object, ("id",), made)
