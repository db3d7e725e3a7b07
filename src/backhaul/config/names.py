"""Names of customers, connections and pushes: they become parts of file and table names."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*")


def is_name(text: str) -> bool:
    """Two underscores in a row separate names elsewhere, so no name holds them."""
    return _NAME.fullmatch(text) is not None
