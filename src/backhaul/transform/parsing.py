"""Parse every contract and staging file, and tell every problem of all of them at once."""

from __future__ import annotations

from collections.abc import Mapping

from backhaul.errors import ConfigError
from backhaul.transform.contracts import STAGED_COMMON, Contract, known_columns, parse_contract
from backhaul.transform.staging import Staging, parse_staging


def parse(
    contracts: Mapping[str, str], staging: Mapping[tuple[str, str], str]
) -> tuple[Mapping[str, Contract], tuple[Staging, ...]]:
    """contracts: entity -> YAML; staging: (source, `entity.object`) -> SQL. Raises ConfigError with every problem."""
    problems: list[str] = []
    parsed: dict[str, Contract] = {}
    files: list[Staging] = []
    for name, text in contracts.items():
        try:
            parsed[name] = parse_contract(name, text)
        except ConfigError as error:
            problems += [f"{error.what}: {problem}" for problem in error.problems or ("",)]
    for (source, name), text in sorted(staging.items()):
        try:
            files.append(parse_staging(source, name, text))
        except ConfigError as error:
            problems += [f"{error.what}: {problem}" for problem in error.problems or ("",)]
    problems += _unmatched(parsed, files, frozenset(contracts))
    if problems:
        raise ConfigError("the models in transforms/ are not in order", problems=tuple(problems))
    return parsed, tuple(files)


def _unmatched(contracts: Mapping[str, Contract], staging: list[Staging], named: frozenset[str]) -> list[str]:
    problems = []
    for each in staging:
        contract = contracts.get(each.entity)
        if contract is None:
            if each.entity not in named:
                problems.append(f"{each.path}: there is no transforms/entities/{each.entity}.yaml")
            continue
        known = known_columns(contract) | set(STAGED_COMMON)
        problems += [f"{each.path}: {contract.entity} has no column {n}" for n in each.projections if n not in known]
    for contract in contracts.values():
        for name, column in contract.columns.items():
            if column.references and column.references not in named:
                problems.append(
                    f"transforms/entities/{contract.entity}.yaml: {name} references {column.references}, "
                    "which has no contract"
                )
    return problems
