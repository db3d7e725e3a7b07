"""`use`: named blocks of a source take their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merge(beneath: Any, above: Any) -> Any:
    """Maps merge deep; lists and blocks of another `type` replace; null removes."""
    if not isinstance(beneath, Mapping) or not isinstance(above, Mapping):
        return above
    if "type" in above and beneath.get("type") not in (None, above["type"]):
        return above
    merged = dict(beneath)
    for key, value in above.items():
        if value is None:
            merged.pop(key, None)
        elif key in merged:
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def resolve(document: Mapping[str, Any]) -> dict[str, Any]:
    """Put each `use` in its place: the named templates, left to right, then what stands beside it.

    `use` may stand in any map of the document, templates included. Raises ValueError for a name that is not there
    or for a template that uses itself.
    """
    templates = document.get("templates") or {}

    def expand(value: Any, within: tuple[str, ...]) -> Any:
        if isinstance(value, Mapping):
            beneath: Any = {}
            names = value.get("use") or []
            for name in [names] if isinstance(names, str) else names:
                if name not in templates:
                    known = ", ".join(sorted(templates)) or "none"
                    raise ValueError(f"use names the template {name}, which is not there; there are {known}")
                if name in within:
                    raise ValueError(f"the template {name} uses itself: {' > '.join((*within, name))}")
                beneath = merge(beneath, expand(templates[name], (*within, name)))
            own = {key: expand(inner, within) for key, inner in value.items() if key != "use"}
            return merge(beneath, own) if names else own
        if isinstance(value, list):
            return [expand(inner, within) for inner in value]
        return value

    return {key: expand(value, ()) for key, value in document.items() if key != "templates"}
