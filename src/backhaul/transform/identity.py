"""The same company or person in two systems: pairs that rules find, as `links` rows with role `same_as`.

A value proves something only where each connection's object holds it once: two companies of one CRM with one domain
may be two branches, so neither is linked, and the value is counted. Deleted rows are nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import yaml
from pydantic import TypeAdapter, ValidationError

from backhaul.config.identity import EntityIdentity, IdentityRule
from backhaul.config.problems import closest
from backhaul.errors import ConfigError
from backhaul.transform.contracts import EntityShape
from backhaul.transform.derived import Derived
from backhaul.transform.names import literal, quote
from backhaul.transform.results import Warning

CONNECTION = "_identity"
"""What stands for the connection in the rows' ids: no connection can be called so."""

_RULES = TypeAdapter(dict[str, tuple[IdentityRule, ...]])
_SPELLING = {"exact": "{}", "lower": "lower(trim({}))", "code": "upper(regexp_replace({}, '[^0-9A-Za-z]', '', 'g'))"}


@dataclass(frozen=True, slots=True)
class Identity:
    """What is decided about one entity for one customer."""

    entity: str
    rules: tuple[IdentityRule, ...]
    confirm: tuple[tuple[str, str], ...] = ()
    deny: tuple[tuple[str, str], ...] = ()


def parse_rules(text: str, entities: Sequence[str]) -> dict[str, tuple[IdentityRule, ...]]:
    """Read identity.yaml. Raises ConfigError that lists every problem."""
    where = "transforms/identity.yaml"
    try:
        rules = _RULES.validate_python(yaml.safe_load(text) or {})
    except yaml.YAMLError as error:
        raise ConfigError(f"{where} is not YAML", problems=(str(error),)) from error
    except ValidationError as error:
        problems = tuple(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise ConfigError(f"{where} holds no rules", problems=problems) from error
    _check_entities(rules, entities, where)
    return rules


def decide(
    rules: Mapping[str, tuple[IdentityRule, ...]],
    own: Mapping[str, EntityIdentity],
    shapes: Mapping[str, EntityShape],
) -> tuple[Identity, ...]:
    """The project's rules under a customer's decisions. Raises ConfigError for entities that do not exist."""
    _check_entities(own, tuple(shapes), "identity")
    found = []
    for entity in sorted({*rules, *own}):
        if entity not in shapes:
            continue
        mine = own.get(entity, EntityIdentity())
        chosen = mine.rules if mine.rules is not None else rules.get(entity, ())
        columns = shapes[entity].columns
        usable = tuple(rule for rule in chosen if rule.column in columns and (rule.equals or rule.column) in columns)
        found.append(Identity(entity, usable, _ordered(mine.confirm), _ordered(mine.deny)))
    return tuple(each for each in found if each.rules or each.confirm)


def identity_links(identities: Sequence[Identity], links: EntityShape, customer: str) -> Derived:
    """All pairs as rows of links: one a pair, by the surest rule that found it."""
    pairs = " UNION ALL ".join(_pairs(each) for each in identities) or (
        "SELECT '' AS entity, '' AS a, '' AS b, '' AS method, 0 AS confidence, now() AS synced_at WHERE false"
    )
    filled = {
        "id": f"'{CONNECTION}:' || entity || ':' || a || '=' || b",
        "customer_id": literal(customer),
        "source": "'backhaul'",
        "connection_id": literal(CONNECTION),
        "source_object": "entity",
        "source_id": "a || '=' || b",
        "is_deleted": "false",
        "synced_at": "synced_at",
        "from_entity": "entity",
        "from_id": "a",
        "to_entity": "entity",
        "to_id": "b",
        "role": "'same_as'",
        "method": "method",
        "confidence": "CAST(confidence AS DECIMAL(18, 4))",
    }
    columns = [
        f"{filled.get(name, f'CAST(NULL AS {column.sql_type})')} AS {quote(name)}"
        for name, column in links.columns.items()
    ]
    select = (
        f"SELECT {', '.join(columns)} FROM (SELECT * FROM ({pairs})"
        " QUALIFY row_number() OVER (PARTITION BY entity, a, b ORDER BY confidence DESC, method) = 1)"
    )
    return Derived(links.name, tuple(links.columns), select, f"connection_id = {literal(CONNECTION)}")


def doubtful(connection: duckdb.DuckDBPyConnection, identities: Sequence[Identity]) -> tuple[Warning, ...]:
    """Values that several rows of one connection hold and another connection too: they link nobody."""
    found = []
    for each in identities:
        for rule in each.rules:
            row = connection.execute(
                f"WITH held AS ({_held(each.entity, rule, rule.column)}) SELECT count(*), min(value) FROM"
                " (SELECT value FROM held GROUP BY value HAVING max(rows) > 1 AND count(DISTINCT connection_id) > 1)"
            ).fetchone()
            if row and row[0]:
                what = f"{each.entity} that share a {rule.method} within one connection are linked to no other"
                found.append(Warning("links", what, int(row[0]), str(row[1])))
        known = ", ".join(f"({literal(a)}), ({literal(b)})" for a, b in each.confirm)
        if known:
            row = connection.execute(
                f"SELECT count(*), min(id) FROM (VALUES {known}) AS t(id)"
                f" ANTI JOIN entities.{quote(each.entity)} AS e ON e.id = t.id"
            ).fetchone()
            if row and row[0]:
                what = f"identity.{each.entity}.confirm names no row of {each.entity}"
                found.append(Warning("links", what, int(row[0]), str(row[1])))
    return tuple(found)


def _pairs(each: Identity) -> str:
    """(entity, a, b, method, confidence, synced_at), a before b."""
    parts = [_found(each.entity, rule) for rule in each.rules]
    if each.confirm:
        table = f"entities.{quote(each.entity)}"
        listed = ", ".join(f"({literal(a)}, {literal(b)})" for a, b in each.confirm)
        parts.append(
            f"SELECT p.a, p.b, 'confirmed' AS method, 1 AS confidence, greatest(x.synced_at, y.synced_at) AS synced_at"
            f" FROM (VALUES {listed}) AS p(a, b) JOIN {table} AS x ON x.id = p.a JOIN {table} AS y ON y.id = p.b"
            " WHERE NOT x.is_deleted AND NOT y.is_deleted"
        )
    denied = ", ".join(f"({literal(a)}, {literal(b)})" for a, b in each.deny)
    rest = f" WHERE (a, b) NOT IN ({denied})" if denied else ""
    return (
        f"SELECT {literal(each.entity)} AS entity, a, b, method, confidence, synced_at"
        f" FROM ({' UNION ALL '.join(parts)}){rest}"
    )


def _found(entity: str, rule: IdentityRule) -> str:
    there = f" AND y.connection_id = {literal(rule.within)}" if rule.within else ""
    return (
        f"SELECT least(x.id, y.id) AS a, greatest(x.id, y.id) AS b, {literal(rule.method)} AS method,"
        f" {rule.confidence} AS confidence, greatest(x.synced_at, y.synced_at) AS synced_at"
        f" FROM ({_held(entity, rule, rule.column)}) AS x JOIN ({_held(entity, rule, rule.equals or rule.column)}) AS y"
        f" ON x.value = y.value AND x.connection_id <> y.connection_id AND x.rows = 1 AND y.rows = 1{there}"
    )


def _held(entity: str, rule: IdentityRule, column: str) -> str:
    """Each value with who holds it: (value, connection_id, source_object, id, synced_at, rows)."""
    value = _SPELLING[rule.spelling].format(f"CAST({quote(column)} AS VARCHAR)")
    ignored = ", ".join(literal(each) for each in rule.ignore)
    proves = f" AND value NOT IN ({ignored})" if ignored else ""
    return (
        f"SELECT value, connection_id, source_object, min(id) AS id, max(synced_at) AS synced_at, count(*) AS rows"
        f" FROM (SELECT id, connection_id, source_object, synced_at, {value} AS value"
        f" FROM entities.{quote(entity)} WHERE NOT is_deleted) WHERE value <> ''{proves}"
        " GROUP BY value, connection_id, source_object"
    )


def _ordered(pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((min(pair), max(pair)) for pair in pairs)


def _check_entities(named: Mapping[str, object], entities: Sequence[str], where: str) -> None:
    problems = []
    for name in named:
        if name not in entities:
            near = closest(name, entities)
            problems.append(f"{where}: there is no entity {name}" + (f"; did you mean {near}?" if near else ""))
    if problems:
        raise ConfigError("identity names entities that do not exist", problems=tuple(problems))
