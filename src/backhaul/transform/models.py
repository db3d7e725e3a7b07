"""Contracts and staging files, found by name: the catalog's, and over them the project's."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backhaul.transform.contracts import Contract
    from backhaul.transform.staging import Staging


class Models:
    """Every contract and every staging file that is in force; parsed when first asked for."""

    def __init__(self, contracts: Mapping[str, str], staging: Mapping[tuple[str, str], str]) -> None:
        self._texts = (dict(sorted(contracts.items())), dict(sorted(staging.items())))

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """By entity. Raises ConfigError with every problem of every file."""
        return self._parsed[0]

    @property
    def staging(self) -> tuple[Staging, ...]:
        """Raises ConfigError with every problem of every file."""
        return self._parsed[1]

    def parse(self) -> None:
        """Raises ConfigError with every problem of every file."""
        _ = self._parsed

    @cached_property
    def fingerprint(self) -> str:
        """Of the files' texts and of the code that compiles them."""
        return hashlib.sha256(f"{_engine()}{self._texts!r}".encode()).hexdigest()

    def fillers(self, source: str) -> dict[str, tuple[str, ...]]:
        """Entity -> the objects of this source that fill it."""
        found: dict[str, list[str]] = defaultdict(list)
        for each in self.staging:
            if each.source == source:
                found[each.entity].append(each.object)
        return {entity: tuple(objects) for entity, objects in found.items()}

    def staged_columns(self, entity: str) -> frozenset[str]:
        return frozenset(name for each in self.staging if each.entity == entity for name in each.projections)

    @cached_property
    def _parsed(self) -> tuple[Mapping[str, Contract], tuple[Staging, ...]]:
        from backhaul.transform.parsing import parse

        return parse(*self._texts)


@cache
def _engine() -> str:
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def find_models(folders: Iterable[Path]) -> Models:
    """Read `transforms` folders; a file of a later folder replaces one of the same name in an earlier one.

    What is wrong in them is told when they are first used, or by `read_models`.
    """
    contracts: dict[str, str] = {}
    staging: dict[tuple[str, str], str] = {}
    for folder in folders:
        for path in sorted((folder / "entities").glob("*.yaml")):
            contracts[path.stem] = path.read_text(encoding="utf-8")
        for path in sorted((folder / "staging").glob("*/*.sql")):
            staging[path.parent.name, path.name.removesuffix(".sql")] = path.read_text(encoding="utf-8")
    return Models(contracts, staging)


def read_models(contracts: Mapping[str, str], staging: Mapping[tuple[str, str], str]) -> Models:
    """contracts: entity -> YAML; staging: (source, `entity.object`) -> SQL. Raises ConfigError with every problem."""
    models = Models(contracts, staging)
    models.parse()
    return models
