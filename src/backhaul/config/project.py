"""A project's configuration: its customers, sources and destinations, each read when it is asked for.

The models and YAML are imported by the methods that need them: a command that only looks at files stays quick.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from backhaul.config.catalog import Catalog, TransformKind
from backhaul.config.dotenv import read_dotenv
from backhaul.config.layout import Layout
from backhaul.config.problems import Place, Problem, closest, error, listed
from backhaul.errors import ConfigError

if TYPE_CHECKING:
    from backhaul.config.destination import Destination
    from backhaul.config.pipeline import Pipeline
    from backhaul.config.reading import Origin, Reading
    from backhaul.config.source import Source


@dataclass(frozen=True, slots=True)
class ProjectConfig:
    """The configuration below a root. Opening it reads nothing but .env; a customer's files are its own business."""

    root: Path
    environment: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def open(cls, root: Path | str, environment: str | None = None, environ: Mapping[str, str] | None = None) -> Self:
        """Open a project. Without `environ`, the process's environment, over the project's .env file.

        environment: chooses overlays; without it, BACKHAUL_ENVIRONMENT. Raises ConfigError where there is no project,
        or where no pipeline has an overlay of that name: a typing mistake must not fall back to the plain files.
        """
        root = Path(root).resolve()
        if not Layout(root).pipelines.is_dir():
            raise ConfigError(
                f"{root} is no project: it has no pipelines folder",
                next_step="go to the project's folder, or make one with `backhaul init`",
            )
        if environ is None:
            environ = {**read_dotenv(Layout(root).dotenv), **os.environ}
        environment = environment or environ.get("BACKHAUL_ENVIRONMENT") or None
        project = cls(root, environment, environ)
        if environment is not None and environment not in (known := project.environments()):
            raise ConfigError(
                f"no pipeline has an overlay for the environment {environment}; {_hint(environment, known)}",
                next_step=f"add pipelines/<customer>.{environment}.yaml, or choose another environment",
            )
        return project

    @property
    def layout(self) -> Layout:
        return Layout(self.root)

    @property
    def control(self) -> Path | str:
        """The control store: a file of the project, or the database that BACKHAUL_CONTROL tells, for several hosts."""
        return self.environ.get("BACKHAUL_CONTROL") or self.layout.control

    @property
    def catalog(self) -> Catalog:
        return Catalog(self.layout)

    def customers(self) -> tuple[str, ...]:
        """By the names of their files; `base.yaml` and `_*.yaml` are there to be extended. No file is opened."""
        stems = (name.removesuffix(".yaml") for name in self._pipeline_files() if name.endswith(".yaml"))
        return tuple(stem for stem in stems if "." not in stem and stem != "base" and not stem.startswith("_"))

    def environments(self) -> tuple[str, ...]:
        """Those that some pipeline has an overlay for."""
        matches = (re.fullmatch(r"[^.]+\.([A-Za-z0-9_-]+)\.yaml", name) for name in self._pipeline_files())
        return tuple(sorted({match[1] for match in matches if match}))

    def pipeline(self, customer: str) -> Pipeline:
        """One customer's pipeline. Raises ConfigError with every problem, but for secrets that are not at hand."""
        return self._pipeline(customer)[0]

    def credentials(self, customer: str, connection: str) -> dict[str, str]:
        """The secrets of one connection, revealed: its app's, and its own of the environment; the vault's are not here.

        Raises ConfigError that tells all that are missing.
        """
        from backhaul.config.checks import of_the_app
        from backhaul.config.reading import problems_of_secrets

        pipeline, reading = self._pipeline(customer)
        found = pipeline.connections.get(connection)
        if found is None:
            hint = _hint(connection, tuple(pipeline.connections))
            raise ConfigError(f"there is no connection {connection}; {hint}", customer=customer)
        problems = problems_of_secrets(reading, self.catalog, self.environ, connection)
        if problems:
            what = f"the connection's credentials have {_count(problems)}"
            raise error(what, problems, customer=customer).within(connection=connection)
        app = pipeline.apps.get(found.source)
        given = {name: getattr(app, name).reveal() for name in of_the_app(found, app, self.source(found.source))}
        return {**given, **found.secrets()}

    def source(self, name: str) -> Source:
        """Raises ConfigError with every problem of the definition."""
        from backhaul.config.definitions import load_source

        found = load_source(self.catalog, name)
        if found.source is None:
            raise error(f"the source {name} has {_count(found.problems)}", found.problems)
        return found.source

    def destination(self, name: str) -> Destination:
        """Raises ConfigError with every problem of the definition."""
        from backhaul.config.definitions import load_destination

        destination, problems = load_destination(self.catalog, name)
        if destination is None:
            raise error(f"the destination {name} has {_count(problems)}", problems)
        return destination

    def transform_files(self, kind: TransformKind) -> dict[str, Path]:
        """The project's files over the catalog's: `accounts`, or `example/accounts.companies` of staging."""
        return self.catalog.transform_files(kind)

    def validate(self, customer: str | None = None) -> list[Problem]:
        """Every problem of one customer, or of all of them and of the project's own sources and destinations."""
        from backhaul.config.reading import problems_of, problems_of_questions, problems_of_secrets

        problems: list[Problem] = []
        for name in [customer] if customer else self.customers():
            try:
                reading = self._read(name)
            except ConfigError as failure:
                if customer:
                    raise
                problems.append(Problem(Place(f"pipelines/{name}.yaml"), "", failure.what))
                continue
            problems += problems_of(reading, self.catalog)
            problems += problems_of_secrets(reading, self.catalog, self.environ)
            problems += problems_of_questions(reading)
        if customer is None:
            problems += self._problems_of_definitions()
        return sorted(set(problems), key=lambda problem: (problem.place, problem.path, problem.what))

    def placed(self, customer: str, told: Sequence[str]) -> list[Problem]:
        """What was found wrong with the customer's mappings, at the lines where they are written."""
        from backhaul.config.reading import placed

        return placed(self._read(customer), told)

    def explain(self, customer: str) -> list[Origin]:
        """Each value in force with its place, None for a default. References and secrets stay as they are written."""
        from backhaul.config.reading import origins

        return origins(self._pipeline(customer)[1])

    def _pipeline(self, customer: str) -> tuple[Pipeline, Reading]:
        from backhaul.config.reading import problems_of

        reading = self._read(customer)
        problems = problems_of(reading, self.catalog)
        if problems or reading.pipeline is None:
            raise error(f"the configuration has {_count(problems)}", problems, customer=customer)
        return reading.pipeline, reading

    def _read(self, customer: str) -> Reading:
        from backhaul.config.reading import read_customer

        path = self.layout.pipeline(customer)
        if not path.is_file():
            raise ConfigError(
                f"there is no customer {customer}; {_hint(customer, self.customers())}",
                next_step=f"name one of them, or write pipelines/{customer}.yaml",
            )
        return read_customer(self.catalog, customer, path, self.environment, self.environ)

    def _problems_of_definitions(self) -> list[Problem]:
        from backhaul.config.definitions import load_destination, load_source

        problems: list[Problem] = []
        for path in self.layout.sources.glob("*/source.yaml"):
            problems += load_source(self.catalog, path.parent.name).problems
        for path in self.layout.destinations.glob("*.yaml"):
            problems += load_destination(self.catalog, path.stem)[1]
        for name in self._pipeline_files():
            if name.endswith(".yml"):
                problems.append(Problem(Place(f"pipelines/{name}"), "", "is not read: the ending must be .yaml"))
        return problems

    def _pipeline_files(self) -> list[str]:
        with os.scandir(self.layout.pipelines) as entries:
            return sorted(entry.name for entry in entries if entry.is_file())


def _hint(wrong: str, known: Sequence[str]) -> str:
    near = closest(wrong, known)
    return f"did you mean {near}?" if near else f"there are {listed(known)}"


def _count(problems: Sequence[Problem]) -> str:
    return "a problem" if len(problems) == 1 else f"{len(problems)} problems"
