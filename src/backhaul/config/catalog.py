"""Finding definitions by name: a project's own folders first, then those that ship with backhaul."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from backhaul.config import documents
from backhaul.config.destination import Destination
from backhaul.config.layout import Layout
from backhaul.config.nodes import Node
from backhaul.config.problems import Place, Problem, closest, listed
from backhaul.config.source import Source, resolve
from backhaul.config.validation import validate

TransformKind = Literal["entities", "staging", "marts"]
T = TypeVar("T")

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_SUFFIX: dict[TransformKind, str] = {"entities": ".yaml", "staging": ".sql", "marts": ".sql"}


def catalog_root() -> Path:
    """The folder of the shipped catalog: inside the installed package, or the top of a source checkout."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "catalog"
    return shipped if shipped.is_dir() else package.parents[1]


@dataclass(frozen=True, slots=True)
class Found:
    """What a definition file came to: a model, or the problems why not."""

    source: Source | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Catalog:
    """The definitions that a project sees."""

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
        """By name: `accounts` of entities and marts, `hubspot/accounts.companies` of staging."""
        found: dict[str, Path] = {}
        for root in reversed(list(self._roots())):
            folder = root / "transforms" / kind
            for path in sorted(folder.rglob(f"*{_SUFFIX[kind]}")):
                found[str(path.relative_to(folder).with_suffix("").as_posix())] = path
        return dict(sorted(found.items()))

    def entities(self) -> list[str]:
        return list(self.transform_files("entities"))

    def load_source(self, name: str) -> Found:
        """The definition of that name, parsed once for as long as its file does not change."""
        path = self.source_file(name)
        if path is None:
            names = self.source_names()
            what = f"there is no source {name}" + ("" if closest(name, names) else f"; there are {listed(names)}")
            return Found(None, (Problem(Place("sources"), "", what, closest(name, names)),))
        return _parsed_once(path, self.shown(path), lambda shown: _read_source(path, shown, name))

    def load_destination(self, name: str) -> tuple[Destination | None, list[Problem]]:
        path = self.destination_file(name)
        if path is None:
            names = self.destination_names()
            what = f"there is no destination {name}" + ("" if closest(name, names) else f"; there are {listed(names)}")
            return None, [Problem(Place("destinations"), "", what, closest(name, names))]
        document = documents.read(path, self.shown(path))
        if document.root is None:
            return None, list(document.problems)
        destination, problems = validate(Destination, document.root.plain(), document.root)
        problems = [*document.problems, *problems, *_misnamed(document.root, "destination", name)]
        return (None if problems else destination), problems

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


_parsed: dict[tuple[Path, str], tuple[tuple[int, int], Any]] = {}


def _parsed_once(path: Path, shown: str, parse: Callable[[str], T]) -> T:
    """A fleet of customers shares a few definitions: each is parsed again only when its file changes."""
    status = path.stat()
    stamp = (status.st_mtime_ns, status.st_size)
    known = _parsed.get((path, shown))
    if known is None or known[0] != stamp:
        known = (stamp, parse(shown))
        _parsed[(path, shown)] = known
    result: T = known[1]
    return result


def _read_source(path: Path, shown: str, name: str) -> Found:
    document = documents.read(path, shown)
    root = document.root
    if root is None:
        return Found(None, document.problems)
    unknown = list(_unknown_templates(root))
    problems = [*document.problems, *unknown]
    if unknown:
        return Found(None, tuple(problems))
    try:
        data = resolve(root.plain())
    except ValueError as failure:
        return Found(None, (*problems, Problem(root.place_of_key(("templates",)), "templates", str(failure))))
    source, found = validate(Source, data, root, follow=lambda node, step: _through_use(root, node, step))
    problems += [*found, *_misnamed(root, "source", name)]
    return Found(None if problems else source, tuple(problems))


def _misnamed(root: Node, key: str, name: str) -> Iterator[Problem]:
    given = root.child(key)
    if given is not None and isinstance(given.value, str) and given.value != name:
        yield Problem(given.place, key, f"says {given.value}, but the file's place says {name}; they must be the same")


def _templates_of(node: Node) -> list[tuple[str, Node]]:
    """The names that a map's `use` holds, each with its own node."""
    use = node.child("use")
    if use is None:
        return []
    items = use.value if isinstance(use.value, tuple) else (use,)
    return [(item.value, item) for item in items if isinstance(item.value, str)]


def _unknown_templates(root: Node) -> Iterator[Problem]:
    templates = root.child("templates")
    names = list(templates.value) if templates is not None and isinstance(templates.value, dict) else []

    def walk(node: Node, path: str) -> Iterator[Problem]:
        for name, at in _templates_of(node):
            if name not in names:
                near = closest(name, names)
                what = f"there is no template {name}" + ("" if near else f"; there are {listed(names)}")
                yield Problem(at.place, f"{path}use", what, near)
        if isinstance(node.value, dict):
            for key, entry in node.value.items():
                yield from walk(entry.node, f"{path}{key}.")
        elif isinstance(node.value, tuple):
            for item in node.value:
                yield from walk(item, path)

    yield from walk(root, "")


def _through_use(root: Node, node: Node, step: str) -> Node | None:
    """What a map gets by `use`: the last template that has it wins, as in `resolve`."""
    for name, _ in reversed(_templates_of(node)):
        template = root.find(("templates", name))
        found = template and (template.child(step) or _through_use(root, template, step))
        if found:
            return found
    return None
