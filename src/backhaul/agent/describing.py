"""An entity's columns as agents are told of them: what they mean, and how they are filled."""

from __future__ import annotations

from collections.abc import Callable

from backhaul.agent.answers import ColumnLine, ValueCount
from backhaul.agent.catalogue import Column, Entity, Table
from backhaul.agent.policy import Policy
from backhaul.agent.wire import Ask, Told

_FEW = 30
"""Different values of a column up to which the most frequent ones are told."""
_UNKNOWN = Column("")


def describe(
    entity: str, table: Table, contract: Entity | None, policy: Policy, run: Callable[..., tuple[Told, ...]]
) -> list[ColumnLine]:
    """One line a column, in the table's order; figures are of live rows."""
    live = " WHERE is_deleted IS DISTINCT FROM true" if "is_deleted" in table.columns else " WHERE true"
    texts = [name for name, kind in table.columns.items() if kind == "VARCHAR"]
    counts = [f"count({_quote(name)})" for name in table.columns]
    different = [f"approx_count_distinct({_quote(name)})" for name in texts]
    (told,) = run(Ask(f"SELECT {', '.join(['count(*)', *counts, *different])} FROM {_quote(entity)}{live}"))
    rows, *figures = told.rows[0]
    filled = dict(zip(table.columns, figures, strict=False))
    distinct = dict(zip(texts, figures[len(table.columns) :], strict=True))
    few = [name for name in texts if 0 < distinct[name] <= _FEW and not name.endswith("id") and filled[name] > 1]
    asked = run(
        *(
            Ask(
                f"SELECT {_quote(name)}, count(*) FROM {_quote(entity)}{live} AND {_quote(name)} IS NOT NULL"
                " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 8",
                cell=60,
            )
            for name in few
        )
    )
    tops = {name: each.rows for name, each in zip(few, asked, strict=True)}
    proposed = policy.propose.get(entity, frozenset())
    lines: list[ColumnLine] = []
    for name, kind in table.columns.items():
        known = contract.columns.get(name, _UNKNOWN) if contract is not None else _UNKNOWN
        lines.append(
            ColumnLine(
                name=name,
                type=known.type or kind,
                description=table.comments.get(name, ""),
                references=known.references,
                one_of=list(known.enum),
                empty=round(1 - filled[name] / rows, 3) if rows else None,
                top_values=[ValueCount(value=str(value), rows=count) for value, count in tops.get(name, ())],
                masked=name in table.masked,
                may_propose=name in proposed,
            )
        )
    return lines


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
