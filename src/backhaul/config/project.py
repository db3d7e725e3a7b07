"""A project's configuration: its customers, sources and destinations, each read when it is asked for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel

from backhaul.config import checks
from backhaul.config.catalog import Catalog, TransformKind
from backhaul.config.destination import Destination
from backhaul.config.dotenv import read_dotenv
from backhaul.config.environment import expand, is_secret
from backhaul.config.inheritance import assemble
from backhaul.config.layout import Layout
from backhaul.config.nodes import Entry, Node
from backhaul.config.pipeline import Connection, Pipeline
from backhaul.config.problems import KeyPath, Place, Problem, closest, error, listed, spell
from backhaul.config.secret import Secret
from backhaul.config.source import Source
from backhaul.config.validation import validate
from backhaul.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Origin:
    """A value in force and where it comes from; `place` is None where it is a default."""

    path: str
    value: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class _Read:
    """A customer's files, read as far as they can be."""

    written: Node | None
    root: Node | None
    pipeline: Pipeline | None
    problems: tuple[Problem, ...]


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
            near = closest(environment, known)
            hint = f"did you mean {near}?" if near else f"there are {listed(known)}"
            raise ConfigError(
                f"no pipeline has an overlay for the environment {environment}; {hint}",
                next_step=f"add pipelines/<customer>.{environment}.yaml, or choose another environment",
            )
        return project

    @property
    def layout(self) -> Layout:
        return Layout(self.root)

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
        """One customer's pipeline. Raises ConfigError with every problem, but for credentials that are not at hand."""
        read = self._read(customer)
        problems = [*read.problems]
        if read.pipeline is not None and read.root is not None:
            problems += checks.check(read.pipeline, read.root, self.catalog)
        if problems or read.pipeline is None:
            raise error(f"the configuration of {customer} has {_count(problems)}", problems, customer=customer)
        return read.pipeline

    def credentials(self, customer: str, connection: str) -> dict[str, str]:
        """The secrets of one connection, revealed. Raises ConfigError that tells all that are missing."""
        pipeline = self.pipeline(customer)
        found = pipeline.connections.get(connection)
        if found is None:
            names = listed(pipeline.connections)
            raise ConfigError(f"{customer} has no connection {connection}; there are {names}", customer=customer)
        problems = self._credential_problems(self._read(customer), connection, found)
        if problems:
            what = f"the connection has {_count(problems)} with its credentials"
            raise error(what, problems, customer=customer).within(connection=connection)
        return found.secrets()

    def source(self, name: str) -> Source:
        found = self.catalog.load_source(name)
        if found.source is None:
            raise error(f"the source {name} has {_count(found.problems)}", found.problems)
        return found.source

    def destination(self, name: str) -> Destination:
        destination, problems = self.catalog.load_destination(name)
        if destination is None:
            raise error(f"the destination {name} has {_count(problems)}", problems)
        return destination

    def transform_files(self, kind: TransformKind) -> dict[str, Path]:
        """The project's files over the catalog's: `accounts`, or `hubspot/accounts.companies` of staging."""
        return self.catalog.transform_files(kind)

    def validate(self, customer: str | None = None) -> list[Problem]:
        """Every problem of one customer, or of all of them and of the project's own sources and destinations."""
        problems: dict[Problem, None] = {}
        for name in [customer] if customer else self.customers():
            read = self._read(name)
            problems |= dict.fromkeys(read.problems)
            if read.pipeline is None or read.root is None:
                continue
            problems |= dict.fromkeys(checks.check(read.pipeline, read.root, self.catalog))
            for key, connection in read.pipeline.connections.items():
                problems |= dict.fromkeys(self._credential_problems(read, key, connection))
            for at, node in read.root.leaves():
                if isinstance(node.value, Secret) and at[0] != "connections" and node.value.missing:
                    what = f"the environment variable {node.value.missing[0]} is not set"
                    problems[Problem(node.place, spell(at), what)] = None
        if customer is None:
            problems |= dict.fromkeys(self._problems_of_definitions())
        return sorted(problems, key=lambda problem: (problem.place, problem.path))

    def explain(self, customer: str) -> list[Origin]:
        """Each value in force with its origin: a file's place, or none for a default. Secrets stay as written."""
        self.pipeline(customer)
        read = self._read(customer)
        assert read.written is not None  # noqa: S101  # pipeline() raised otherwise
        origins = []
        for path, value in _values(read.pipeline, ()):
            node = read.written.find(path)
            if node is None:
                origins.append(Origin(spell(path), _shown(value), None))
            elif is_secret(path) and not (isinstance(node.value, str) and "${" in node.value):
                origins.append(Origin(spell(path), "***", node.place))
            else:
                origins.append(Origin(spell(path), _shown(node.plain()), node.place))
        return origins

    def _pipeline_files(self) -> list[str]:
        return sorted(entry.name for entry in os.scandir(self.layout.pipelines) if entry.is_file())

    def _read(self, customer: str) -> _Read:
        # through the layout, which refuses names that lead out of the folder
        self.layout.spool(customer)
        path = self.layout.pipelines / f"{customer}.yaml"
        if not path.is_file():
            names = self.customers()
            near = closest(customer, names)
            hint = f"did you mean {near}?" if near else f"there are {listed(names)}"
            raise ConfigError(
                f"there is no customer {customer}; {hint}",
                next_step=f"name one of them, or write pipelines/{customer}.yaml",
            )
        assembled = assemble(self.catalog, customer, path, self.environment)
        if assembled.root is None:
            return _Read(None, None, None, assembled.problems)
        root, missing = expand(_named(assembled.root, customer), self.environ)
        pipeline, wrong = validate(Pipeline, root.plain(), root, hidden=is_secret)
        problems = (*assembled.problems, *missing, *wrong)
        if pipeline is not None and pipeline.customer != customer:
            what = f"says {pipeline.customer}, but the file is {customer}.yaml; they must be the same"
            problems = (*problems, Problem(root.place_of(("customer",)), "customer", what))
        return _Read(assembled.root, root, pipeline, problems)

    def _credential_problems(self, read: _Read, name: str, connection: Connection) -> list[Problem]:
        if read.root is None or self.catalog.source_file(connection.source) is None:
            return []
        source = self.catalog.load_source(connection.source).source
        path: KeyPath = ("connections", name)
        return list(checks.check_credentials(connection, source, read.root, path, self.environ)) if source else []

    def _problems_of_definitions(self) -> Iterator[Problem]:
        for path in sorted(self.layout.sources.glob("*/source.yaml")):
            yield from self.catalog.load_source(path.parent.name).problems
        for path in sorted(self.layout.destinations.glob("*.yaml")):
            yield from self.catalog.load_destination(path.stem)[1]
        for name in self._pipeline_files():
            if name.endswith(".yml"):
                yield Problem(Place(f"pipelines/{name}"), "", "is not read: the ending must be .yaml")


def _named(root: Node, customer: str) -> Node:
    """The tree with the customer's name in it, where the files leave it out."""
    if root.child("customer") is not None or not isinstance(root.value, dict):
        return root
    return Node({**root.value, "customer": Entry(Node(customer, root.place), root.place)}, root.place)


def _count(problems: list[Problem] | tuple[Problem, ...]) -> str:
    return "a problem" if len(problems) == 1 else f"{len(problems)} problems"


def _values(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    """The leaves of a model, defaults included, by the keys of YAML."""
    if isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            yield from _values(getattr(value, name), (*path, info.alias or name))
    elif isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _values(item, (*path, key))
    elif value is not None and value not in ({}, []):
        yield path, value


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
