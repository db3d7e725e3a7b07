"""References to the environment: `${NAME}` and `${NAME:-default}` inside texts, `$${` for a plain `${`.

A reference stands in a value, never in a key. Secrets are kept apart: they carry no default, they are not shown, and
a variable that is missing only matters to who reveals the secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from backhaul.config.nodes import Entry, Node
from backhaul.config.problems import KeyPath, Problem, closest, spell
from backhaul.config.secret import Secret

SECRETS: tuple[tuple[str, ...], ...] = (
    ("connections", "*", "credentials", "*"),
    ("apps", "*", "client_id"),
    ("apps", "*", "client_secret"),
    ("apps", "*", "private_key"),
    ("on_failure", "webhook"),
)
"""The paths of a pipeline that hold secrets; `*` is any name."""

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|\$\{(?P<bad>[^}]*)\}?")


def expand(
    node: Node, environ: Mapping[str, str], secrets: tuple[tuple[str, ...], ...] = SECRETS
) -> tuple[Node, list[Problem]]:
    """The tree with its references replaced, and a problem for each one that cannot be."""
    problems: list[Problem] = []

    def walk(node: Node, path: KeyPath) -> Node:
        if isinstance(node.value, dict):
            entries = {key: Entry(walk(e.node, (*path, key)), e.place) for key, e in node.value.items()}
            return Node(entries, node.place)
        if isinstance(node.value, tuple):
            return Node(tuple(walk(item, (*path, index)) for index, item in enumerate(node.value)), node.place)
        secret = is_secret(path, secrets)
        if not isinstance(node.value, str) or not (secret or "${" in node.value):
            return node
        text, missing, wrong = _replace(node.value, environ, secret)
        problems.extend(Problem(node.place, spell(path), what) for what in wrong)
        if secret:
            written = node.value if _holds_reference(node.value) else None
            return Node(Secret(text, written=written, missing=tuple(missing), place=str(node.place)), node.place)
        problems.extend(_missing(node, path, name, environ) for name in missing)
        return Node(text, node.place)

    return walk(node, ()), problems


def missing_variables(node: Node, environ: Mapping[str, str], path: KeyPath = ()) -> Iterator[Problem]:
    """A problem for each variable that a secret below the node does not find."""
    for at, leaf in node.leaves(path):
        if isinstance(leaf.value, Secret):
            yield from (_missing(leaf, at, name, environ) for name in leaf.value.missing)


def _missing(node: Node, path: KeyPath, name: str, environ: Mapping[str, str]) -> Problem:
    if name in environ:
        return Problem(node.place, spell(path), f"the environment variable {name} is empty")
    what = f"the environment variable {name} is not set"
    return Problem(node.place, spell(path), what, closest(name, environ))


def is_secret(path: KeyPath, secrets: tuple[tuple[str, ...], ...] = SECRETS) -> bool:
    """Whether the value at the path is one, or stands inside one."""
    return any(
        len(path) >= len(pattern) and all(p in ("*", step) for p, step in zip(pattern, path, strict=False))
        for pattern in secrets
    )


def is_hidden(path: KeyPath) -> bool:
    """As `is_secret`, and where a map of secrets stands: a secret that was written in the map's place is one, too."""
    maps = tuple(pattern[:-1] for pattern in SECRETS if pattern[-1] == "*")
    return is_secret(path, (*SECRETS, *maps))


def _holds_reference(text: str) -> bool:
    return any(match["name"] for match in _REFERENCE.finditer(text))


def _replace(text: str, environ: Mapping[str, str], secret: bool) -> tuple[str, list[str], list[str]]:
    """The text, the variables that are missing, and what is wrong with its references."""
    missing: list[str] = []
    wrong: list[str] = []

    def one(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        if match["bad"] is not None:
            wrong.append("a reference is `${NAME}` or `${NAME:-default}`; write `$${` for a plain `${`")
            return ""
        if name is None:
            return "${"
        if default is not None and secret:
            wrong.append(f"a secret has no default: write `${{{name}}}`")
            return ""
        # an empty variable is what an unset one looks like in most shells and CI systems
        value = environ.get(name) or default
        if value is None:
            missing.append(name)
            return ""
        return value

    return _REFERENCE.sub(one, text), missing, wrong
