"""Which entities and marts a `--select` names: `deals`, `deals+` with what reads it, `+deals` with what it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backhaul.config.problems import closest, listed
from backhaul.errors import ConfigError
from backhaul.transform.models import Models
from backhaul.transform.plan import EntityPlan
from backhaul.transform.relations import LINKS
from backhaul.transform.seen import CHANGES


def selected(models: Models, plans: Sequence[EntityPlan], select: Sequence[str]) -> frozenset[str]:
    """The names, of entities and marts. Empty select: all. Raises ConfigError for a name that nothing has."""
    reads = _graph(models, plans)
    if not select:
        return frozenset(reads)
    found: set[str] = set()
    problems = []
    for each in select:
        name = each.strip("+")
        if name not in reads:
            near = closest(name, sorted(reads))
            hint = f"; did you mean {near}?" if near else f"; there are {listed(sorted(reads))}"
            problems.append(f"--select {each}: there is no entity or mart {name}{hint}")
            continue
        found.add(name)
        if each.startswith("+"):
            found |= _reach(name, reads)
        if each.endswith("+"):
            found |= _reach(name, _turned(reads))
    if problems:
        raise ConfigError("what to transform is not there", problems=tuple(problems))
    return frozenset(found)


def _graph(models: Models, plans: Sequence[EntityPlan]) -> dict[str, frozenset[str]]:
    """Name -> what it is made of, beside raw tables."""
    names = {plan.shape.name for plan in plans}
    reads: dict[str, frozenset[str]] = {name: frozenset() for name in names}
    if LINKS in reads:
        reads[LINKS] = frozenset(models.identity) & names
    if CHANGES in reads:
        reads[CHANGES] = frozenset(plan.shape.name for plan in plans if plan.shape.contract.tracked)
    return reads | {mart.name: mart.inputs for mart in models.marts}


def _turned(reads: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(other for other, inputs in reads.items() if name in inputs) for name in reads}


def _reach(name: str, edges: Mapping[str, frozenset[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for each in edges[waiting.pop()] - found:
            found.add(each)
            waiting.append(each)
    return found
