"""What the tools do: questions about one view, answered within their budget, each with where its values came from."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from backhaul.agent import answers
from backhaul.agent.answers import BUDGET, ROOM, Answer, Filter
from backhaul.agent.asking import Misasked, listed, no_column, not_run
from backhaul.agent.catalogue import Entity, Relation, Table, related_to
from backhaul.agent.contained import Limits, NotRun
from backhaul.agent.describing import describe
from backhaul.agent.filters import conditions_of
from backhaul.agent.fitting import cut, fitted, trim_related
from backhaul.agent.keyset import Order, after, cursor_of, position, question_of, sql_order
from backhaul.agent.policy import Policy
from backhaul.agent.view import Opened
from backhaul.agent.viewing import Viewing
from backhaul.agent.wire import Ask, Told

A = TypeVar("A", bound=Answer)
MOST = 200
"""Rows of one answer at most."""
_DEEPEST = 10_000
_BRIEF = (
    "name", "subject", "number", "type", "role", "status", "doc_type", "stage_id", "amount", "total", "balance",
    "currency", "email", "title", "close_date", "issue_date", "due_date", "starts_at", "sent_at", "priority",
)  # fmt: skip
_PROVENANCE = ("id", "source", "connection_id", "source_url")


class Reader:
    """Answers for one customer and role. `current` gives the view of the version that is published now."""

    def __init__(
        self,
        customer: str,
        current: Callable[[], Opened],
        entities: Mapping[str, Entity],
        policy: Policy,
        limits: Limits | None = None,
        *,
        money: Mapping[str, frozenset[str]],
    ) -> None:
        """money: table -> its columns that hold money in the row's own currency."""
        self.customer = customer
        self.policy = policy
        self.entities = entities
        self._money = money
        self._lock = threading.RLock()
        self._view = Viewing(current, limits)

    def close(self) -> None:
        with self._lock:
            self._view.close()

    # -- the tools -------------------------------------------------------------------------------------------------

    def list_entities(self) -> answers.EntityList:
        with self._lock:
            tables = self._view.tables()
            lines = [
                answers.EntityLine(
                    entity=name,
                    description=each.comment,
                    rows=each.rows,
                    deleted=each.deleted,
                    filled_by=[f"{origin.connection}.{origin.object}" for origin in each.origins],
                )
                for name, each in tables.items()
            ]
            return fitted(self._view.answer(answers.EntityList, tables, entities=lines), "entities")

    def describe_entity(self, entity: str) -> answers.EntityDescription:
        with self._lock:
            table = self._view.table(entity)
            if entity not in self._view.described:
                self._view.described[entity] = describe(
                    entity, table, self.entities.get(entity), self.policy, self._view.run
                )
            return fitted(
                self._view.answer(
                    answers.EntityDescription,
                    [entity],
                    entity=entity,
                    description=table.comment,
                    rows=table.rows,
                    deleted=table.deleted,
                    columns=[each.model_copy() for each in self._view.described[entity]],
                    referred_by=[
                        f"{each.entity}.{each.column}"
                        for each in related_to(entity, self._view.tables(), self.entities)
                    ],
                ),
                "columns",
            )

    def search_records(
        self, query: str, entities: Sequence[str] | None, limit: int, cursor: str | None, include_deleted: bool
    ) -> answers.SearchResults:
        with self._lock:
            tables = self._view.tables()
            for each in entities or ():
                self._view.table(each)
            if not any(each.isalnum() for each in query):
                raise Misasked(
                    "the query holds no word", "Give words of a name, an e-mail address, a subject or a text."
                )
            question = question_of("search", query, entities, include_deleted)
            offset = int(_value_of(cursor, question)) if cursor else 0
            limit = _limited(limit)
            if offset + limit > _DEEPEST:
                raise Misasked(f"a search goes {_DEEPEST:,} hits deep", "Search for more words, or use query_records.")
            found = self._view.index().find(query, entities, limit=limit, offset=offset, deleted=include_deleted)
            hits = [
                answers.SearchHit(
                    entity=each.entity, id=each.id, title=each.title, snippet=each.snippet, is_deleted=each.is_deleted
                )
                for each in found.hits
            ]
            answer = self._view.answer(
                answers.SearchResults, entities or tables, hits=hits, total=found.total, loose=found.loose
            )
            if found.loose:
                answer.notes.append("no row has all of the words; these have some of them")
            if not hits and not include_deleted:
                answer.notes.append("nothing found among live rows; include_deleted looks among deleted ones, too")
            fitted(answer, "hits")
            if offset + len(answer.hits) < found.total:
                answer.truncated = True
                answer.next_cursor = cursor_of(question, str(offset + len(answer.hits)), "")
            return answer

    def get_record(
        self, entity: str, id: str, fields: Sequence[str] | None, include: Sequence[str] | None, top: int
    ) -> answers.RecordView:
        with self._lock:
            table = self._view.table(entity)
            chosen = self._fields(entity, table, fields)
            row, same = self._row(entity, table, chosen, id)
            held = dict(zip(row.columns, row.rows[0], strict=True))
            relations = related_to(entity, self._view.tables(), self.entities)
            for each in include or ():
                if each not in {relation.entity for relation in relations}:
                    raise Misasked(
                        f"{each} is not related to {entity}",
                        f"It is related to: {listed(dict.fromkeys(relation.entity for relation in relations))}.",
                    )
            wanted = [each for each in relations if include is None or each.entity in include]
            ids = [id, *same]
            asks = [self._relation(each, entity, ids, max(0, min(top, 20))) for each in wanted]
            related = [
                _related(each, told) for each, told in zip(wanted, self._view.run(*asks), strict=True) if told.rows
            ]
            answer = self._view.answer(
                answers.RecordView,
                [entity, *(each.entity for each in related)],
                entity=entity,
                id=id,
                is_deleted=bool(held["is_deleted"]),
                source=str(held["source"]),
                connection=str(held["connection_id"]),
                object=str(held["source_object"]),
                url=held.get("source_url"),
                values={name: held[name] for name in chosen},
                same_as=same,
                related=related,
            )
            if answer.is_deleted:
                answer.notes.append("deleted at the vendor; the values are the last ones it had")
            if row.cut:
                answer.notes.append(f"{row.cut} long texts are cut; ask for one by `fields`")
                answer.truncated = True
            trim_related(answer)
            return answer

    def query_records(
        self, entity: str, filters: Sequence[Filter], fields: Sequence[str] | None, order: str, limit: int,
        cursor: str | None, include_deleted: bool,
    ) -> answers.QueryRows:  # fmt: skip
        with self._lock:
            table = self._view.table(entity)
            chosen = list(dict.fromkeys([*_present(_PROVENANCE, table), *self._fields(entity, table, fields)]))
            by = self._order(entity, table, order)
            conditions, parameters = conditions_of(entity, table, self.entities.get(entity), filters)
            if not include_deleted and "is_deleted" in table.columns:
                conditions.append("is_deleted IS DISTINCT FROM true")
            question = question_of("query", entity, [each.model_dump() for each in filters], order, include_deleted)
            where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
            asks: list[Ask] = []
            if cursor is None:
                asks.append(Ask(f"SELECT count(*) FROM {_quote(entity)}{where}", tuple(parameters), 1))
            else:
                behind, more = after(by, table.columns[by.column], cursor, question)
                conditions.append(behind)
                parameters += more
                where = f" WHERE {' AND '.join(conditions)}"
            listed_, head = ", ".join(map(_quote, chosen)), ""
            rows = f"{_quote(entity)}{where}"
            if any(each.op in ("=", "in") and each.column in self._keys(entity) for each in filters):
                # few rows, found by an index: sorted apart from the scan, which would not use it otherwise
                rows = "few"
                head = f"WITH few AS MATERIALIZED (SELECT * FROM {_quote(entity)}{where}) "
            sql = (
                f"{head}SELECT {listed_}, CAST({_quote(by.column)} AS VARCHAR), id FROM {rows}"
                f" ORDER BY {sql_order(by)} LIMIT {_limited(limit) + 1}"
            )
            asks.append(Ask(sql, tuple(parameters), _limited(limit), ROOM))
            *first, told = self._view.run(*asks)
            answer = self._view.answer(
                answers.QueryRows,
                [entity],
                entity=entity,
                columns=chosen,
                types=[*told.types[: len(chosen)]],
                rows=[list(each[: len(chosen)]) for each in told.rows],
                total=int(first[0].rows[0][0]) if first else None,
                truncated=told.truncated,
            )
            cut(answer, told)
            fitted(answer, "rows")
            if answer.rows and (told.truncated or len(answer.rows) < len(told.rows)):
                last = told.rows[len(answer.rows) - 1]
                answer.truncated = True
                answer.next_cursor = cursor_of(question, last[-2], str(last[-1]))
            return answer

    def run_sql(self, sql: str, limit: int) -> answers.SqlRows:
        with self._lock:
            names = {
                *self._view.tables(),
                *(column for each in self._view.tables().values() for column in each.columns),
            }
            try:
                (told,) = self._view.contained().run(Ask(sql, (), _limited(limit), ROOM, free=True))
            except NotRun as error:
                raise not_run(error, names) from error
            # parsed only now: what the contained process has taken is bounded
            self._refuse_mixtures(sql, told.tables)
            read = [each for each in told.tables if each in self._view.tables()]
            answer = self._view.answer(
                answers.SqlRows, read or self._view.tables(), columns=list(told.columns), types=list(told.types),
                rows=[list(each) for each in told.rows], read=list(told.tables), truncated=told.truncated,
            )  # fmt: skip
            cut(answer, told)
            if answer.truncated:
                answer.notes.append("there are more rows: aggregate, filter, or page with query_records")
            return fitted(answer, "rows")

    def changes_since(
        self, version: int, entities: Sequence[str] | None, limit: int, cursor: str | None
    ) -> answers.Changes:
        with self._lock:
            for each in entities or ():
                self._view.table(each)
            view = self._view.opened().view
            if version > view.version:
                raise Misasked(
                    f"version {version} is not published yet; the current one is {view.version}",
                    f"Ask with {view.version} or lower.",
                )
            if version < view.changes_after:
                raise Misasked(
                    f"the log of changes is complete only after version {view.changes_after}",
                    "Read the entities anew with query_records, and ask for changes since the version it answers with.",
                )
            wanted = list(entities or self._view.tables())
            question = question_of("changes", version, wanted)
            marks = ", ".join("?" for _ in wanted)
            parameters: list[Any] = [version, *wanted]
            behind = ""
            if cursor is not None:
                at, _, rest = _value_of(cursor, question).partition(" ")
                entity, _, id = rest.partition(" ")
                behind = " AND (version, entity, id) > (?, ?, ?)"
                parameters += [int(at), entity, id]
            (told,) = self._view.run(
                Ask(
                    "SELECT entity, id, op, columns, version FROM _changes WHERE version > ?"
                    f" AND entity IN ({marks}){behind} ORDER BY version, entity, id LIMIT {_limited(limit) + 1}",
                    tuple(parameters), _limited(limit), ROOM,
                )
            )  # fmt: skip
            changes = [
                answers.Change(entity=each[0], id=each[1], op=each[2], columns=each[3] or [], version=each[4])
                for each in told.rows
            ]
            answer = self._view.answer(
                answers.Changes, wanted, changes=changes, since=version, truncated=told.truncated
            )
            fitted(answer, "changes")
            if answer.changes and answer.truncated:
                last = answer.changes[-1]
                answer.next_cursor = cursor_of(question, f"{last.version} {last.entity} {last.id}", "")
            return answer

    # -- what a proposal needs -------------------------------------------------------------------------------------

    def held(self, entity: str, id: str, columns: Iterable[str]) -> dict[str, Any]:
        """The values that a record has now. Raises Misasked where it is not there or was deleted."""
        with self._lock:
            table = self._view.table(entity)
            row, _ = self._row(entity, table, self._fields(entity, table, list(columns)), id)
            held = dict(zip(row.columns, row.rows[0], strict=True))
            if held["is_deleted"]:
                raise Misasked(f"{id} was deleted at the vendor", "Propose changes to live records only.")
            return {name: held[name] for name in columns}

    def answer_about(self, kind: type[A], of: str, /, **content: Any) -> A:
        """An answer of another room's making, with this view's version and freshness."""
        with self._lock:
            return self._view.answer(kind, [of], **content)

    # -- parts of questions ----------------------------------------------------------------------------------------

    def _fields(self, entity: str, table: Table, fields: Sequence[str] | None) -> list[str]:
        if not fields:
            return list(table.columns)
        for each in fields:
            if each not in table.columns:
                raise no_column(entity, each, table.columns)
        return list(dict.fromkeys(fields))

    def _order(self, entity: str, table: Table, order: str) -> Order:
        name = order.removeprefix("-")
        if name not in table.columns:
            raise no_column(entity, name, table.columns)
        return Order(name, order.startswith("-"))

    def _refuse_mixtures(self, sql: str, read: Sequence[str]) -> None:
        """Raises Misasked for sums over several currencies: wrong ones look like right ones."""
        if not any(self._money.get(each) for each in read):
            return
        from backhaul.money import found_in

        columns = {name: each.columns for name, each in self._view.tables().items()}
        found = found_in(
            sql, self._money, columns, lambda select: self._view.run(Ask(select, (), 1))[0].rows == ((True,),)
        )
        if found:
            raise Misasked("; ".join(map(str, found)), "Amounts of several currencies have no sum.")

    def _row(self, entity: str, table: Table, chosen: Sequence[str], id: str) -> tuple[Told, list[str]]:
        """One record, and the ids of the same thing elsewhere. Raises Misasked where it is not there."""
        needed = ("id", "source", "connection_id", "source_object", "is_deleted", "source_url")
        columns = list(dict.fromkeys([*_present(needed, table), *chosen]))
        asks = [
            Ask(f"SELECT {', '.join(map(_quote, columns))} FROM {_quote(entity)} WHERE id = ?", (id,), 1, BUDGET * 2)
        ]
        if "links" in self._view.tables():
            sides = " UNION ".join(
                f"SELECT {other} FROM links WHERE {mine} = ? AND {kind} = ? AND role = 'same_as' AND NOT is_deleted"
                for mine, kind, other in (("from_id", "from_entity", "to_id"), ("to_id", "to_entity", "from_id"))
            )
            asks.append(Ask(sides, (id, entity, id, entity), 50))
        told = self._view.run(*asks)
        if not told[0].rows:
            raise Misasked(
                f"{entity} has no record {id}: it was never synced, or agents may not see it",
                "Find its id with search_records or query_records; an id is connection:object:key.",
            )
        return told[0], [str(each[0]) for each in told[1].rows if each[0] != id] if len(told) > 1 else []

    def _keys(self, entity: str) -> set[str]:
        """Columns with an index: the view has one for each."""
        contract = self.entities.get(entity)
        held = {name for name, each in (contract.columns if contract else {}).items() if each.references is not None}
        return {"id", *held}

    def _relation(self, relation: Relation, entity: str, ids: Sequence[str], top: int) -> Ask:
        table = self._view.tables()[relation.entity]
        shown = [*_present(("id", *_BRIEF), table)][:9]
        marks = ", ".join("?" for _ in ids)
        latest = "source_updated_at DESC NULLS LAST, id" if "source_updated_at" in table.columns else "id"
        live = " AND is_deleted IS DISTINCT FROM true" if "is_deleted" in table.columns else ""
        also, more = ("", ()) if relation.kind is None else (f" AND {_quote(relation.kind)} = ?", (entity,))
        if relation.entity == "links":
            other = "to" if relation.column == "from_id" else "from"
            shown = [f"{other}_entity", f"{other}_id", "role", *_present(("amount", "currency", "confidence"), table)]
            also += " AND role IS DISTINCT FROM 'same_as'"
        sql = (
            f"SELECT count(*) OVER () AS total, {', '.join(map(_quote, shown))} FROM {_quote(relation.entity)}"
            f" WHERE {_quote(relation.column)} IN ({marks}){also}{live} ORDER BY {latest} LIMIT {max(top, 1)}"
        )
        return Ask(sql, (*ids, *more), max(top, 1), ROOM // 4, cell=300)


def _related(relation: Relation, told: Told) -> answers.Related:
    rows = [dict(zip(told.columns[1:], each[1:], strict=True)) for each in told.rows]
    rows = [{name: value for name, value in row.items() if value is not None} for row in rows]
    return answers.Related(
        entity=relation.entity, by=f"{relation.entity}.{relation.column}", total=int(told.rows[0][0]), rows=rows
    )


def _value_of(cursor: str, question: str) -> str:
    return position(cursor, question).value or "0"


def _present(names: Iterable[str], table: Table) -> list[str]:
    return [each for each in names if each in table.columns]


def _limited(limit: int) -> int:
    return max(1, min(limit, MOST))


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
