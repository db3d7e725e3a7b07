"""Marts: tables made of entities and of other marts, each a plain select in transforms/marts/<name>.sql.

The first comment lines say what a row is; below `-- columns:` a line a column says what it means, where the entities'
own words do not. A mart that has a column `id` is published row by row, as an entity is; another one as a whole.

A mart of many rows says how it is made in part. `-- part: <input>.<column>` promises that its rows with some ids come
out of the select also when that sees only those rows of the input which have one of the ids in the column. A second
select in the file gives the ids that changes concern, over `changed_<input>` for every input: the rows that changed, as
they were and as they are.
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
from backhaul.money import mixtures, money_of
from backhaul.transform.before import changed_view
from backhaul.transform.contracts import Column, EntityShape

_COLUMN = re.compile(r"^\s{2,}(\w+):\s*(.*)$")
_CLOCK = (exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime, exp.CurrentDatetime)


@dataclass(frozen=True, slots=True)
class Part:
    """How a mart is made in part: the input that is narrowed to ids in one of its columns; the select of the ids."""

    input: str
    column: str
    sql: str


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
    part: Part | None = None
    """None: it is made as a whole."""

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
    selects = [each for each in trees if isinstance(each, exp.Query)]
    if len(selects) not in (1, 2) or len(selects) < len(trees):
        raise ConfigError(f"{path} must hold exactly one select, and after it at most the one that `-- part` asks for")
    tree = selects[0]
    texts = _statements(text)
    description, comments, narrowed = _header(text)
    problems = [] if description else ["its first comment line must say what a row is"]
    problems += [
        f"{each.sql(dialect='duckdb')}: a mart reads entities and marts, which stand in no schema"
        for one in selects
        for each in one.find_all(exp.Table)
        if each.args.get("db") or not each.name
    ]
    if any(one.find(exp.Rand, exp.Uuid) for one in selects):
        problems.append("chance is not possible in a mart: the same rows must give the same mart")
    inputs = _named(tree)
    if len(selects) == 2 or narrowed:
        problems += _wrong_part(inputs, selects, narrowed)
    if problems:
        raise ConfigError(f"{path} is not a mart", problems=tuple(problems))
    source, _, column = narrowed.partition(".")
    part = Part(source, column, texts[1]) if narrowed else None
    return Mart(name, texts[0], tree, description, comments, inputs, any(tree.find_all(*_CLOCK)), part)


def _wrong_part(inputs: frozenset[str], selects: list[exp.Query], narrowed: str) -> list[str]:
    if len(selects) != 2 or not narrowed:
        return [
            "it must hold exactly one select, or `-- part: <input>.<column>` and a second one: the ids changes concern"
        ]
    source, _, column = narrowed.partition(".")
    problems = [] if source in inputs and column else [f"part: {narrowed}: it names an input and a column of it"]
    looked_at = _named(selects[1])
    if any("id" not in each.named_selects for each in selects):
        problems.append("part: both selects must give a column id")
    # an input that was forgotten would leave rows as they were: wrong, and nobody would see it
    problems += [
        f"part: its select must look at {changed_view(each)}"
        for each in sorted(inputs)
        if changed_view(each) not in looked_at
    ]
    strangers = looked_at - inputs - {changed_view(each) for each in inputs}
    problems += [f"part: its select reads {each}, which the mart does not" for each in sorted(strangers)]
    return problems


def _named(tree: exp.Expr) -> frozenset[str]:
    """The relations that a select reads, none of its own."""
    named = {source.name for scope in traverse_scope(tree) for source in scope.sources.values()
             if isinstance(source, exp.Table)}  # fmt: skip
    # a table that only a subquery's scope knows is found by its node; names of CTEs are none
    ctes = {each.alias for each in tree.find_all(exp.CTE)}
    return frozenset(named | {each.name for each in tree.find_all(exp.Table) if each.name not in ctes})


def _statements(text: str) -> list[str]:
    """The text, cut at its semicolons."""
    ends = [token.start for token in sqlglot.tokenize(text, dialect="duckdb") if token.text == ";"]
    cut = [
        text[start:end].strip() for start, end in zip([0, *(end + 1 for end in ends)], [*ends, len(text)], strict=True)
    ]
    return [each for each in cut if each]


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
    money = _money_columns({name: shape.columns for name, shape in shapes.items()})
    problems = []
    for each in marts:
        problems += [f"{each.path}: {mixture}" for mixture in mixtures(each.tree, money)]
        money[each.name] = money_of(each.tree, money)
    if problems:
        raise ConfigError("marts add up money of several currencies", problems=tuple(problems))


def own_money(marts: Iterable[Mart], columns: Mapping[str, Mapping[str, Column]]) -> dict[str, frozenset[str]]:
    """Entity or mart -> its columns that hold money in the row's own currency. marts: each after those it reads."""
    found = _money_columns(columns)
    for mart in marts:
        found[mart.name] = money_of(mart.tree, found)
    return {name: frozenset(column for column, is_money in each.items() if is_money) for name, each in found.items()}


def _money_columns(columns: Mapping[str, Mapping[str, Column]]) -> dict[str, dict[str, bool]]:
    return {
        name: {c: column.type == "money" and not c.endswith("_base") for c, column in each.items()}
        for name, each in columns.items()
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


def _header(text: str) -> tuple[str, dict[str, str], str]:
    """What a row is, what the columns are, and what `part` says."""
    part = ""
    description: list[str] = []
    comments: dict[str, str] = {}
    last = ""
    in_columns = False
    for line in text.strip().splitlines():
        if not line.startswith("--"):
            break
        said = line[2:]
        if said.strip().startswith("part:"):
            part = said.strip().removeprefix("part:").strip()
            in_columns = False
        elif said.strip() == "columns:":
            in_columns = True
        elif in_columns and (match := _COLUMN.match(said)):
            last = match[1]
            comments[last] = match[2].strip()
        elif in_columns and last:
            comments[last] += f" {said.strip()}"
        else:
            description.append(said.strip())
    return " ".join(description).strip(), comments, part
