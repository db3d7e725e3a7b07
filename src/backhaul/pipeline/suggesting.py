"""Mappings that a customer's own fields suggest, from what discovery and the raw tables know. No vendor is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import duckdb
from sqlglot import exp
from sqlglot.errors import SqlglotError

from backhaul.config.pipeline import Mapped
from backhaul.discovery.cache import known_schema
from backhaul.errors import ConfigError
from backhaul.load.database import opened
from backhaul.pipeline.context import Context
from backhaul.pipeline.transforming import models_of
from backhaul.protocol.schema import Field
from backhaul.transform.compile import raw_table
from backhaul.transform.contracts import Column
from backhaul.transform.mappings import added_columns
from backhaul.transform.models import Models
from backhaul.transform.names import quote
from backhaul.transform.sql import parse_expression
from backhaul.transform.staging import SRC, Staging
from backhaul.transform.suggest import OwnField, Sample, Suggestion, suggest
from backhaul.transform.work import raw_tables

SAMPLED = 20_000
"""Rows of an object that are looked at."""
_TRUTHS = ("true", "false", "yes", "no", "t", "f", "y", "n")


def suggest_mappings(
    context: Context, *, connection: str | None = None, entity: str | None = None
) -> tuple[Suggestion, ...]:
    """For every custom field that fills nothing yet. connection, entity: only there.

    Raises ConfigError for a connection or entity that is not there, and where nothing was read yet.
    """
    models = models_of(context)
    names = context.pipeline.connections
    if connection is not None and connection not in names:
        raise ConfigError(
            f"{context.customer} has no connection {connection}; there are {', '.join(names)}",
            next_step="name one of them",
            customer=context.customer,
        )
    if entity is not None and entity not in models.contracts:
        raise ConfigError(f"there is no entity {entity}", next_step=f"name one of {', '.join(models.contracts)}")
    if not context.work.exists():
        raise ConfigError(
            f"nothing of {context.customer} was read yet: there are no values to look at",
            next_step=f"backhaul sync {context.customer}",
            customer=context.customer,
        )
    with opened(context.work, read_only=True) as work:
        tables = raw_tables(work)
        found: list[Suggestion] = []
        # what is proposed for one connection, the next one's fields may fill, too: a column has one type
        proposed: dict[str, dict[str, Column]] = {}
        for name in [connection] if connection is not None else names:
            for each in _staged(models, names[name].source, entity):
                if raw_table(name, each.object) in tables:
                    columns = tables[raw_table(name, each.object)]
                    some = _of_object(context, work, models, name, each, columns, proposed.get(each.entity, {}))
                    for one in some:
                        if one.new:
                            own = Column(type=one.type, description="Proposed.")
                            proposed.setdefault(each.entity, {}).setdefault(one.column, own)
                    found += some
    return tuple(_each_once(found))


def _staged(models: Models, source: str, entity: str | None) -> Iterator[Staging]:
    """Staging files that keep an object's own fields."""
    for each in models.staging:
        if each.source == source and each.keeps_custom and entity in (None, each.entity):
            yield each


def _of_object(
    context: Context, work: duckdb.DuckDBPyConnection, models: Models, connection: str, staging: Staging,
    columns: Mapping[str, str], proposed: Mapping[str, Column],
) -> list[Suggestion]:  # fmt: skip
    schema = known_schema(context.state.schemas, context.customer, connection)
    known = schema.objects.get(staging.object) if schema is not None else None
    if known is None:
        return []
    places = context.pipeline.mappings.get(staging.entity, {})
    own_places = (connection, f"{connection}.{staging.object}")
    mapped = {column: value for place in own_places for column, value in places.get(place, {}).items()}
    used = {*_fields_of(staging.tree), *(name for each in mapped.values() for name in _fields_in(each))}
    own = [each for each in known.fields.values() if each.custom and each.name in columns and each.name not in used]
    if not own:
        return []
    table = f"raw.{quote(raw_table(connection, staging.object))}"
    work.execute(
        f"CREATE OR REPLACE TEMP TABLE sampled AS SELECT {', '.join(quote(each.name) for each in own)}"
        f" FROM {table} WHERE _deleted_at IS NULL USING SAMPLE reservoir({SAMPLED} ROWS) REPEATABLE (7)"
    )
    fields = [OwnField(each.name, each.label, each.type, each.options, _sample(work, each)) for each in own]
    contract = models.contracts[staging.entity]
    added = {**proposed, **added_columns(contract, context.pipeline.mappings.get(staging.entity, {}))}
    return suggest(staging.entity, connection, staging.object, contract.columns, mapped, fields, added)


def _sample(work: duckdb.DuckDBPyConnection, field: Field) -> Sample:
    text = f"nullif(trim(CAST({quote(field.name)} AS VARCHAR)), '')"
    if field.type == "decimal":
        text = f"rtrim(rtrim({text}, '0'), '.')"
    truths = ", ".join(f"'{each}'" for each in _TRUTHS)
    row = work.execute(
        f"SELECT count(*), count({text}), count(DISTINCT {text}), count(TRY_CAST({text} AS DECIMAL(38, 9))),"
        f" count(TRY_CAST({text} AS DATE)), count(*) FILTER (lower({text}) IN ({truths})) FROM sampled"
    ).fetchone()
    values = work.execute(
        f"SELECT {text} AS value, count(*) FROM sampled WHERE {text} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 12"
    ).fetchall()
    rows, filled, distinct, numbers, dates, true = row or (0,) * 6
    return Sample(rows, filled, distinct, [(str(value), int(many)) for value, many in values], numbers, dates, true)


def _fields_of(tree: exp.Expr) -> set[str]:
    return {each.name for each in tree.find_all(exp.Column) if each.table in (SRC, "")}


def _fields_in(mapped: str | Mapped) -> set[str]:
    text = mapped if isinstance(mapped, str) else mapped.source
    if text is None:
        return set()
    try:
        return {text} | _fields_of(parse_expression(text))
    except SqlglotError:
        return {text}


def _each_once(found: Sequence[Suggestion]) -> Iterator[Suggestion]:
    """A mapping is of a connection and an entity, whichever of its objects the column comes from."""
    best: dict[tuple[str, str, str], Suggestion] = {}
    for each in found:
        place = (each.entity, each.connection, each.column)
        if place not in best or each.confidence > best[place].confidence:
            best[place] = each
    yield from sorted(best.values(), key=lambda each: (each.entity, each.connection, each.new, -each.confidence))


__all__ = ["Suggestion", "suggest_mappings"]
