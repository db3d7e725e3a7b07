"""Parse every contract, staging file, mart and rule, and tell every problem of all of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backhaul.config.identity import IdentityRule
from backhaul.errors import ConfigError
from backhaul.transform.contracts import STAGED_COMMON, Contract, known_columns, parse_contract
from backhaul.transform.identity import parse_rules
from backhaul.transform.marts import Mart, in_order, parse_mart
from backhaul.transform.models import Texts
from backhaul.transform.staging import Staging, parse_staging


@dataclass(frozen=True, slots=True)
class Parsed:
    """Every file, understood. Marts are in order: each after those it reads."""

    contracts: Mapping[str, Contract]
    staging: tuple[Staging, ...]
    marts: tuple[Mart, ...]
    identity: Mapping[str, tuple[IdentityRule, ...]]


def parse(texts: Texts) -> Parsed:
    """Raises ConfigError with every problem."""
    problems: list[str] = []
    parsed: dict[str, Contract] = {}
    files: list[Staging] = []
    marts: list[Mart] = []
    rules: dict[str, tuple[IdentityRule, ...]] = {}
    for name, text in texts.contracts.items():
        try:
            parsed[name] = parse_contract(name, text)
        except ConfigError as error:
            problems += _told(error)
    for (source, name), text in sorted(texts.staging.items()):
        try:
            files.append(parse_staging(source, name, text))
        except ConfigError as error:
            problems += _told(error)
    for name, text in texts.marts.items():
        try:
            marts.append(parse_mart(name, text))
        except ConfigError as error:
            problems += _told(error)
    for text in texts.identity:
        try:
            rules |= parse_rules(text, tuple(texts.contracts))
        except ConfigError as error:
            problems += _told(error)
    problems += _unmatched(parsed, files, frozenset(texts.contracts))
    ordered: tuple[Mart, ...] = ()
    if len(marts) == len(texts.marts):
        try:
            ordered = in_order(marts, texts.contracts)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError("the models in transforms/ are not in order", problems=tuple(problems))
    return Parsed(parsed, tuple(files), ordered, rules)


def _told(error: ConfigError) -> list[str]:
    return [f"{error.what}: {problem}" for problem in error.problems] or [error.what]


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
