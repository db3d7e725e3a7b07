"""cli.md: click's own help of every command."""

from __future__ import annotations

from collections.abc import Iterator

import click

from backhaul.cli.app import SECTIONS, app
from docs.generate.markdown import fenced, prose
from docs.generate.markdown import page as whole

_SHAPE = {**app.context_settings, "terminal_width": 100, "max_content_width": 100}


def _commands() -> Iterator[str]:
    top = click.Context(app, info_name="backhaul", **_SHAPE)
    yield fenced("text", app.get_help(top))
    for section, commands in SECTIONS.items():
        yield f"## {section}"
        for name in commands:
            command = app.get_command(top, name)
            yield from _help(command, top)


def page() -> str:
    return whole(
        "The command line",
        "The options of `backhaul` itself may stand behind a command's name, too. Every command takes `--json`, which "
        "prints one document (or one a line) on standard output and nothing else there.",
        f"**Exit codes.** {prose(app.epilog).removeprefix('Exit codes: ')} With several customers in one run the worst "
        "decides: 4, then 2, 1, 75.",
        *_commands(),
    )


def _help(command: click.Command | None, above: click.Context) -> Iterator[str]:
    if command is None:
        return
    context = click.Context(command, info_name=command.name, parent=above, **_SHAPE)
    yield f"### {context.command_path}"
    yield fenced("text", command.get_help(context))
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            yield from _help(inner, context)
