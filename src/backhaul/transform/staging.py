"""A staging file: one select from one object of one source, to one entity's columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError

from backhaul.errors import ConfigError
from backhaul.transform.sql import parse

SRC = "src"
_CUSTOM = re.compile(r"^\s*--\s*custom:\s*(\S+)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Staging:
    """One parsed file. The trees are never changed; whoever wants to change one copies it first."""

    source: str
    entity: str
    object: str
    projections: Mapping[str, exp.Expr]
    joins: Mapping[str, str]
    """Alias of a joined relation -> its object."""
    tree: exp.Select
    keeps_custom: bool

    @property
    def path(self) -> str:
        return f"transforms/staging/{self.source}/{self.entity}.{self.object}.sql"


def parse_staging(source: str, name: str, text: str) -> Staging:
    """name: `<entity>.<object>`, the file's name without `.sql`. Raises ConfigError that lists every problem."""
    entity, dot, object_name = name.partition(".")
    path = f"transforms/staging/{source}/{name}.sql"
    if not dot or not entity or not object_name:
        raise ConfigError(f"{path}: a staging file is called <entity>.<object>.sql")
    try:
        trees = parse(text)
    except SqlglotError as error:
        raise ConfigError(f"{path} is not SQL", problems=(re.sub(r"\x1b\[\d+m", "", str(error)),)) from error
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, exp.Select):
        raise ConfigError(f"{path} must hold exactly one select")
    problems = [*_wrong_shape(tree, object_name), *_wrong_joins(tree), *_wrong_projections(tree)]
    custom = _CUSTOM.search(text)
    if custom and custom[1] not in ("rest", "none"):
        problems.append(f"`-- custom: {custom[1]}`: it is rest (the default) or none")
    if problems:
        raise ConfigError(f"{path} is not a staging file", problems=tuple(problems))
    return Staging(
        source=source,
        entity=entity,
        object=object_name,
        projections={each.alias_or_name: each.unalias() for each in tree.expressions},
        joins={join.this.alias_or_name: join.this.name for join in tree.args.get("joins") or ()},
        tree=tree,
        keeps_custom=custom is None or custom[1] == "rest",
    )


def picked(source: str, entity: str, object_name: str) -> Staging:
    """What an object without a file is: nothing but what a customer maps of it."""
    relation = exp.alias_(exp.Table(this=exp.to_identifier(object_name, quoted=True)), SRC, table=True)
    return Staging(source, entity, object_name, {}, {}, exp.select().from_(relation), keeps_custom=True)


def _wrong_shape(tree: exp.Select, object_name: str) -> list[str]:
    problems = [
        f"{word} is not possible in staging: a row of the object is a row of the entity"
        for key, word in (
            ("with_", "WITH"),
            ("group", "GROUP BY"),
            ("having", "HAVING"),
            ("distinct", "DISTINCT"),
            ("order", "ORDER BY"),
            ("limit", "LIMIT"),
            ("qualify", "QUALIFY"),
        )
        if tree.args.get(key)
    ]
    start = tree.args.get("from_")
    relation = start.this if start else None
    if not isinstance(relation, exp.Table) or relation.alias != SRC or relation.name != object_name:
        problems.append(f'it must read `from "{object_name}" as src`')
    elif relation.args.get("db"):
        problems.append("the object is named without a schema: which connection it is of, is decided later")
    inner = [node for node in tree.find_all(exp.Query) if node is not tree]
    if inner:
        problems.append("a select within the select is not possible in staging")
    if any(tree.find_all(exp.AggFunc, exp.Window)):
        problems.append("aggregates and window functions are not possible in staging")
    return problems


def _wrong_joins(tree: exp.Select) -> list[str]:
    problems = []
    aliases = {SRC}
    for join in tree.args.get("joins") or ():
        relation = join.this
        if not isinstance(relation, exp.Table) or relation.args.get("db") or not relation.alias:
            problems.append(f"`{join.sql(dialect='duckdb')}`: join an object of the same source, under an alias")
            continue
        if (join.side or "").upper() != "LEFT" or not join.args.get("on"):
            problems.append(f"{relation.name}: joins are `left join ... on ...`, so that no row is lost")
        if relation.alias in aliases:
            problems.append(f"{relation.alias} is the alias of two relations")
        aliases.add(relation.alias)
    return problems


def _wrong_projections(tree: exp.Select) -> list[str]:
    problems = []
    seen: set[str] = set()
    for each in tree.expressions:
        name = each.alias_or_name
        if isinstance(each, exp.Star) or isinstance(each.unalias(), exp.Star) or name == "*":
            problems.append("`*`: name each column")
        elif not name:
            problems.append(f"`{each.sql(dialect='duckdb')}` has no name: say `as <column>`")
        elif name in seen:
            problems.append(f"{name} is filled twice")
        seen.add(name)
    return problems
