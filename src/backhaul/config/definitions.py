"""Sources and destinations by name, read from the catalog's files; a source is parsed once while its file stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from backhaul.config import documents
from backhaul.config.catalog import Catalog
from backhaul.config.destination import Destination
from backhaul.config.nodes import Node
from backhaul.config.problems import KeyPath, Place, Problem, closest, listed, spell
from backhaul.config.source import Source
from backhaul.config.templates import resolve
from backhaul.config.validation import validate

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FoundSource:
    """What a definition file came to: a source, or the problems why not."""

    source: Source | None
    problems: tuple[Problem, ...]


def load_source(catalog: Catalog, name: str) -> FoundSource:
    """The definition of that name. Nothing is raised."""
    path = catalog.source_file(name)
    if path is None:
        return FoundSource(None, (_nowhere("source", name, catalog.source_names()),))
    return _parsed_once(path, catalog.shown(path), lambda shown: _read_source(path, shown, name))


def load_destination(catalog: Catalog, name: str) -> tuple[Destination | None, list[Problem]]:
    path = catalog.destination_file(name)
    if path is None:
        return None, [_nowhere("destination", name, catalog.destination_names())]
    document = documents.read(path, catalog.shown(path))
    if document.root is None:
        return None, list(document.problems)
    destination, problems = validate(Destination, document.root.plain(), document.root)
    problems = [*document.problems, *problems, *_misnamed(document.root, "destination", name)]
    return (None if problems else destination), problems


def _nowhere(kind: str, name: str, names: list[str]) -> Problem:
    near = closest(name, names)
    what = f"there is no {kind} called {name}" + ("" if near else f"; there are {listed(names)}")
    return Problem(Place(f"{kind}s"), "", what, near)


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


def _read_source(path: Path, shown: str, name: str) -> FoundSource:
    document = documents.read(path, shown)
    root = document.root
    if root is None:
        return FoundSource(None, document.problems)
    wrong = list(_wrong_uses(root))
    problems = [*document.problems, *wrong]
    if wrong:
        return FoundSource(None, tuple(problems))
    try:
        data = resolve(root.plain())
    except ValueError as failure:
        return FoundSource(None, (*problems, Problem(root.place_of_key(("templates",)), "templates", str(failure))))
    source, found = validate(Source, data, root, follow=lambda node, step: _through_use(root, node, step))
    problems += [*found, *_misnamed(root, "source", name)]
    return FoundSource(None if problems else source, tuple(problems))


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


def _wrong_uses(root: Node) -> Iterator[Problem]:
    """What `resolve` could not work with: templates that are no maps, `use` that names none of them."""
    templates = root.child("templates")
    named = templates.value if templates is not None and isinstance(templates.value, dict) else {}
    if templates is not None and not isinstance(templates.value, dict | None):
        yield Problem(templates.place, "templates", "expected a map of templates by name")
    for name, entry in named.items():
        if not isinstance(entry.node.value, dict):
            yield Problem(entry.node.place, f"templates.{name}", "expected a map")

    def walk(node: Node, path: KeyPath) -> Iterator[Problem]:
        use = node.child("use")
        if use is not None and not _is_text_or_texts(use):
            yield Problem(use.place, spell((*path, "use")), "expected the name of a template, or a list of names")
        for name, at in _templates_of(node):
            if name not in named:
                near = closest(name, named)
                what = f"there is no template {name}" + ("" if near else f"; there are {listed(named)}")
                yield Problem(at.place, spell((*path, "use")), what, near)
        children = node.value.items() if isinstance(node.value, dict) else ()
        for key, entry in children:
            yield from walk(entry.node, (*path, key))
        for index, item in enumerate(node.value if isinstance(node.value, tuple) else ()):
            yield from walk(item, (*path, index))

    yield from walk(root, ())


def _is_text_or_texts(node: Node) -> bool:
    items = node.value if isinstance(node.value, tuple) else (node,)
    return all(isinstance(item.value, str) for item in items)


def _through_use(root: Node, node: Node, step: str) -> tuple[KeyPath, Node] | None:
    """What a map gets by `use`: the last template that has it wins, as in `resolve`."""
    for name, _ in reversed(_templates_of(node)):
        template = root.find(("templates", name))
        if template is None:
            continue
        child = template.child(step)
        found = (("templates", name, step), child) if child else _through_use(root, template, step)
        if found:
            return found
    return None
