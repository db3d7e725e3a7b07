"""What the customers' files say of connections, pushes and their schedules, without the models.

Quick enough for thousands of files. A file that is wrong elsewhere still has its schedule read; the run itself will
tell what is wrong with it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from backhaul.config.environment import expand
from backhaul.config.inheritance import assemble
from backhaul.config.problems import error
from backhaul.config.project import ProjectConfig
from backhaul.config.schedule import Schedule
from backhaul.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Planned:
    """One connection, or one push, of a customer. schedule: None where it runs only when asked."""

    customer: str
    name: str
    source: str
    schedule: Schedule | None
    push: bool = False
    into: str = ""
    """The connection that a push writes to."""
    budget: float = 0.8
    """The part of the vendor's quota that is ours."""

    @property
    def schedule_key(self) -> str:
        return schedule_key(self.name, self.push)


def schedule_key(name: str, push: bool) -> str:
    """Under what the control store keeps its due time; no connection's name holds a space."""
    return f"push {name}" if push else name


@dataclass
class Schedules:
    """Reads each customer's file when it is first asked for, and again when any pipeline file has changed."""

    config: ProjectConfig
    broken: dict[str, ConfigError] = field(default_factory=dict)
    """Customers whose connections cannot be told, with the reason."""
    _known: dict[str, tuple[Planned, ...]] = field(default_factory=dict)
    _files: Any = None

    def all(self) -> list[Planned]:
        """Of every customer that can be read; `broken` has the others."""
        self._refresh()
        found: list[Planned] = []
        for customer in self.config.customers():
            if customer in self.broken:
                continue
            try:
                found += self.of(customer)
            except ConfigError as failure:
                self.broken[customer] = failure
        return found

    def of(self, customer: str) -> tuple[Planned, ...]:
        """One customer's connections, in the order of the file. Raises ConfigError."""
        known = self._known.get(customer)
        if known is None:
            known = self._known[customer] = _planned(self.config, customer)
        return known

    def _refresh(self) -> None:
        with os.scandir(self.config.layout.pipelines) as entries:
            files = {each.name: (each.stat().st_mtime_ns, each.stat().st_size) for each in entries if each.is_file()}
        if files != self._files:
            self._files = files
            self._known.clear()
            self.broken.clear()


def tree_of(config: ProjectConfig, customer: str) -> dict[str, Any]:
    """A customer's merged file, its references replaced, unchecked. Raises ConfigError where it is no map at all."""
    path = config.layout.pipeline(customer)
    if not path.is_file():
        config.pipeline(customer)  # raises, and knows the nearest name
    assembled = assemble(config.catalog, customer, path, config.environment)
    if assembled.root is None:
        raise error("the configuration cannot be read", assembled.problems, customer=customer)
    plain = expand(assembled.root, config.environ)[0].plain()
    return plain if isinstance(plain, dict) else {}


def base_tree(config: ProjectConfig) -> dict[str, Any]:
    """What `base` says alone: all there is where a customer's own file is no YAML. Empty where that is wrong, too."""
    path = config.catalog.pipeline_file("base")
    root = assemble(config.catalog, "base", path, config.environment).root if path is not None else None
    plain = expand(root, config.environ)[0].plain() if root is not None else None
    return plain if isinstance(plain, dict) else {}


def _planned(config: ProjectConfig, customer: str) -> tuple[Planned, ...]:
    tree = tree_of(config, customer)
    found = []
    for name, given in _maps(tree.get("connections")):
        schedule = _schedule(given.get("schedule"), customer, str(name))
        budget = str(given.get("budget", "80%")).removesuffix("%")
        share = int(budget) / 100 if budget.isdigit() else 0.8
        found.append(Planned(customer, str(name), str(given.get("source", "")), schedule, budget=share))
    for name, given in _maps(tree.get("push")):
        schedule = _schedule(given.get("schedule"), customer, f"push {name}")
        into = str(given.get("to", "")).partition(".")[0]
        found.append(Planned(customer, str(name), "", schedule, push=True, into=into))
    return tuple(found)


def _maps(block: Any) -> list[tuple[Any, dict[Any, Any]]]:
    if not isinstance(block, dict):
        return []
    return [(name, each if isinstance(each, dict) else {}) for name, each in block.items()]


def _schedule(text: Any, customer: str, where: str) -> Schedule | None:
    try:
        return None if text is None else Schedule.parse(str(text))
    except ValueError as wrong:
        raise ConfigError(f"the schedule {text!r} of {where} is not understood: {wrong}", customer=customer) from wrong
