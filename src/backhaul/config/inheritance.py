"""A customer's pipeline put together from its files: what it extends, itself, and each one's overlay.

Laid from the bottom up: the base, the base's overlay, the customer's file, the customer's overlay
(`acme.prod.yaml` when the environment is `prod`). What is nearer to the customer wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from backhaul.config import documents
from backhaul.config.catalog import Catalog
from backhaul.config.merge import merge
from backhaul.config.nodes import Entry, Node
from backhaul.config.problems import Place, Problem, closest, listed


@dataclass(frozen=True, slots=True)
class Assembled:
    """The merged tree, None where a file cannot be read or found; and what is wrong with the files themselves."""

    root: Node | None
    problems: tuple[Problem, ...]


def assemble(catalog: Catalog, customer: str, path: Path, environment: str | None) -> Assembled:
    """Put a customer's tree together from `path` and what it extends."""
    problems: list[Problem] = []
    layers: list[Node] = []
    chain = [customer]
    name, file = customer, path
    while True:
        document = documents.read(file, catalog.shown(file))
        problems += document.problems
        overlay_file = catalog.pipeline_file(name, environment) if environment else None
        overlay = documents.read(overlay_file, catalog.shown(overlay_file)) if overlay_file else None
        if overlay is not None:
            problems += overlay.problems
            if overlay.root is not None:
                problems += _extending_overlay(overlay.root)
                layers.append(overlay.root if name == customer else _without(overlay.root, "customer"))
        if document.root is None or (overlay is not None and overlay.root is None):
            return Assembled(None, tuple(problems))
        layers.append(document.root if name == customer else _without(document.root, "customer"))
        extends = document.root.child("extends")
        if extends is None or extends.value is None:
            break
        found = _next(catalog, extends, chain)
        if isinstance(found, Problem):
            return Assembled(None, (*problems, found))
        name, file = found
        chain.append(name)
    # an empty tree beneath, so that null removes where nothing is extended, too
    root = Node({}, Place(catalog.shown(path), 1, 1))
    for layer in reversed(layers):
        root = merge(root, _answering(layer, root))
    return Assembled(root, tuple(problems))


def _answering(above: Node, beneath: Node) -> Node:
    """A field's name over a mapping's block beneath is the block's `from`: what it asks and how it converts stays."""
    own, under = above.child("mappings"), beneath.child("mappings")
    if own is None or under is None or not isinstance(above.value, dict):
        return above
    place = above.value["mappings"].place
    return Node({**above.value, "mappings": Entry(_blocks(own, under, levels=3), place)}, above.place)


def _blocks(above: Node, beneath: Node, *, levels: int) -> Node:
    if levels == 0:
        if isinstance(above.value, str) and isinstance(beneath.value, dict):
            return Node({"from": Entry(above, above.place)}, above.place)
        return above
    if not isinstance(above.value, dict):
        return above
    entries = dict(above.value)
    for key, entry in above.value.items():
        under = beneath.child(key)
        if under is not None:
            entries[key] = Entry(_blocks(entry.node, under, levels=levels - 1), entry.place)
    return Node(entries, above.place)


def _next(catalog: Catalog, extends: Node, chain: list[str]) -> tuple[str, Path] | Problem:
    """The pipeline that is extended, or why it cannot be."""
    name = extends.value
    if not isinstance(name, str):
        return Problem(extends.place, "extends", "expected the name of another pipeline, as in `extends: base`")
    if name in chain:
        return Problem(extends.place, "extends", f"goes round in a circle: {' > '.join((*chain, name))}")
    file = catalog.pipeline_file(name)
    if file is None:
        names = [path.stem for path in catalog.layout.pipelines.glob("*.yaml") if path.stem != chain[-1]]
        near = closest(name, names)
        what = f"there is no pipeline {name}" + ("" if near else f"; there are {listed(names)}")
        return Problem(extends.place, "extends", what, near)
    return name, file


def _extending_overlay(root: Node) -> list[Problem]:
    if root.child("extends") is None:
        return []
    return [
        Problem(root.place_of_key(("extends",)), "extends", "an overlay extends nothing; say it in the file itself")
    ]


def _without(root: Node, key: str) -> Node:
    entries: dict[str, Entry] = root.value if isinstance(root.value, dict) else {}
    return Node({name: entry for name, entry in entries.items() if name != key}, root.place)
