"""The files of a new project: the shape of the catalog, empty but for one example customer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from backhaul.config.catalog import catalog_root
from backhaul.config.layout import Layout

_BASE = """\
# yaml-language-server: $schema=../.backhaul/schemas/pipeline.json
# What every customer's pipeline starts from: `extends: base`. Maps merge, lists replace, null removes.
destination: duckdb
"""

_IGNORED = """\
# ours: state, logs, raw tables, and what is published
.backhaul/
published/
# secrets
.env
"""

_SOURCES = """\
# Sources

A folder here, `<name>/source.yaml`, adds a system or overrides one that comes with backhaul. It says how the vendor
is asked: auth, limits, discovery, reads, deletes, writes. `backhaul schema source` prints its JSON Schema, for editors;
start it with `# yaml-language-server: $schema=../../.backhaul/schemas/source.json`.
"""

_DESTINATIONS = """\
# Destinations

A file here, `<name>.yaml`, adds a place for raw and normalized data or overrides one that comes with backhaul;
pipelines name it as `destination:`. `backhaul schema destination` prints its JSON Schema.
"""

_TRANSFORMS = """\
# Transforms

- `entities/<entity>.yaml`: a normalized table: its columns, types, keys and checks.
- `staging/<source>/<entity>.<object>.sql`: one select from one raw object to one entity's columns.

A file here adds to those that come with backhaul, or overrides the one of its name. A single customer's own fields
need no file here: that is what `mappings` in the pipeline are for.
"""

_REFERENCE = re.compile(r"\$\{([A-Z_][A-Z0-9_]*)(?::-([^}]*))?\}")


def files() -> Mapping[str, str]:
    """Path below the project's root -> text."""
    example = (catalog_root() / "pipelines" / "_example.yaml").read_text(encoding="utf-8")
    return {
        "pipelines/base.yaml": _BASE,
        "pipelines/example.yaml": example,
        "sources/README.md": _SOURCES,
        "destinations/README.md": _DESTINATIONS,
        "transforms/README.md": _TRANSFORMS,
        ".gitignore": _IGNORED,
        ".env.example": _dotenv(example),
    }


def _dotenv(example: str) -> str:
    lines = ["# Copy to .env, which is never committed. The environment itself wins over this file."]
    for line in example.splitlines():
        for name, default in _REFERENCE.findall(line):
            sign = "# " if default or line.startswith("#") else ""
            lines.append(f"{sign}{name}={default}")
    return "\n".join(lines) + "\n"


def write(root: Path) -> tuple[list[str], list[str]]:
    """Write what is missing; gives the paths written, and those that were there and stay as they are."""
    written, kept = [], []
    for name, text in files().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
            written.append(name)
        except FileExistsError:
            kept.append(name)
    write_schemas(Layout(root))
    return written, kept


def write_schemas(layout: Layout) -> None:
    """The JSON Schemas that the files' first lines point at, as this version of backhaul has them."""
    from backhaul.config.json_schema import Kind, schema

    folder = layout.hidden / "schemas"
    folder.mkdir(parents=True, exist_ok=True)
    kinds: tuple[Kind, ...] = ("source", "pipeline", "destination")
    for kind in kinds:
        (folder / f"{kind}.json").write_text(json.dumps(schema(kind)), encoding="utf-8")
