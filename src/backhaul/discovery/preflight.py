"""Before anything is read or written: what an object takes, against what the account has granted."""

from __future__ import annotations

from collections.abc import Mapping, Set

from backhaul.config.objects import ObjectDefinition
from backhaul.protocol import render
from backhaul.protocol.render import UNBOUND, Bindings

RIGHTS = {"readable": "read", "creatable": "create", "updatable": "update", "deletable": "delete"}
"""What discovery may tell of an object -> what it is the right to."""


def denied(
    definition: ObjectDefinition, bindings: Bindings, granted: Set[str] | None, rights: Mapping[str, bool]
) -> dict[str, str]:
    """What the account may not do with an object (read, create, update, delete) -> why.

    granted: the scopes of the credentials; None where the vendor does not tell. rights: what discovery told, as
    `RIGHTS` names it.
    """
    found: dict[str, str] = {}
    if granted is not None:
        found = dict.fromkeys(["read"], _lacking(definition.scopes.read, bindings, granted)) | dict.fromkeys(
            ["create", "update", "delete"], _lacking(definition.scopes.write, bindings, granted)
        )
    for name, to in RIGHTS.items():
        if rights.get(name) is False:
            found[to] = f"the user that the credentials belong to has no right to {to} it"
    return {to: why for to, why in found.items() if why}


def _lacking(needed: list[str], bindings: Bindings, granted: Set[str]) -> str:
    """Which of the scopes are not granted, in words; empty where all are."""
    lacking = []
    for each in needed:
        alternatives = render.text(each, bindings)
        if alternatives is not UNBOUND and not {one.strip() for one in str(alternatives).split("|")} & granted:
            lacking.append(" or ".join(one.strip() for one in str(alternatives).split("|")))
    scopes = "scope" if len(lacking) == 1 else "scopes"
    return f"{scopes} not granted: {', '.join(lacking)}" if lacking else ""
