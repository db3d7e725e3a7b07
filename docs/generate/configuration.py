"""source.md, pipeline.md and destination.md: every block with its keys, and an example that ships."""

from __future__ import annotations

import inspect
from typing import Any, get_args

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from backhaul.config import destination as destination_file
from backhaul.config import paths, placeholders, templates
from backhaul.config import pipeline as pipeline_file
from backhaul.config import source as source_file
from backhaul.config.calls import Condition, OurType
from backhaul.config.destination import Destination
from backhaul.config.pipeline import Pipeline
from backhaul.config.source import Source
from docs.generate.definitions import Block, blocks, on_paper
from docs.generate.markdown import anchor, code, fenced, page, prose, table
from docs.generate.models import extends, keys, parts, spell, title

_LINES, _MOST_LINES = 14, 40
"""Of an example: as one would like it, and as long as it may be."""


def source() -> str:
    return page(
        "source.yaml",
        prose(source_file.__doc__),
        "A definition is `sources/<name>/source.yaml`. `backhaul validate` names every mistake with its line; "
        "`backhaul schema source` gives the JSON Schema, for editors. Which kinds the shipped definitions use: "
        "[kinds](kinds.md).",
        _contents(Source, "Placeholders", "Paths", "Conditions", "Types", "Templates"),
        *_sections(Source),
        "## Placeholders",
        "A placeholder writes into a request: `{name}`, or `{name:format}`. One that stands alone keeps its "
        "value's type "
        "(a list stays a list); among other text a list is joined with commas. What holds an unbound placeholder "
        "is left "
        "out, with the container that it empties.",
        table(("placeholder", "is"), [(code(f"{{{name}}}"), what) for name, what in placeholders.ROOTS.items()]),
        table(("format", "writes"), [(code(f":{name}"), what) for name, what in placeholders.FORMATS.items()]),
        "## Paths",
        prose(paths.__doc__),
        "## Conditions",
        _condition(),
        "## Types",
        "What a field is here: "
        + ", ".join(code(each) for each in get_args(OurType))
        + ". Discovery's `types` turns the "
        "vendor's words into these; `skip` leaves such fields out.",
        "## Templates",
        prose(inspect.getdoc(templates.resolve)).partition(" Raises")[0],
        prose(inspect.getdoc(templates.merge)),
    )


def pipeline() -> str:
    return page(
        "pipelines/&lt;customer&gt;.yaml",
        prose(pipeline_file.__doc__),
        "`extends` names another pipeline that is merged beneath this one: maps merge deep, lists replace, null "
        "removes. "
        "`<customer>.<environment>.yaml` is laid over it where `--env` says so. `${NAME}` is read from the "
        "environment, or "
        "from the project's `.env`; `${NAME:-default}` has a default, which a secret may not.",
        _contents(Pipeline),
        *_sections(Pipeline),
    )


def destination() -> str:
    return page("destinations/&lt;name&gt;.yaml", prose(destination_file.__doc__), *_sections(Destination))


def _condition() -> str:
    told = next(each.description for each in get_args(Condition) if isinstance(each, FieldInfo))
    return f"A map of {told}"


def _contents(model: type[BaseModel], *more: str) -> str:
    titles = [title(each) for each in parts(model)] + list(more)
    return " · ".join(f"[{each}]({anchor(each)})" for each in titles)


def _sections(model: type[BaseModel]) -> list[str]:
    return [_section(each, model) for each in parts(model)]


def _section(model: type[BaseModel], file: type[BaseModel]) -> str:
    found = [block for block in blocks(file) if type(block.model) is model and (block.path or file is Destination)]
    if not found and file is Source:
        found = [block for each in on_paper().values() for block in each if type(block.model) is model]
    base = extends(model)
    told = [f"## {title(model)}", prose(model.__dict__.get("__doc__"))]
    if base is not None:
        told.append(f"Has the keys of {spell(base)}, and:")
    told.append(
        table(
            ("key", "type", "default", "meaning"),
            [(code(key.name), key.type, key.default, key.description) for key in keys(model)],
        )
    )
    if (example := _best(found)) is not None:
        where = f"`{example.path}` of " if example.path else ""
        told.append(f"From {where}[{example.file}](../../{example.file}):")
        told.append(fenced("yaml", _dump(example)))
    return "\n\n".join(part for part in told if part)


def _best(found: list[Block]) -> Block | None:
    """Of the blocks that are not too long the one that shows the most keys; else the shortest, within reason."""
    for block in sorted(found, key=lambda each: len(each.written), reverse=True):
        if len(str(block.written)) < _LINES * 100 and len(_dump(block).splitlines()) <= _LINES:
            return block
    least = min(found, key=lambda block: len(str(block.written)), default=None)
    return least if least is not None and len(_dump(least).splitlines()) <= _MOST_LINES else None


def _dump(block: Block) -> str:
    return yaml.dump(block.written, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Writes as the definitions are written: what fits in a line stands in one, long texts as blocks."""

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        return super().represent_mapping(tag, mapping, _short(mapping))

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:
        return super().represent_sequence(tag, sequence, _short(sequence))

    def represent_str(self, data: str) -> yaml.ScalarNode:
        style = "|" if "\n" in data else '"' if "{" in data else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style)


_Dumper.add_representer(str, _Dumper.represent_str)


def _short(value: Any) -> bool:
    text = str(value)
    return len(text) <= 90 and "\\n" not in text
