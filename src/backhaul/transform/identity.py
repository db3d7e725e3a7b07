"""The same company or person in two systems: pairs that rules find, as `links` rows with role `same_as`.

A value proves something only where each connection's object holds it once: two companies of one CRM with one domain
may be two branches, so neither is linked, and the value is counted. Deleted rows are nobody.

After a change only some rows are looked at, those `among` which a pair may have come or gone: the rows whose values
changed, and whoever holds a value that one of them had or has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import yaml
from pydantic import TypeAdapter, ValidationError

from backhaul.config.documents import plain
from backhaul.config.identity import EntityIdentity, IdentityRule
from backhaul.config.problems import closest
from backhaul.errors import ConfigError
from backhaul.transform.before import changed_view
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
        rules = _RULES.validate_python(plain(text) or {})
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


def identity_links(
    identities: Sequence[Identity], links: EntityShape, customer: str, *, among: bool = False
) -> Derived:
    """All pairs as rows of links: one a pair, by the surest rule that found it. among: those of `find_among`."""
    pairs = " UNION ALL ".join(_pairs(each, among=among) for each in identities) or (
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
    mine = f"connection_id = {literal(CONNECTION)}"
    if among:
        mine += "".join(
            f" AND {side}_entity || ':' || {side}_id IN (SELECT entity || ':' || id FROM among)"
            for side in ("from", "to")
        )
    return Derived(links.name, tuple(links.columns), select, mine)


def find_among(connection: duckdb.DuckDBPyConnection, identities: Sequence[Identity]) -> None:
    """Temporary tables `among` (entity, id) and `moved` (entity, rule, value), from the views of what changed."""
    connection.execute("CREATE OR REPLACE TEMP TABLE among (entity VARCHAR, id VARCHAR)")
    connection.execute("CREATE OR REPLACE TEMP TABLE moved (entity VARCHAR, rule BIGINT, value VARCHAR)")
    for each in identities:
        entity = literal(each.entity)
        confirmed = ", ".join(f"({literal(id_)})" for pair in each.confirm for id_ in pair)
        if confirmed:
            connection.execute(f"INSERT INTO among SELECT {entity}, id FROM (VALUES {confirmed}) AS t(id)")
        changed = quote(changed_view(each.entity))
        looked_at = sorted({column for rule in each.rules for column in _columns(rule)})
        proof = ", ".join(["is_deleted", *(quote(column) for column in looked_at)])
        inserted = connection.execute(
            f"INSERT INTO among SELECT {entity}, id FROM {changed} GROUP BY id"
            f" HAVING count(*) = 1 OR min(hash({proof})) <> max(hash({proof}))"
        ).fetchone()
        if not inserted or not inserted[0]:
            continue
        own = f"(SELECT * FROM {changed} WHERE id IN (SELECT id FROM among WHERE entity = {entity})) AS c"
        for number, rule in enumerate(each.rules):
            for column in _columns(rule):
                connection.execute(
                    f"INSERT INTO moved SELECT DISTINCT {entity}, {number}, value FROM ({_values(rule, column, own)})"
                )
            for column in _columns(rule):
                holders = _values(rule, column, f"entities.{quote(each.entity)}")
                connection.execute(
                    f"INSERT INTO among SELECT {entity}, id FROM ({holders})"
                    f" WHERE value IN ({_moved(each.entity, number)})"
                )


def find_doubtful(
    connection: duckdb.DuckDBPyConnection, identities: Sequence[Identity], *, among: bool = False
) -> None:
    """Keep the values that several rows of one connection hold and another connection too: they link nobody."""
    if not among:
        connection.execute("DELETE FROM meta.doubtful")
    for each in identities:
        for number, rule in enumerate(each.rules):
            which = f"value IN ({_moved(each.entity, number)})" if among else None
            if which is not None:
                connection.execute(
                    f"DELETE FROM meta.doubtful WHERE entity = {literal(each.entity)} AND rule = {number} AND {which}"
                )
            connection.execute(
                f"INSERT INTO meta.doubtful SELECT {literal(each.entity)}, {number}, value"
                f" FROM ({_held(each.entity, rule, rule.column, which)}) GROUP BY value"
                " HAVING max(rows) > 1 AND count(DISTINCT connection_id) > 1"
            )


def told_doubts(connection: duckdb.DuckDBPyConnection, identities: Sequence[Identity]) -> tuple[Warning, ...]:
    """What `find_doubtful` found, and confirmed pairs that name nobody."""
    found = []
    for each in identities:
        for number, rule in enumerate(each.rules):
            row = connection.execute(
                "SELECT count(*), min(value) FROM meta.doubtful WHERE entity = ? AND rule = ?", [each.entity, number]
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


def _pairs(each: Identity, *, among: bool) -> str:
    """(entity, a, b, method, confidence, synced_at), a before b."""
    parts = [_found(each.entity, rule, among=among) for rule in each.rules]
    if each.confirm:
        table = f"entities.{quote(each.entity)}"
        listed = ", ".join(f"({literal(a)}, {literal(b)})" for a, b in each.confirm)
        parts.append(
            f"SELECT p.a, p.b, 'confirmed' AS method, 1 AS confidence, greatest(x.synced_at, y.synced_at) AS synced_at"
            f" FROM (VALUES {listed}) AS p(a, b) JOIN {table} AS x ON x.id = p.a JOIN {table} AS y ON y.id = p.b"
            " WHERE NOT x.is_deleted AND NOT y.is_deleted"
        )
    denied = ", ".join(f"({literal(a)}, {literal(b)})" for a, b in each.deny)
    conditions = [f"(a, b) NOT IN ({denied})"] if denied else []
    if among:
        looked_at = f"SELECT id FROM among WHERE entity = {literal(each.entity)}"
        conditions += [f"a IN ({looked_at})", f"b IN ({looked_at})"]
    rest = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return (
        f"SELECT {literal(each.entity)} AS entity, a, b, method, confidence, synced_at"
        f" FROM ({' UNION ALL '.join(parts)}){rest}"
    )


def _found(entity: str, rule: IdentityRule, *, among: bool) -> str:
    there = f" AND y.connection_id = {literal(rule.within)}" if rule.within else ""
    which = None
    if among:
        own = f"(SELECT * FROM entities.{quote(entity)} WHERE id IN (SELECT id FROM among)) AS c"
        held = " UNION ALL ".join(f"SELECT value FROM ({_values(rule, column, own)})" for column in _columns(rule))
        which = f"value IN ({held})"
    x, y = (_held(entity, rule, column, which) for column in (rule.column, rule.equals or rule.column))
    return (
        f"SELECT least(x.id, y.id) AS a, greatest(x.id, y.id) AS b, {literal(rule.method)} AS method,"
        f" {rule.confidence} AS confidence, greatest(x.synced_at, y.synced_at) AS synced_at"
        f" FROM ({x}) AS x JOIN ({y}) AS y"
        f" ON x.value = y.value AND x.connection_id <> y.connection_id AND x.rows = 1 AND y.rows = 1{there}"
    )


def _held(entity: str, rule: IdentityRule, column: str, which: str | None = None) -> str:
    """Each value with who holds it: (value, connection_id, source_object, id, synced_at, rows). which: a condition."""
    return (
        f"SELECT value, connection_id, source_object, min(id) AS id, max(synced_at) AS synced_at, count(*) AS rows"
        f" FROM ({_values(rule, column, f'entities.{quote(entity)}')}) WHERE NOT is_deleted"
        f"{f' AND {which}' if which else ''} GROUP BY value, connection_id, source_object"
    )


def _values(rule: IdentityRule, column: str, source: str) -> str:
    """Each row that proves something: (id, connection_id, source_object, synced_at, is_deleted, value)."""
    value = _SPELLING[rule.spelling].format(f"CAST({quote(column)} AS VARCHAR)")
    ignored = ", ".join(literal(each) for each in rule.ignore)
    proves = f" AND value NOT IN ({ignored})" if ignored else ""
    return (
        f"SELECT * FROM (SELECT id, connection_id, source_object, synced_at, is_deleted, {value} AS value"
        f" FROM {source}) WHERE value <> ''{proves}"
    )


def _columns(rule: IdentityRule) -> tuple[str, ...]:
    return tuple(dict.fromkeys((rule.column, rule.equals or rule.column)))


def _moved(entity: str, rule: int) -> str:
    return f"SELECT value FROM moved WHERE entity = {literal(entity)} AND rule = {rule}"


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
