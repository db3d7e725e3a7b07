"""The vendors' own words about their objects and fields, as the last discovery heard them, for the raw tables."""

from __future__ import annotations

import duckdb

from backhaul.config.problems import listed
from backhaul.discovery.cache import known_schema
from backhaul.load.conform import recorded_names
from backhaul.load.tables import RawTable
from backhaul.load.watermarks import COLUMNS, has_table
from backhaul.pipeline.context import Context
from backhaul.protocol.schema import Field, ObjectSchema
from backhaul.publish.words import Words

_LONGEST = 400
"""Characters of a vendor's description; some write pages."""


def raw_words(context: Context, connection: duckdb.DuckDBPyConnection) -> dict[str, Words]:
    """Raw table -> what to say of it. connection: work.duckdb."""
    recorded = recorded_names(connection) if has_table(connection, COLUMNS) else {}
    found: dict[str, Words] = {}
    for name in context.pipeline.connections:
        schema = known_schema(context.state.schemas, context.customer, name)
        title = context.source_of(name).title
        for each in schema.objects.values() if schema is not None else ():
            columns = recorded.get((name, each.name), {})
            fields = {columns.get(field, field): _field(one) for field, one in each.fields.items()}
            found[RawTable(name, each.name, ()).name] = Words(_object(title, each), fields)
    return found


def _object(title: str, each: ObjectSchema) -> str:
    own = ", an object of this account's own" if each.custom else ""
    label = f" ({each.label})" if each.label and each.label != each.name else ""
    return f"{title}: {each.name}{label}{own}, in the vendor's shape."


def _field(field: Field) -> str:
    """`Stage: Where the deal stands. enumeration: one of lost, open, won`."""
    words = list(dict.fromkeys(text for text in (field.label, field.description) if text and text != field.name))
    kind = field.vendor_type or field.type
    if field.references:
        kind += f" to {field.references}"
    if field.options:
        kind += f": one of {listed(field.options, 8)}"
    told = ": ".join(words)
    if len(told) > _LONGEST:
        told = f"{told[:_LONGEST].rstrip()}..."
    if not told:
        return f"A field of type {kind}."
    return f"{told}{'' if told.endswith(('.', '!', '?')) else '.'} {kind}{', their own field' if field.custom else ''}"
