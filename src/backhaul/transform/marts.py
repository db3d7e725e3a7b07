"""Marts: tables made of entities and of other marts, each a plain select in transforms/marts/<name>.sql.

The first comment lines say what a row is; below `-- columns:` a line a column says what it means, where the entities'
own words do not. A mart that has a column `id` is published row by row, as an entity is; another one as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from backhaul.config.problems import closest, listed
from backhaul.errors import ConfigError
from backhaul.money import mixtures
from backhaul.transform.contracts import EntityShape

_COLUMN = re.compile(r"^\s{2,}(\w+):\s*(.*)$")
_CLOCK = (exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime, exp.CurrentDatetime)


@dataclass(frozen=True, slots=True)
class Mart:
    """One parsed file. `inputs` are the entities and marts it reads; the tree is never changed."""

    name: str
    sql: str
    tree: exp.Query
    description: str
    comments: Mapping[str, str]
    inputs: frozenset[str]
    of_the_day: bool
    """It asks for the day: it is made again when that has changed."""

    @property
    def path(self) -> str:
        return f"transforms/marts/{self.name}.sql"


def parse_mart(name: str, text: str) -> Mart:
    """Raises ConfigError that says what is wrong with the file."""
    path = f"transforms/marts/{name}.sql"
    try:
        trees = [each for each in sqlglot.parse(text, dialect="duckdb") if each is not None]
    except SqlglotError as error:
        raise ConfigError(f"{path} is not SQL", problems=(re.sub(r"\x1b\[\d+m", "", str(error)),)) from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise ConfigError(f"{path} must hold exactly one select")
    tree = trees[0]
    description, comments = _header(text)
    problems = [] if description else ["its first comment line must say what a row is"]
    problems += [
        f"{each.sql(dialect='duckdb')}: a mart reads entities and marts, which stand in no schema"
        for each in tree.find_all(exp.Table)
        if each.args.get("db") or not each.name
    ]
    if any(tree.find_all(exp.Rand, exp.Uuid)):
        problems.append("chance is not possible in a mart: the same rows must give the same mart")
    if problems:
        raise ConfigError(f"{path} is not a mart", problems=tuple(problems))
    named = {source.name for scope in traverse_scope(tree) for source in scope.sources.values()
             if isinstance(source, exp.Table)}  # fmt: skip
    # a table that only a subquery's scope knows is found by its node; names of CTEs are none
    ctes = {each.alias for each in tree.find_all(exp.CTE)}
    named |= {each.name for each in tree.find_all(exp.Table) if each.name not in ctes}
    return Mart(name, text, tree, description, comments, frozenset(named), any(tree.find_all(*_CLOCK)))


def in_order(marts: Iterable[Mart], entities: Iterable[str]) -> tuple[Mart, ...]:
    """Each after those it reads. Raises ConfigError for names that nothing has, and for circles."""
    by_name = {each.name: each for each in marts}
    known = {*entities, *by_name}
    problems = []
    for each in by_name.values():
        if each.name in set(entities):
            problems.append(f"{each.path}: there is an entity {each.name} already")
        for unknown in sorted(each.inputs - known):
            near = closest(unknown, sorted(known))
            hint = f"; did you mean {near}?" if near else f"; there are {listed(sorted(known))}"
            problems.append(f"{each.path}: there is no entity or mart {unknown}{hint}")
    graph = {each.name: each.inputs & set(by_name) for each in by_name.values()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as circle:
        problems.append(
            f"transforms/marts: {' reads '.join(reversed(circle.args[1]))}: marts read each other in a circle"
        )
        order = []
    if problems:
        raise ConfigError("the marts are not in order", problems=tuple(problems))
    return tuple(by_name[name] for name in order)


def check_money(marts: Iterable[Mart], shapes: Mapping[str, EntityShape]) -> None:
    """Refuse sums over several currencies: a mart serves customers whose data nobody has seen. Raises ConfigError."""
    money = money_columns(shapes)
    problems = [f"{each.path}: {mixture}" for each in marts for mixture in mixtures(each.tree, money)]
    if problems:
        raise ConfigError("marts add up money of several currencies", problems=tuple(problems))


def money_columns(shapes: Mapping[str, EntityShape]) -> dict[str, dict[str, bool]]:
    """Entity -> column -> whether it holds money in the row's own currency."""
    return {
        name: {c: column.type == "money" and not c.endswith("_base") for c, column in shape.columns.items()}
        for name, shape in shapes.items()
    }


def comments_of(mart: Mart, shapes: Mapping[str, EntityShape]) -> dict[str, str]:
    """What each column means: what the file says of it, else what the contract says of the column it passes on."""
    found: dict[str, str] = {}
    select = mart.tree if isinstance(mart.tree, exp.Select) else None
    if select is not None:
        aliases = {each.alias_or_name: each.name for each in select.find_all(exp.Table)}
        for each in select.expressions:
            inner = each.unalias()
            entity = shapes.get(aliases.get(inner.table, "")) if isinstance(inner, exp.Column) else None
            if entity is not None and inner.name in entity.columns:
                found[each.alias_or_name] = entity.columns[inner.name].description
    return found | dict(mart.comments)


def _header(text: str) -> tuple[str, dict[str, str]]:
    description: list[str] = []
    comments: dict[str, str] = {}
    last = ""
    in_columns = False
    for line in text.strip().splitlines():
        if not line.startswith("--"):
            break
        said = line[2:]
        if said.strip() == "columns:":
            in_columns = True
        elif in_columns and (match := _COLUMN.match(said)):
            last = match[1]
            comments[last] = match[2].strip()
        elif in_columns and last:
            comments[last] += f" {said.strip()}"
        else:
            description.append(said.strip())
    return " ".join(description).strip(), comments
