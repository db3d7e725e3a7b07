"""One customer's files, read as far as they can be: the model, what is wrong, and where each value comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from backhaul.config import checks
from backhaul.config.catalog import Catalog
from backhaul.config.definitions import load_source
from backhaul.config.durations import spell_duration
from backhaul.config.environment import expand, is_hidden, is_secret, missing_variables
from backhaul.config.inheritance import assemble
from backhaul.config.nodes import Entry, Node
from backhaul.config.pipeline import Pipeline
from backhaul.config.problems import KeyPath, Place, Problem, spell
from backhaul.config.questions import open_questions
from backhaul.config.validation import validate


@dataclass(frozen=True, slots=True)
class Origin:
    """A value in force and where it comes from; `place` is None where it is a default."""

    path: str
    value: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A customer's tree before and after its references are replaced, and its model. None: not even that far."""

    written: Node | None
    root: Node | None
    pipeline: Pipeline | None
    problems: tuple[Problem, ...]


def read_customer(
    catalog: Catalog, customer: str, path: Path, environment: str | None, environ: Mapping[str, str]
) -> Reading:
    """Read the customer's file and those that it extends; no other's. Names are not looked up yet."""
    assembled = assemble(catalog, customer, path, environment)
    if assembled.root is None:
        return Reading(None, None, None, assembled.problems)
    root, missing = expand(_named(assembled.root, customer), environ)
    pipeline, wrong = validate(Pipeline, root.plain(), root, hidden=is_hidden)
    problems = (*assembled.problems, *missing, *wrong)
    if pipeline is not None and pipeline.customer != customer:
        what = f"says {pipeline.customer}, but the file is {path.name}; they must be the same"
        problems = (*problems, Problem(root.place_of(("customer",)), "customer", what))
    return Reading(assembled.root, root, pipeline, problems)


def problems_of(reading: Reading, catalog: Catalog) -> list[Problem]:
    """What is wrong with the customer's configuration, whatever secrets are at hand."""
    if reading.pipeline is None or reading.root is None:
        return list(reading.problems)
    return [*reading.problems, *checks.check(reading.pipeline, reading.root, catalog)]


def problems_of_secrets(
    reading: Reading, catalog: Catalog, environ: Mapping[str, str], connection: str | None = None
) -> list[Problem]:
    """What is wrong with the credentials of one connection, or with every secret."""
    if reading.pipeline is None or reading.root is None:
        return []
    at: KeyPath = ("connections", connection) if connection else ()
    within = reading.root.find(at)
    problems = [*missing_variables(within, environ, at)] if within else []
    for name, each in reading.pipeline.connections.items():
        if connection in (None, name) and catalog.source_file(each.source) is not None:
            app = reading.pipeline.apps.get(each.source)
            source = load_source(catalog, each.source).source
            if source is not None:
                for of_app in checks.of_the_app(each, app, source) if connection else ():
                    path: KeyPath = ("apps", each.source, of_app)
                    node = reading.root.find(path)
                    problems += missing_variables(node, environ, path) if node is not None else ()
                problems += checks.check_credentials(each, app, source, reading.root, ("connections", name))
    return [*problems, *checks.check_apps(reading.pipeline, reading.root)]


def problems_of_questions(reading: Reading) -> list[Problem]:
    """Required answers that the customer has not given. Only a transform needs them, what comes before does not."""
    if reading.pipeline is None or reading.root is None:
        return []
    command = f"backhaul mapping answer {reading.pipeline.customer}"
    return [
        Problem(
            reading.root.place_of_key(each.path),
            spell(each.path),
            f"is not answered: {each.prompt} Answer with `{command} {each.name} <field>`",
        )
        for each in open_questions(reading.pipeline)
        if each.required
    ]


def placed(reading: Reading, told: Sequence[str]) -> list[Problem]:
    """Problems of mappings, which begin with their path, at the lines where these are written; others of the file."""
    if reading.pipeline is None or reading.root is None:
        return []
    paths: list[KeyPath] = []
    for entity, places in reading.pipeline.mappings.items():
        paths.append(("mappings", entity))
        for place, columns in places.items():
            paths.append(("mappings", entity, place))
            paths += [("mappings", entity, place, name) for name in columns]
    found = []
    for text in told:
        path, _, what = text.partition(": ")
        at = next((each for each in paths if spell(each) == path), None)
        if at is None:
            found.append(Problem(Place(reading.root.place.file), "", text))
        else:
            found.append(Problem(reading.root.place_of_key(at), path, what))
    return found


def origins(reading: Reading) -> list[Origin]:
    """Each value in force with its origin. References stay as they are written, and so do secrets."""
    found = []
    for path, value in _values(reading.pipeline, ()):
        node = reading.written.find(path) if reading.written else None
        if node is None:
            found.append(Origin(spell(path), _shown(value), None))
        elif is_secret(path) and not (isinstance(node.value, str) and "${" in node.value):
            found.append(Origin(spell(path), "***", node.place))
        else:
            found.append(Origin(spell(path), _shown(node.plain()), node.place))
    return found


def _named(root: Node, customer: str) -> Node:
    """The tree with the customer's name in it, where the files leave it out."""
    if root.child("customer") is not None or not isinstance(root.value, dict):
        return root
    return Node({**root.value, "customer": Entry(Node(customer, root.place), root.place)}, root.place)


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
    if isinstance(value, timedelta):
        return spell_duration(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
