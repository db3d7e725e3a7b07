"""Conditions: a map of path to value, all of which must hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backhaul.config import paths
from backhaul.config.paths import MISSING, Answer


def holds(condition: Mapping[str, Any], answer: Answer) -> bool:
    """Whether every entry holds of the answer."""
    return all(matches(paths.first(path, answer), wanted) for path, wanted in condition.items())


def matches(found: Any, wanted: Any) -> bool:
    """One value against what is wanted: a scalar, any of a list, null for absent or empty, not, contains, begins."""
    if isinstance(wanted, Mapping):
        if "not" in wanted:
            return not matches(found, wanted["not"])
        if "begins" in wanted:
            return found is not MISSING and str(found).startswith(str(wanted["begins"]))
        return found is not MISSING and str(wanted["contains"]) in str(found)
    if isinstance(wanted, list):
        return any(matches(found, each) for each in wanted)
    if wanted is None:
        return found is MISSING or found is None or found == ""
    if found is MISSING or found is None:
        return False
    if isinstance(found, bool) or isinstance(wanted, bool):
        # text formats spell booleans as words
        return str(found).lower() == str(wanted).lower()
    return found == wanted or str(found) == str(wanted)
