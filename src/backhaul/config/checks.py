"""What no single file can tell: whether a pipeline's names are found in sources, entities and destinations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from backhaul.config.agent import EVERY
from backhaul.config.auth import AuthOAuth2, needs
from backhaul.config.catalog import Catalog
from backhaul.config.definitions import load_source
from backhaul.config.nodes import Node
from backhaul.config.objects import ObjectDefinition
from backhaul.config.pipeline import App, Connection, Pipeline
from backhaul.config.problems import KeyPath, Place, Problem, closest, listed, spell
from backhaul.config.source import Setting, Source
from backhaul.config.templates import merge
from backhaul.config.validation import validate


def check(pipeline: Pipeline, root: Node, catalog: Catalog) -> list[Problem]:
    """Problems of names and settings; credentials are checked apart, by `check_credentials`."""
    problems: list[Problem] = []
    if catalog.destination_file(pipeline.destination) is None:
        names = catalog.destination_names()
        problems.append(_no(root, ("destination",), "destination", pipeline.destination, names))
    sources: dict[str, Source] = {}
    for name, connection in pipeline.connections.items():
        path: KeyPath = ("connections", name)
        if catalog.source_file(connection.source) is None:
            problems.append(_no(root, (*path, "source"), "source", connection.source, catalog.source_names()))
            continue
        found = load_source(catalog, connection.source)
        problems += found.problems
        if found.source is not None:
            sources[name] = found.source
            problems += _check_connection(connection, found.source, root, path)
            problems += _check_fills(connection, root, (*path, "objects"), catalog.entities())
    for name in pipeline.apps:
        if catalog.source_file(name) is None:
            problems.append(_no(root, ("apps", name), "source", name, catalog.source_names(), key=True))
    entities = catalog.entities()
    problems += _check_mappings(pipeline, root, entities)
    for entity in pipeline.identity:
        if entity not in entities:
            problems.append(_no(root, ("identity", entity), "entity", entity, entities, key=True))
    problems += _check_pushes(pipeline, root, entities, sources)
    problems += _check_agent(pipeline, root, [*entities, *catalog.transform_files("marts")])
    return problems


def of_the_app(connection: Connection, app: App | None, source: Source) -> tuple[str, ...]:
    """The credentials that the connection has of the app: what its way in needs and it does not give itself."""
    way = source.way_in(connection.auth)
    if app is None or way is None:
        return ()
    own = () if connection.credentials == "vault" else connection.credentials
    return tuple(name for name in needs(source.auth[way]) if name not in own and getattr(app, name, None) is not None)


def check_credentials(
    connection: Connection, app: App | None, source: Source, root: Node, path: KeyPath
) -> Iterator[Problem]:
    """Credentials that are missing, unknown, or written into the file itself. What the app gives is not asked for."""
    way = source.way_in(connection.auth)
    auth = source.auth[way] if way else None
    wanted = needs(auth) if auth else ()
    within = (*path, "credentials")
    if isinstance(auth, AuthOAuth2) and auth.grant == "authorization_code":
        yield from _check_app(connection, app, f"auth {way} of {source.source}", wanted, root, path)
        return
    if connection.credentials == "vault":
        return
    given = of_the_app(connection, app, source)
    for name in wanted:
        if name not in connection.credentials and name not in given:
            what = f"is missing; auth {way} of {source.source} needs {listed(wanted)}"
            yield Problem(root.place_of(within), spell((*within, name)), what)
    for name, secret in connection.credentials.items():
        at = (*within, name)
        if auth and name not in wanted:
            near = closest(name, wanted)
            what = f"auth {way} of {source.source} asks for no such credential"
            what += "" if near else f"; it needs {listed(wanted)}"
            yield Problem(root.place_of_key(at), spell(at), what, near)
        elif secret.written is None:
            yield Problem(root.place_of(at), spell(at), _IN_THE_FILE)


def check_apps(pipeline: Pipeline, root: Node) -> Iterator[Problem]:
    """Secrets of apps that are written into the file itself; an app's id is none."""
    for source, app in pipeline.apps.items():
        for name in ("client_secret", "private_key"):
            secret = getattr(app, name)
            if secret is not None and secret.written is None:
                at = ("apps", source, name)
                yield Problem(root.place_of(at), spell(at), _IN_THE_FILE)


_IN_THE_FILE = "a secret stands in the file; put it into the environment and write `${NAME}` here"


def _check_app(
    connection: Connection, app: App | None, way: str, wanted: tuple[str, ...], root: Node, path: KeyPath
) -> Iterator[Problem]:
    """Where a person consents, the app is ours, and what the vendor gives must be kept."""
    if connection.credentials != "vault":
        what = f"{way} is consented to by a person: write `credentials: vault`, then run `backhaul connect`"
        yield Problem(root.place_of((*path, "credentials")), spell((*path, "credentials")), what)
    for name in wanted:
        if app is None or getattr(app, name, None) is None:
            at = ("apps", connection.source, name)
            what = f"is missing; {way} needs {listed(wanted)} of the app that is registered there"
            yield Problem(root.place_of((*path, "auth")), spell(at), what)


def _check_connection(connection: Connection, source: Source, root: Node, path: KeyPath) -> Iterator[Problem]:
    if connection.auth is not None and connection.auth not in source.auth:
        yield _no(root, (*path, "auth"), f"auth of {source.source}", connection.auth, source.auth)
    elif connection.auth is None and len(source.auth) > 1:
        what = f"is missing; {source.source} has several ways in: {listed(source.auth)}"
        yield Problem(root.place_of(path), spell((*path, "auth")), what)
    yield from _check_settings(connection, source, root, (*path, "settings"))
    if isinstance(connection.objects, dict):
        for name, choice in connection.objects.items():
            at = (*path, "objects", name)
            definition = source.definition(name)
            if definition is None:
                yield _no(root, at, f"object of {source.source}", name, source.objects, key=True)
            elif choice.changed is not None:
                yield from _check_changed(choice.changed, definition, root, at)


def _check_fills(connection: Connection, root: Node, path: KeyPath, entities: list[str]) -> Iterator[Problem]:
    for name, choice in connection.objects.items() if connection.objects != "all" else ():
        for index, entity in enumerate(choice.fills or ()):
            if entity not in entities:
                yield _no(root, (*path, name, "fills", index), "entity", entity, entities)


def _check_settings(connection: Connection, source: Source, root: Node, path: KeyPath) -> Iterator[Problem]:
    for name, setting in source.settings.items():
        if setting.default is None and connection.settings.get(name) is None:
            what = f"is missing; {source.source} needs it: {setting.title}"
            yield Problem(root.place_of(path), spell((*path, name)), what)
    for name, value in connection.settings.items():
        at = (*path, name)
        if name not in source.settings:
            yield _no(root, at, f"setting of {source.source}", name, source.settings, key=True)
        elif (wrong := _wrong_setting(value, source.settings[name])) is not None:
            yield Problem(root.place_of(at), spell(at), wrong)


def _wrong_setting(value: Any, setting: Setting) -> str | None:
    if setting.one_of and value not in setting.one_of:
        return f"expected one of {', '.join(str(each) for each in setting.one_of)}, found {value}"
    if setting.pattern and re.fullmatch(setting.pattern, str(value)) is None:
        return f"{value} is not what {setting.title} looks like ({setting.pattern})"
    return None


def _check_changed(
    override: dict[str, Any], definition: ObjectDefinition, root: Node, path: KeyPath
) -> Iterator[Problem]:
    choice = root.find(path) or root
    changed = merge(definition.changed.model_dump(mode="json", by_alias=True, exclude_none=True), override)
    _, problems = validate(ObjectDefinition, {"changed": changed}, choice)
    for problem in problems:
        yield Problem(problem.place, f"{spell(path)}.{problem.path}", problem.what, problem.suggestion)


def _check_mappings(pipeline: Pipeline, root: Node, entities: list[str]) -> Iterator[Problem]:
    for entity, by_connection in pipeline.mappings.items():
        if entity not in entities:
            yield _no(root, ("mappings", entity), "entity", entity, entities, key=True)
        for place in by_connection:
            at = ("mappings", entity, place)
            name, _, object = place.partition(".")
            connection = pipeline.connections.get(name)
            if connection is None:
                # what the product asks of every customer holds for those that have such a connection
                if _is_own(root.place_of_key(at), pipeline):
                    yield _no(root, at, "connection of this customer", name, pipeline.connections, key=True)
            elif object and connection.objects != "all" and object not in connection.objects:
                near = closest(object, connection.objects)
                what = f"{name} reads no object {object}"
                what += "" if near else f"; add it to connections.{name}.objects, or name one of those read there"
                yield Problem(root.place_of_key(at), spell(at), what, near)


def _is_own(place: Place, pipeline: Pipeline) -> bool:
    """It stands in the customer's own file or overlay, not in one that it extends."""
    return PurePath(place.file).name.partition(".")[0] == pipeline.customer


def _check_pushes(
    pipeline: Pipeline, root: Node, entities: list[str], sources: Mapping[str, Source]
) -> Iterator[Problem]:
    for name, push in pipeline.push.items():
        at = ("push", name, "to")
        first, dot, object = push.to.partition(".")
        if not dot:
            if first not in entities:
                connections = [f"{connection}.<object>" for connection in pipeline.connections]
                yield _no(root, at, "entity", push.to, [*entities, *connections])
        elif first not in pipeline.connections:
            yield _no(root, at, "connection of this customer", first, pipeline.connections)
        elif first in sources:
            source = sources[first]
            definition = source.definition(object)
            if definition is None:
                yield _no(root, at, f"object of {source.source}", object, source.objects)
            elif lacking := push.lacks(definition):
                able = [mode for mode in type(definition.writes).model_fields if getattr(definition.writes, mode)]
                takes = "" if list(lacking) == [push.mode] else f", which the mode {push.mode} takes"
                what = (
                    f"{source.source} cannot {' and '.join(lacking)} {object}{takes};"
                    f" it can {' and '.join(able) or 'write nothing there'}"
                )
                yield Problem(root.place_of(("push", name, "mode")), spell(("push", name, "mode")), what)


def _check_agent(pipeline: Pipeline, root: Node, tables: list[str]) -> Iterator[Problem]:
    """A misspelt entity would leave open what was meant to be hidden."""
    if pipeline.agent is None:
        return
    at: KeyPath = ("agent",)
    for path, rules in ((at, pipeline.agent), *(((*at, "roles", n), r) for n, r in pipeline.agent.roles.items())):
        for kind in ("hide", "mask", "rows", "propose"):
            allowed = [*tables, EVERY] if kind in ("hide", "mask") else tables
            for name in getattr(rules, kind):
                if name not in allowed:
                    yield _no(root, (*path, kind, name), "entity", name, tables, key=True)


def _no(root: Node, path: KeyPath, kind: str, wrong: str, allowed: Any, *, key: bool = False) -> Problem:
    """`there is no <kind> <wrong>`, with the nearest name or all of them."""
    names = [str(name) for name in allowed]
    near = closest(wrong, names)
    what = f"there is no {kind} called {wrong}" + ("" if near else f"; there are {listed(names)}")
    return Problem(root.place_of_key(path) if key else root.place_of(path), spell(path), what, near)
