"""Pull every customer's systems of record in, give them one shape, haul results back.

>>> from backhaul import Project
>>> with Project(".") as project:
...     report = project.customer("acme").run()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backhaul.errors import BackhaulError, Busy, ConfigError, Reauthorise
    from backhaul.fleet.outcome import Outcome
    from backhaul.pipeline.discovering import Discovery
    from backhaul.pipeline.run import RunReport
    from backhaul.project import Customer, Project
    from backhaul.publish.query import QueryResult
    from backhaul.push.plan import Plan
    from backhaul.push.report import PushReport

__all__ = [
    "BackhaulError",
    "Busy",
    "ConfigError",
    "Customer",
    "Discovery",
    "Outcome",
    "Plan",
    "Project",
    "PushReport",
    "QueryResult",
    "Reauthorise",
    "RunReport",
]

_PLACES = {
    "BackhaulError": "errors",
    "Busy": "errors",
    "ConfigError": "errors",
    "Customer": "project",
    "Discovery": "pipeline.discovering",
    "Outcome": "fleet.outcome",
    "Plan": "push.plan",
    "Project": "project",
    "PushReport": "push.report",
    "QueryResult": "publish.query",
    "Reauthorise": "errors",
    "RunReport": "pipeline.run",
}


def __getattr__(name: str) -> Any:
    """Each name is imported when it is first used: `import backhaul` costs nothing."""
    if name not in _PLACES:
        raise AttributeError(f"module 'backhaul' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"backhaul.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
