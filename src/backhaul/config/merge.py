"""Laying one tree over another: maps merge deep, lists replace, null removes; places go with the values."""

from __future__ import annotations

from backhaul.config.nodes import Entry, Node


def merge(beneath: Node, above: Node) -> Node:
    """The tree of both, where `above` wins. Neither is changed."""
    if not isinstance(above.value, dict):
        return above
    merged = dict(beneath.value) if isinstance(beneath.value, dict) else {}
    for key, entry in above.value.items():
        if entry.node.value is None:
            merged.pop(key, None)
        elif isinstance(entry.node.value, dict):
            under = merged[key].node if key in merged else Node({}, entry.node.place)
            merged[key] = Entry(merge(under, entry.node), entry.place)
        else:
            merged[key] = entry
    return Node(merged, above.place)
