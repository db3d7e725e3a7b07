"""Compile one staging file for one connection: raw tables bound, the customer's mapping applied, types made sure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from backhaul.transform.compiled import Join, Slice
from backhaul.transform.contracts import STAGED_COMMON, Column, EntityShape
from backhaul.transform.convert import TEXT, as_text, is_decimal
from backhaul.transform.expand import SYSTEM_FIELDS, Conversion, Expander, NoField, Relation, Unresolvable
from backhaul.transform.inputs import RawConnection, RawField
from backhaul.transform.mappings import MappedColumn, wrong_with_any_fields
from backhaul.transform.names import stamp_sql
from backhaul.transform.results import Missing
from backhaul.transform.sql import call, cast, column, render
from backhaul.transform.staging import SRC, Staging


class MappingProblem(Exception):
    """A customer's mapping cannot be compiled for this object."""


class LacksField(MappingProblem):
    """The object has no such field."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What compiling needs to know beside the file: the customer, the connection, the tables that are there."""

    customer: str
    connection: RawConnection
    tables: Mapping[str, Mapping[str, str]]
    """Raw table -> its columns and their DuckDB types."""
    fillers: Mapping[str, tuple[str, ...]]
    """Entity -> objects of this source that fill it."""
    scalar_functions: frozenset[str]
    picked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Entity -> objects of this connection that fill it by the customer's choice alone."""


def raw_table(connection: str, object_name: str) -> str:
    return f"{connection}__{object_name}"


def compile_slice(
    staging: Staging, shape: EntityShape, around: Surroundings, mapping: Mapping[str, MappedColumn]
) -> Slice:
    """Raises Unresolvable for a fault of the staging file, MappingProblem for one of the mapping."""
    return _Compiler(staging, shape, around).compile(mapping)


def check_mapping(staging: Staging, shape: EntityShape, around: Surroundings, name: str, mapped: MappedColumn) -> None:
    """Raises MappingProblem where the mapping of this column does not fit this object."""
    _Compiler(staging, shape, around).mapped(name, shape.columns[name], mapped)


class _Compiler:
    def __init__(self, staging: Staging, shape: EntityShape, around: Surroundings) -> None:
        self.staging = staging
        self.shape = shape
        self.around = around
        self.relations: dict[str, Relation | None] = {
            SRC: self._relation(staging.object),
            **{alias: self._relation(name) for alias, name in staging.joins.items()},
        }
        self.used: set[str] = set()
        self.missing: set[str] = set()
        self.conversions: list[tuple[str, Conversion]] = []
        self.resolved: dict[str, exp.Expr] = {}
        self.values: dict[str, Mapping[str, str]] = {}
        self.references: dict[str, str] = {}

    def compile(self, mapping: Mapping[str, MappedColumn]) -> Slice:
        unknown = [
            name for name in self.staging.projections if name not in self.shape.columns and name not in STAGED_COMMON
        ]
        if unknown:
            near = difflib.get_close_matches(unknown[0], list(self.shape.columns), n=3, cutoff=0.5)
            hint = f"; closest: {', '.join(near)}" if near else ""
            raise Unresolvable(f"{self.shape.name} has no column {', '.join(unknown)}{hint}")
        columns: dict[str, exp.Expr] = {}
        for name, each in self.shape.columns.items():
            if name in mapping:
                columns[name] = self.mapped(name, each, mapping[name])
            elif name in self.staging.projections and name not in ("id", "source_id", "is_deleted"):
                columns[name] = self._staged(name, each, self.staging.projections[name])
            else:
                columns[name] = _null(each)
        columns.update(self._common(columns))
        from_sql, joins = self._from()
        where = self.staging.tree.args.get("where")
        where_sql = render(self._condition(where.this)) if where else None
        repeats = bool(joins) or "source_id" in self.staging.projections
        order = [f"coalesce({join.alias}._key, '')" for join in joins] or ["''"]
        src = self.relations[SRC]
        if src is None:
            raise Unresolvable(f"the raw table {self._table(self.staging.object)} does not exist")
        return Slice(
            entity=self.shape.name,
            source=self.staging.source,
            connection=self.around.connection.name,
            object=self.staging.object,
            table=self._table(self.staging.object),
            columns={name: render(tree) for name, tree in columns.items()},
            from_sql=from_sql,
            where_sql=where_sql,
            order_sql=f"concat_ws(' ', {', '.join(order)})" if repeats else None,
            stamp=stamp_sql(SRC, frozenset(src.types)),
            rejects=tuple(self._reject(name, each) for name, each in self.conversions),
            joins=joins,
            missing=tuple(
                Missing(self.shape.name, self.around.connection.name, self.staging.object, name)
                for name in sorted(self.missing)
            ),
            resolved=self.resolved,
            values=self.values,
            references=self.references,
            fields={name: each for name, each in src.types.items() if name not in SYSTEM_FIELDS},
        )

    # one column

    def _staged(self, name: str, to: Column, tree: exp.Expr) -> exp.Expr:
        expander = self._expander()
        try:
            value = expander.projection(tree, to.type)
        except Unresolvable as problem:
            raise Unresolvable(f"{name}: {problem}") from problem
        self._keep(name, expander)
        self.resolved[name] = tree
        return _null(to) if isinstance(value, exp.Null) else value

    def mapped(self, name: str, to: Column, mapped: MappedColumn) -> exp.Expr:
        if mapped.is_open:
            return cast(exp.convert(mapped.default), to.sql_type)
        tree = self._bare_field(mapped.text) or mapped.tree
        if tree is None or (mapped.problem and tree is mapped.tree):
            raise MappingProblem(mapped.problem)
        wrong = wrong_with_any_fields(self.shape, name, replace(mapped, tree=tree), self.around.scalar_functions)
        if wrong:
            raise MappingProblem(wrong)
        expander = self._expander(strict=True)
        try:
            if mapped.values is not None:
                value = self._value_map(expander, tree, to, mapped.values)
            else:
                value = expander.projection(tree, to.type)
        except NoField as problem:
            raise LacksField(str(problem)) from problem
        except Unresolvable as problem:
            raise MappingProblem(str(problem)) from problem
        if mapped.default is not None:
            default = cast(exp.convert(mapped.default), to.sql_type)
            empty = self._is_empty(tree)
            value = exp.Case(ifs=[exp.If(this=empty, true=default)], default=value)
        self._keep(name, expander)
        self.resolved[name] = tree
        if mapped.values is not None:
            self.values[name] = mapped.values
        return _null(to) if isinstance(value, exp.Null) else value

    def _bare_field(self, text: str) -> exp.Expr | None:
        """A field's name as it stands, though SQL would read it otherwise: `order`, `class`, `arr-2024`."""
        src = self.relations[SRC]
        return column(SRC, text) if src is not None and src.knows(text) else None

    def _value_map(self, expander: Expander, tree: exp.Expr, to: Column, values: Mapping[str, str]) -> exp.Expr:
        text = expander.projection(tree, "text")
        if isinstance(text, exp.Null):
            return text
        pairs = [
            exp.If(
                this=exp.EQ(this=text.copy(), expression=exp.Literal.string(theirs)),
                true=cast(exp.Literal.string(ours), to.sql_type),
            )
            for theirs, ours in values.items()
        ]
        result: exp.Expr = exp.Case(ifs=pairs)
        spelt = tree.name if isinstance(tree, exp.Column) else tree.sql(dialect="duckdb")
        expander.conversions.append(Conversion(text, result, spelt, "is not among the mapping's values"))
        return result

    def _is_empty(self, tree: exp.Expr) -> exp.Expr:
        value = self._expander(strict=True).projection(tree, "text")
        return exp.Is(this=value, expression=exp.Null())

    def _keep(self, name: str, expander: Expander) -> None:
        self.used |= expander.used
        self.missing |= expander.missing
        self.conversions += [(name, each) for each in expander.conversions]
        if len(expander.prefixes) == 1:
            self.references[name] = expander.prefixes[0]

    # the columns that every entity has

    def _common(self, columns: Mapping[str, exp.Expr]) -> dict[str, exp.Expr]:
        connection = self.around.connection
        source_id = self._source_id()
        prefix = f"{connection.name}:{self.staging.object}:"
        common = {
            "id": exp.DPipe(this=exp.Literal.string(prefix), expression=source_id.copy()),
            "customer_id": exp.Literal.string(self.around.customer),
            "source": exp.Literal.string(connection.source),
            "connection_id": exp.Literal.string(connection.name),
            "source_object": exp.Literal.string(self.staging.object),
            "source_id": source_id,
            "is_deleted": self._is_deleted(),
            "synced_at": column(SRC, "_read_at"),
            "sync_run_id": column(SRC, "_run_id"),
        }
        if isinstance(columns["source_updated_at"], exp.Cast) and "source_updated_at" not in self.resolved:
            common["source_updated_at"] = column(SRC, "_changed_at")
        if "custom" not in self.staging.projections:
            common["custom"] = self._custom()
        return common

    def _source_id(self) -> exp.Expr:
        tree = self.staging.projections.get("source_id")
        if tree is None:
            return column(SRC, "_key")
        expander = self._expander()
        value = expander.projection(tree, "text")
        self._keep("source_id", expander)
        self.resolved["source_id"] = tree
        return value

    def _is_deleted(self) -> exp.Expr:
        gone = exp.Not(this=exp.Is(this=column(SRC, "_deleted_at"), expression=exp.Null()))
        tree = self.staging.projections.get("is_deleted")
        if tree is None:
            return gone
        expander = self._expander()
        said = expander.projection(tree, "boolean")
        self._keep("is_deleted", expander)
        return exp.Paren(this=exp.Or(this=gone, expression=exp.Coalesce(this=said, expressions=[exp.false()])))

    def _custom(self) -> exp.Expr:
        """The account's own fields that no column used, as one JSON object; empty ones are left out."""
        src = self.relations[SRC]
        fields = self.around.connection.objects.get(self.staging.object, ())
        own = {each.name for each in fields if each.custom}
        rest = [name for name in (src.types if src else {}) if name in own and name not in self.used]
        if not self.staging.keeps_custom or not rest or src is None:
            return cast(exp.Null(), TEXT)
        json = {each.name for each in fields if each.type == "json"}
        members = [_json_member(name, src.types[name], name in json) for name in rest]
        body = call("nullif", call("concat_ws", exp.Literal.string(","), *members), exp.Literal.string(""))
        opened = exp.DPipe(this=exp.Literal.string("{"), expression=body)
        return exp.DPipe(this=opened, expression=exp.Literal.string("}"))

    # relations

    def _from(self) -> tuple[str, tuple[Join, ...]]:
        text = f"FROM raw.{_quoted(self._table(self.staging.object))} AS {SRC}"
        joins = []
        for join in self.staging.tree.args.get("joins") or ():
            alias = join.this.alias
            relation = self.relations[alias]
            if relation is None:
                # its columns are NULL already: the rows stay the same without it
                self.missing.add(f"{self.staging.joins[alias]} (the whole object)")
                continue
            condition = self._condition(join.args["on"])
            if not any(each.name == "_deleted_at" and each.table == alias for each in condition.find_all(exp.Column)):
                # a deleted record links to nothing, unless the file says that it wants to see those too
                live = exp.Is(this=column(alias, "_deleted_at"), expression=exp.Null())
                condition = exp.and_(condition, live, copy=False)
            table = self._table(self.staging.joins[alias])
            text += f"\n  LEFT JOIN raw.{_quoted(table)} AS {_quoted(alias)} ON {render(condition)}"
            joined_key, src_key = _equality(condition, alias)
            joins.append(Join(table, _quoted(alias), joined_key, src_key))
        return text, tuple(joins)

    def _condition(self, tree: exp.Expr) -> exp.Expr:
        expander = self._expander()
        condition = expander.expression(tree)
        self.missing |= expander.missing
        return condition

    def _relation(self, object_name: str) -> Relation | None:
        types = self.around.tables.get(self._table(object_name))
        if types is None:
            return None
        known = self.around.connection.objects.get(object_name, ())
        return Relation({**types}, frozenset(each.name for each in known))

    def _table(self, object_name: str) -> str:
        return raw_table(self.around.connection.name, object_name)

    def _expander(self, *, strict: bool = False) -> Expander:
        relations = {SRC: self.relations[SRC]} if strict else self.relations
        return Expander(relations, self._prefix, strict)

    def _prefix(self, entity: str, object_name: str | None) -> str:
        staged, picked = self.around.fillers.get(entity, ()), self.around.picked.get(entity, ())
        # what a customer picks beside them leaves the catalog's references as they are
        if object_name is None and len(staged or picked) == 1:
            object_name = (staged or picked)[0]
        fillers = (*staged, *picked)
        if object_name is None or object_name not in fillers:
            choice = ", ".join(fillers) or "none"
            raise Unresolvable(
                f"ref({entity}, ...): say which object fills {entity} for {self.staging.source}: "
                f"ref({entity}, <object>, <key>); there are: {choice}"
            )
        return f"{self.around.connection.name}:{object_name}:"

    @staticmethod
    def _reject(name: str, each: Conversion) -> tuple[str, str, str, str, str]:
        text = render(cast(each.argument.copy(), TEXT))
        condition = f"trim({text}) <> '' AND ({render(each.result)}) IS NULL"
        return name, each.field, each.reason, text, condition


def _null(to: Column) -> exp.Expr:
    return cast(exp.Null(), to.sql_type)


def _quoted(name: str) -> str:
    return render(exp.to_identifier(name, quoted=True))


def _json_member(name: str, raw_type: str, holds_json: bool) -> exp.Expr:
    """`"name":value` as text, or NULL where the field is empty."""
    value = column(SRC, name)
    if is_decimal(raw_type):
        text = as_text(value, raw_type)
    elif raw_type in ("BIGINT", "BOOLEAN", "DOUBLE"):
        text = cast(value, TEXT)
    else:
        text = cast(call("to_json", as_text(value, raw_type)), TEXT)
        if holds_json:
            valid = exp.If(this=call("json_valid", value.copy()), true=value.copy())
            text = exp.Case(ifs=[valid], default=text)
    label = cast(call("to_json", exp.Literal.string(name)), TEXT)
    start = exp.DPipe(this=label, expression=exp.Literal.string(":"))
    return exp.DPipe(this=start, expression=text)


def _equality(condition: exp.Expr, alias: str) -> tuple[str | None, str | None]:
    """The first `<expression over alias> = <expression over src>` among the condition's conjuncts."""
    parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
    for part in parts:
        if not isinstance(part, exp.EQ):
            continue
        sides = [(side, {each.table for each in side.find_all(exp.Column)}) for side in (part.left, part.right)]
        for (one, ones), (other, others) in (sides, sides[::-1]):
            if ones == {alias} and others == {SRC}:
                return render(cast(one.copy(), TEXT)), render(cast(other.copy(), TEXT))
    return None, None


__all__ = [
    "LacksField",
    "MappingProblem",
    "RawConnection",
    "RawField",
    "Surroundings",
    "Unresolvable",
    "check_mapping",
    "compile_slice",
    "raw_table",
]
