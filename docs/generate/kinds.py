"""kinds.md: every kind and key of the vocabulary, and which definitions use it."""

from __future__ import annotations

import types
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from backhaul.config.source import Source
from docs.generate.definitions import Block, on_paper, sources
from docs.generate.markdown import code, table
from docs.generate.markdown import page as whole
from docs.generate.models import keys, kind_of, own_keys, parts, title

Users = dict[tuple[str, str], set[str]]


def page() -> str:
    shipped, paper = _kinds(sources()), _kinds(on_paper())
    all_kinds = list(_all_kinds())
    unused = [each for each in all_kinds if not shipped[each] | paper[each]]
    return whole(
        "Kinds, and who uses them",
        "A kind earns its place by being general: one that a single definition uses is defended in a "
        "[decision](../decisions/README.md), one that none uses leaves. Definitions on paper "
        "([docs/vocabulary](../vocabulary)) validate, but no simulator has proven them.",
        f"{len(sources())} definitions ship: {', '.join(sources())}. "
        f"{len(on_paper())} are on paper: {', '.join(on_paper())}.",
        "## Used by one definition",
        _listed(alone(), shipped, paper) or "None.",
        "## Used by none",
        ", ".join(f"{block} {code(kind)}" for block, kind in unused) + "." if unused else "None.",
        "## All",
        _listed(all_kinds, shipped, paper),
        "## Keys",
        "Every key of every block, and in how many of the definitions it is written.",
        _keys(),
    )


def alone() -> list[tuple[str, str]]:
    """(block, kind) of those that one definition alone uses: each needs a decision."""
    shipped, paper = _kinds(sources()), _kinds(on_paper())
    return [each for each in _all_kinds() if len(shipped[each] | paper[each]) == 1]


def _listed(kinds: list[tuple[str, str]], shipped: Users, paper: Users) -> str:
    rows = [
        (block, code(kind), ", ".join(sorted(shipped[block, kind])), ", ".join(sorted(paper[block, kind])))
        for block, kind in kinds
    ]
    return table(("block", "kind", "shipped", "on paper"), rows) if rows else ""


def _all_kinds() -> Iterator[tuple[str, str]]:
    """(block, kind): a block that is one kind of several, or a key with a closed list of values."""
    for model in parts(Source):
        name = title(model)
        if (kind := kind_of(model)) is not None:
            yield name.partition(": ")[0], kind
        hints = get_type_hints(model, include_extras=True)
        choices = _choices(model)
        for field in (each for each in model.model_fields if each in choices):
            for value in get_args(_plain(hints[field])):
                yield f"{name}.{field}", str(value)


def _choices(model: type[BaseModel]) -> set[str]:
    """The fields of its own whose values are a closed list of words, and say how something is done."""
    hints = get_type_hints(model, include_extras=True)
    words = {name for name in own_keys(model) if get_origin(_plain(hints[name])) is Literal}
    return words - ({"type"} if kind_of(model) else set()) - ({"format", "category"} if model is Source else set())


def _plain(hint: Any) -> Any:
    """Without None beside it."""
    inner = [each for each in get_args(hint) if each is not type(None)]
    return inner[0] if get_origin(hint) in (Union, types.UnionType) and len(inner) == 1 else hint


def _kinds(definitions: dict[str, tuple[Block, ...]]) -> Users:
    found: Users = defaultdict(set)
    for source, blocks in definitions.items():
        for block in blocks:
            for kind in _kinds_of(block.model):
                found[kind].add(source)
    return found


def _kinds_of(model: BaseModel) -> Iterator[tuple[str, str]]:
    made = type(model)
    if (kind := kind_of(made)) is not None:
        yield title(made).partition(": ")[0], kind
    for above in made.__mro__:
        if isinstance(above, type) and issubclass(above, BaseModel) and above.model_fields:
            for field in _choices(above):
                value = getattr(model, field)
                if value is not None:
                    yield f"{title(above)}.{field}", str(value)


def _keys() -> str:
    written: dict[tuple[type[BaseModel], str], set[str]] = defaultdict(set)
    everywhere = {**sources(), **on_paper()}
    for source, blocks in everywhere.items():
        for block in blocks:
            for above in type(block.model).__mro__:
                if isinstance(above, type) and issubclass(above, BaseModel):
                    for key in block.written:
                        written[above, key].add(source)
    rows = []
    for model in parts(Source):
        counted = [f"{code(key.name)} {len(written[model, key.name])}" for key in keys(model)]
        rows.append((title(model), ", ".join(counted)))
    return table(("block", f"keys, and how many of {len(everywhere)}"), rows)
