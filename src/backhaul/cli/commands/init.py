"""`backhaul init`: a new project."""

from __future__ import annotations

from pathlib import Path

import click

from backhaul.cli.base import command
from backhaul.cli.session import Session
from backhaul.errors import ConfigError


@command()
@click.argument("directory", type=click.Path(path_type=Path), default=".")
def init(session: Session, directory: Path) -> None:
    """Make a project: pipelines, sources, transforms.

    Files that are there stay as they are.
    """
    from backhaul.cli.scaffold import write

    try:
        written, kept = write(directory)
    except OSError as error:
        raise ConfigError(
            f"{directory} cannot become a project: {error.strerror}: {error.filename}",
            next_step="name a folder that can be written",
        ) from error
    output = session.output
    if session.as_json:
        output.json({"root": str(directory.resolve()), "written": written, "kept": kept})
        return
    output.heading(f"A project in {directory.resolve()}")
    for name in written:
        output.line(f"  {name}")
    if kept:
        output.line(f"  as it was: {', '.join(kept)}", style="dim")
    steps = [
        *([] if directory == Path() else [(f"cd {directory}", "")]),
        ("cp .env.example .env", "and put the token in"),
        ("backhaul validate", "every file checked, at once"),
        ("backhaul discover example", "what the account has, against what is asked for"),
        ("backhaul run example", "read, normalise, publish"),
        ("backhaul query example 'select name, domain from accounts limit 5'", ""),
    ]
    output.line()
    output.line("Next:")
    for step, why in steps:
        output.line(f"  {step:<28}{why}".rstrip())
    output.line()
    output.line("No account at hand? A simulator tells its address and token, for .env:")
    output.line("  backhaul sandbox serve --source hubspot")
