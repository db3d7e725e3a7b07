"""Puts a draft of a source's definition into a project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from backhaul.config.catalog import Catalog
from backhaul.config.definitions import load_source
from backhaul.config.layout import Layout
from backhaul.config.names import is_name
from backhaul.drafting.document import read
from backhaul.drafting.draft import Draft, of_document, of_nothing
from backhaul.errors import Bug, ConfigError


@dataclass(frozen=True, slots=True)
class Drafted:
    """Where it was written, from the project's root, and what it is."""

    path: Path
    draft: Draft


def write(root: Path, name: str, document: Path | None) -> Drafted:
    """Draft the source of that name. Raises ConfigError for a name or a document that will not do."""
    layout = Layout(root)
    catalog = Catalog(layout)
    if not is_name(name):
        raise ConfigError(
            f"{name!r} cannot be a source's name: letters and digits, with single underscores between",
            next_step="name it as pipelines will say it, as in `source new kinto`",
        )
    if (taken := catalog.source_file(name)) is not None:
        own = taken.is_relative_to(layout.sources)
        raise ConfigError(
            f"there is a source {name}: {catalog.shown(taken)}" if own else f"the source {name} comes with backhaul",
            next_step="take another name, or move the file away" if own else "use it as it is, or take another name",
        )
    draft = of_nothing(name) if document is None else of_document(name, read(document), document.name)
    path = layout.sources / name / "source.yaml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(draft.text, encoding="utf-8")
    except OSError as failure:
        raise ConfigError(
            f"{path} cannot be written: {failure.strerror}", next_step="name a project that can be written: -C DIR"
        ) from failure
    problems = load_source(catalog, name).problems
    if problems:
        raise Bug(
            f"the draft of {name} does not validate: {problems[0]}",
            next_step=f"correct {catalog.shown(path)}, and report the document that it was drafted from",
        )
    return Drafted(path.relative_to(root), draft)
