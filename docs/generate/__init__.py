"""The pages of docs/reference and docs/schema, made from the code and the shipped definitions: `make docs`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from docs.generate import catalog, command_line, configuration, entities, failures, kinds, schemas

ROOT = Path(__file__).parents[2]

PAGES: dict[str, Callable[[], str]] = {
    "reference/source.md": configuration.source,
    "reference/pipeline.md": configuration.pipeline,
    "reference/destination.md": configuration.destination,
    "reference/catalog.md": catalog.page,
    "reference/kinds.md": kinds.page,
    "reference/entities.md": entities.page,
    "reference/cli.md": command_line.page,
    "reference/errors.md": failures.page,
    "schema/source.json": schemas.source,
    "schema/pipeline.json": schemas.pipeline,
    "schema/destination.json": schemas.destination,
}
"""Path below docs/ -> what makes it."""


def write() -> list[str]:
    """Write the pages; gives the paths of those that were not so before."""
    changed = []
    for name, make in PAGES.items():
        path, text = ROOT / "docs" / name, make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(name)
    return changed
