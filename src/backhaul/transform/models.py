"""Contracts and staging files, found by name: the catalog's, and over them the project's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from backhaul.errors import ConfigError
from backhaul.transform.contracts import STAGED_COMMON, Contract, known_columns, parse_contract
from backhaul.transform.staging import Staging, parse_staging


@dataclass(frozen=True, slots=True)
class Models:
    """Every contract and every staging file that is in force."""

    contracts: Mapping[str, Contract]
    staging: tuple[Staging, ...]

    def fillers(self, source: str) -> dict[str, tuple[str, ...]]:
        """Entity -> the objects of this source that fill it."""
        found: dict[str, list[str]] = defaultdict(list)
        for each in self.staging:
            if each.source == source:
                found[each.entity].append(each.object)
        return {entity: tuple(objects) for entity, objects in found.items()}

    def staged_columns(self, entity: str) -> frozenset[str]:
        return frozenset(name for each in self.staging if each.entity == entity for name in each.projections)


def find_models(folders: Iterable[Path]) -> Models:
    """Read `transforms` folders; a file of a later folder replaces one of the same name in an earlier one."""
    contracts: dict[str, str] = {}
    staging: dict[tuple[str, str], str] = {}
    for folder in folders:
        for path in sorted((folder / "entities").glob("*.yaml")):
            contracts[path.stem] = path.read_text(encoding="utf-8")
        for path in sorted((folder / "staging").glob("*/*.sql")):
            staging[path.parent.name, path.name.removesuffix(".sql")] = path.read_text(encoding="utf-8")
    return read_models(contracts, staging)


def read_models(contracts: Mapping[str, str], staging: Mapping[tuple[str, str], str]) -> Models:
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
    models = Models(parsed, tuple(files))
    problems += _unmatched(models, frozenset(contracts))
    if problems:
        raise ConfigError("the models in transforms/ are not in order", problems=tuple(problems))
    return models


def _unmatched(models: Models, named: frozenset[str]) -> list[str]:
    problems = []
    for each in models.staging:
        contract = models.contracts.get(each.entity)
        if contract is None:
            if each.entity not in named:
                problems.append(f"{each.path}: there is no transforms/entities/{each.entity}.yaml")
            continue
        known = known_columns(contract) | set(STAGED_COMMON)
        problems += [f"{each.path}: {contract.entity} has no column {n}" for n in each.projections if n not in known]
    for contract in models.contracts.values():
        for name, column in contract.columns.items():
            if column.references and column.references not in named:
                problems.append(
                    f"transforms/entities/{contract.entity}.yaml: {name} references {column.references}, "
                    "which has no contract"
                )
    return problems
