"""Finding definitions by name: a project's own folders first, then those that ship with backhaul."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from backhaul.config.layout import Layout

TransformKind = Literal["entities", "staging", "marts"]

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_SUFFIX: dict[TransformKind, str] = {"entities": ".yaml", "staging": ".sql", "marts": ".sql"}


def catalog_root() -> Path:
    """The folder of the shipped catalog: inside the installed package, or the top of a source checkout."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "catalog"
    return shipped if shipped.is_dir() else package.parents[1]


@dataclass(frozen=True, slots=True)
class Catalog:
    """The definition files that a project sees. None is opened here."""

    layout: Layout

    def source_names(self) -> list[str]:
        return sorted({path.parent.name for root in self._roots() for path in (root / "sources").glob("*/source.yaml")})

    def destination_names(self) -> list[str]:
        return sorted({path.stem for root in self._roots() for path in (root / "destinations").glob("*.yaml")})

    def source_file(self, name: str) -> Path | None:
        return self._find(name, lambda root: root / "sources" / name / "source.yaml")

    def destination_file(self, name: str) -> Path | None:
        return self._find(name, lambda root: root / "destinations" / f"{name}.yaml")

    def pipeline_file(self, name: str, environment: str | None = None) -> Path | None:
        """A pipeline that others may extend, or its overlay for an environment."""
        suffix = f".{environment}.yaml" if environment else ".yaml"
        return self._find(name, lambda root: root / "pipelines" / f"{name}{suffix}")

    def transform_files(self, kind: TransformKind) -> dict[str, Path]:
        """By name: `accounts` of entities and marts, `example/accounts.companies` of staging."""
        found: dict[str, Path] = {}
        for root in reversed(list(self._roots())):
            folder = root / "transforms" / kind
            for path in sorted(folder.rglob(f"*{_SUFFIX[kind]}")):
                found[str(path.relative_to(folder).with_suffix("").as_posix())] = path
        return dict(sorted(found.items()))

    def notebooks(self) -> dict[str, Path]:
        """By name. Files that start with an underscore are no notebooks."""
        found: dict[str, Path] = {}
        for root in reversed(list(self._roots())):
            found |= {path.stem: path for path in (root / "notebooks").glob("[!_]*.py")}
        return dict(sorted(found.items()))

    def entities(self) -> list[str]:
        return list(self.transform_files("entities"))

    def shown(self, path: Path) -> str:
        """How problems call a file: from the project's root where it is below it."""
        return str(path.relative_to(self.layout.root)) if path.is_relative_to(self.layout.root) else str(path)

    def _roots(self) -> Iterator[Path]:
        yield self.layout.root
        if catalog_root() != self.layout.root:
            yield catalog_root()

    def _find(self, name: str, place: Callable[[Path], Path]) -> Path | None:
        # names come from files and arguments: they must not lead out of the folder
        if not _FILE_NAME.fullmatch(name):
            return None
        return next((path for root in self._roots() if (path := place(root)).is_file()), None)
