"""entities.md: the normalized tables, from their contracts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from backhaul.transform.contracts import COMMON, SQL_TYPES, Column, Contract, parse_contract
from docs.generate.markdown import anchor, code, table
from docs.generate.markdown import page as whole

ROOT = Path(__file__).parents[2]


def page() -> str:
    files = sorted(ROOT.glob("transforms/entities/*.yaml"))
    contracts = [parse_contract(path.stem, path.read_text(encoding="utf-8")) for path in files]
    return whole(
        "Entities",
        "The tables of a published snapshot, the same for every customer. A customer's mappings may add columns; a new "
        "entity is a file `transforms/entities/<entity>.yaml`, see [transforms](../../transforms/README.md).",
        table(
            ("entity", "is"),
            [(f"[{each.entity}]({anchor(each.entity)})", each.description.partition(". ")[0]) for each in contracts],
        ),
        "Types in DuckDB: "
        + ", ".join(f"{name} {code(sql)}" for name, sql in SQL_TYPES.items())
        + ". An entity with money "
        "has `currency` beside it, and `<column>_base` in the connection's base currency where some source tells it.",
        "## In every entity",
        _columns(COMMON),
        *(_section(each) for each in contracts),
    )


def _section(contract: Contract) -> str:
    checks = [
        f"{what}: {', '.join(code(column) for column in columns)}"
        for check in contract.checks
        for what, columns in (("unique", check.unique), ("never empty", check.not_null))
        if columns
    ]
    filled = sorted({path.parent.name for path in ROOT.glob(f"transforms/staging/*/{contract.entity}.*.sql")})
    told = [
        f"## {contract.entity}",
        contract.description,
        f"Filled from {', '.join(filled)}." if filled else "No shipped source fills it.",
        _columns(contract.columns),
        f"Checked, and counted where it does not hold: {'; '.join(checks)}." if checks else "",
    ]
    return "\n\n".join(part for part in told if part)


def _columns(columns: Mapping[str, Column]) -> str:
    return table(
        ("column", "type", "meaning"), [(code(name), each.type, _meaning(each)) for name, each in columns.items()]
    )


def _meaning(column: Column) -> str:
    values = f"One of {', '.join(code(value) for value in column.enum)}." if column.enum else ""
    reference = f"The `id` of [{column.references}]({anchor(column.references)})." if column.references else ""
    return " ".join(part for part in (column.description, values, reference) if part)
