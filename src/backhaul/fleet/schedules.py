"""What the customers' files say of connections and their schedules, without the models: quick for thousands of files.

A file that is wrong elsewhere still has its schedule read; the run itself will tell what is wrong with it.
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
    """One connection of a customer. schedule: None where it runs only when asked."""

    customer: str
    connection: str
    source: str
    schedule: Schedule | None
    budget: float = 0.8
    """The part of the vendor's quota that is ours."""


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
    connections = tree_of(config, customer).get("connections")
    found = []
    for name, each in connections.items() if isinstance(connections, dict) else ():
        given = each if isinstance(each, dict) else {}
        text = given.get("schedule")
        try:
            schedule = None if text is None else Schedule.parse(str(text))
        except ValueError as wrong:
            raise ConfigError(
                f"the schedule {text!r} is not understood: {wrong}", customer=customer, connection=str(name)
            ) from wrong
        budget = str(given.get("budget", "80%")).removesuffix("%")
        share = int(budget) / 100 if budget.isdigit() else 0.8
        found.append(Planned(customer, str(name), str(given.get("source", "")), schedule, share))
    return tuple(found)
