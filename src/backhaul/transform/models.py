"""Contracts, staging files, marts and identity rules, found by name: the catalog's, over them the project's."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backhaul.config.identity import IdentityRule
    from backhaul.transform.contracts import Contract
    from backhaul.transform.marts import Mart
    from backhaul.transform.parsing import Parsed
    from backhaul.transform.staging import Staging


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of all files in force: contracts by entity, staging by (source, `entity.object`), marts by name."""

    contracts: Mapping[str, str]
    staging: Mapping[tuple[str, str], str]
    marts: Mapping[str, str]
    identity: tuple[str, ...]


class Models:
    """Every contract and every staging file that is in force; parsed when first asked for."""

    def __init__(
        self,
        contracts: Mapping[str, str],
        staging: Mapping[tuple[str, str], str],
        marts: Mapping[str, str] | None = None,
        identity: Sequence[str] = (),
    ) -> None:
        """The texts of the files. identity: a later text replaces the rules of an earlier one, an entity at a time."""
        self._texts = Texts(
            dict(sorted(contracts.items())),
            dict(sorted(staging.items())),
            dict(sorted((marts or {}).items())),
            tuple(identity),
        )

    @property
    def texts(self) -> Texts:
        return self._texts

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """By entity. Raises ConfigError with every problem of every file."""
        return self._parsed.contracts

    @property
    def staging(self) -> tuple[Staging, ...]:
        """Raises ConfigError with every problem of every file."""
        return self._parsed.staging

    @property
    def marts(self) -> tuple[Mart, ...]:
        """Each after those it reads. Raises ConfigError with every problem of every file."""
        return self._parsed.marts

    @property
    def identity(self) -> Mapping[str, tuple[IdentityRule, ...]]:
        """Entity -> the rules that say which rows are the same. Raises ConfigError with every problem."""
        return self._parsed.identity

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
    def _parsed(self) -> Parsed:
        # a fleet's customers share their files, and parsing takes longer than a small transform
        if self.fingerprint not in _PARSED:
            from backhaul.transform.parsing import parse

            parsed = parse(self._texts)
            if len(_PARSED) >= 8:
                _PARSED.clear()
            _PARSED[self.fingerprint] = parsed
        return _PARSED[self.fingerprint]


_PARSED: dict[str, Parsed] = {}


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
    marts: dict[str, str] = {}
    identity: list[str] = []
    for folder in folders:
        for path in sorted((folder / "entities").glob("*.yaml")):
            contracts[path.stem] = path.read_text(encoding="utf-8")
        for path in sorted((folder / "staging").glob("*/*.sql")):
            staging[path.parent.name, path.name.removesuffix(".sql")] = path.read_text(encoding="utf-8")
        for path in sorted((folder / "marts").glob("*.sql")):
            marts[path.stem] = path.read_text(encoding="utf-8")
        if (folder / "identity.yaml").is_file():
            identity.append((folder / "identity.yaml").read_text(encoding="utf-8"))
    return Models(contracts, staging, marts, identity)


def read_models(
    contracts: Mapping[str, str],
    staging: Mapping[tuple[str, str], str],
    marts: Mapping[str, str] | None = None,
    identity: Sequence[str] = (),
) -> Models:
    """contracts: entity -> YAML; staging: (source, `entity.object`) -> SQL; marts: name -> SQL; identity: YAML texts.

    Raises ConfigError with every problem.
    """
    models = Models(contracts, staging, marts, identity)
    models.parse()
    return models
