"""`backhaul notebook`: marimo's notebooks on what is published."""

from __future__ import annotations

import ast
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backhaul.cli.base import command
from backhaul.cli.output import Column
from backhaul.cli.session import Session
from backhaul.errors import ConfigError

if TYPE_CHECKING:
    from backhaul.project import Project

_INSTALL = "pip install 'backhaul[notebook]'"


@command()
@click.argument("name", required=False)
@click.argument("customer", required=False)
@click.option("--edit", is_flag=True, help="Copy it into the project's notebooks/, where it is yours, and edit it.")
@click.option("--port", type=click.IntRange(1, 65535), help="Where to serve it; a free one by default.")
@click.option("--no-browser", is_flag=True, help="Serve it, and open no browser.")
def notebook(
    session: Session, name: str | None, customer: str | None, edit: bool, port: int | None, no_browser: bool
) -> None:
    """Open a notebook on what is published, with charts.

    Without a name, list them. They read snapshots alone and change nothing. A file of the project's notebooks/ of the
    same name goes before the one that comes with backhaul. Ctrl-C ends it.
    """
    with session.project() as project:
        if name is None:
            _list(session, project)
            return
        path = _find(project, name)
        if customer is not None:
            project.customer(customer)
        if find_spec("marimo") is None or find_spec("altair") is None:
            raise ConfigError("notebooks need packages that are not installed", next_step=_INSTALL)
        if edit:
            path = _made_own(project, path)
        root = project.config.root
    command = [sys.executable, "-m", "marimo", "edit" if edit else "run", str(path), "--no-sandbox"]
    command += ["--skip-update-check"] if edit else []
    command += ["--headless"] if no_browser else []
    command += ["--port", str(port)] if port is not None else []
    command += ["--", "--project", str(root), *(["--customer", customer] if customer else [])]
    if session.environment is not None:
        os.environ["BACKHAUL_ENVIRONMENT"] = session.environment
    os.execv(command[0], command)  # noqa: S606  no shell: the words are ours, and paths of the project


def _find(project: Project, name: str) -> Path:
    from backhaul.config.problems import closest, listed

    known = project.config.catalog.notebooks()
    if name not in known:
        near = closest(name, known)
        hint = f"did you mean {near}?" if near else f"there are {listed(known)}"
        raise ConfigError(f"there is no notebook {name}; {hint}", next_step="`backhaul notebook` lists them")
    return known[name]


def _made_own(project: Project, path: Path) -> Path:
    """The project's own copy, which is made where there is none yet."""
    own = project.config.layout.notebooks / path.name
    if path != own:
        own.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, own)
        click.echo(f"{project.config.catalog.shown(own)} is yours to change now", err=True)
    return own


def _list(session: Session, project: Project) -> None:
    catalog = project.config.catalog
    found = [
        {
            "name": name,
            "title": _title(path),
            "file": catalog.shown(path),
            "own": path.is_relative_to(catalog.layout.root),
        }
        for name, path in catalog.notebooks().items()
    ]
    if session.as_json:
        session.output.json(found)
        return
    columns = [Column("notebook"), Column("shows", wide=True), Column("file", quiet=True)]
    rows = [[each["name"], each["title"], each["file"] if each["own"] else ""] for each in found]
    session.output.table(columns, rows)


def _title(path: Path) -> str:
    """The first line of what the file says of itself."""
    try:
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    except (SyntaxError, ValueError) as error:
        return f"cannot be read: {error}"
    return (text or "").partition("\n")[0]
