"""The definitions that backhaul ships, opened side by side with the models that read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from backhaul.config.pipeline import Pipeline
from backhaul.config.source import Source
from backhaul.config.templates import resolve

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a file: what it was read as, and what is written there, templates put in place."""

    model: BaseModel
    written: dict[str, Any]
    file: str
    path: str


@cache
def sources() -> dict[str, tuple[Block, ...]]:
    """Name -> every block of its definition."""
    return {path.parent.name: tuple(_source(path)) for path in sorted(ROOT.glob("sources/*/source.yaml"))}


@cache
def on_paper() -> dict[str, tuple[Block, ...]]:
    """The definitions that no simulator has proven yet."""
    return {path.stem: tuple(_source(path)) for path in sorted(ROOT.glob("docs/vocabulary/*.yaml"))}


@cache
def blocks(model: type[BaseModel]) -> tuple[Block, ...]:
    """Every block of the files of one kind."""
    if model is Source:
        return tuple(each for found in sources().values() for each in found)
    files = sorted(ROOT.glob("pipelines/*.yaml" if model is Pipeline else "destinations/*.yaml"))
    return tuple(block for path in files for block in _blocks(model, yaml.safe_load(path.read_text("utf-8")), path))


def _source(path: Path) -> Iterator[Block]:
    return _blocks(Source, resolve(yaml.safe_load(path.read_text(encoding="utf-8"))), path)


def _blocks(reader: type[BaseModel], written: dict[str, Any], path: Path) -> Iterator[Block]:
    return _walk(reader.model_validate(written), written, str(path.relative_to(ROOT)), "")


def _walk(value: Any, written: Any, file: str, path: str) -> Iterator[Block]:
    if isinstance(value, BaseModel) and isinstance(written, dict):
        yield Block(value, written, file, path)
        for name, field in type(value).model_fields.items():
            key = field.alias or name
            if key in written:
                yield from _walk(getattr(value, name), written[key], file, f"{path}.{key}" if path else key)
    elif isinstance(value, dict) and isinstance(written, dict):
        for key, inner in value.items():
            yield from _walk(inner, written.get(key), file, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        listed = written if isinstance(written, list) else [written]
        for place, inner in enumerate(value):
            yield from _walk(inner, listed[place], file, path if written is listed[place] else f"{path}[{place}]")
