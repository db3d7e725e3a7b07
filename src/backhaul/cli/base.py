"""What every command shares: the options that stand anywhere, and the session made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from backhaul.cli.session import Session

F = TypeVar("F", bound=Callable[..., Any])

LEVELS = ("debug", "info", "warning", "error")


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value is not None and value is not False:
        setattr(ctx.ensure_object(Session), str(param.name), value)


def _options(hidden: bool) -> list[click.Option]:
    return [
        click.Option(
            ["-C", "--project", "root"],
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="The project's folder; else the nearest one above here.",
            callback=_keep, expose_value=False, hidden=hidden,
        ),
        click.Option(
            ["--env", "environment"],
            metavar="NAME",
            help="The environment, whose overlays apply.",
            callback=_keep, expose_value=False, hidden=hidden,
        ),
        click.Option(
            ["--log-level", "log_level"],
            type=click.Choice(LEVELS),
            help="Log lines to show; the project's log file has them anyway.",
            callback=_keep, expose_value=False, hidden=hidden,
        ),
    ]  # fmt: skip


def everywhere(function: F) -> F:
    """The options of the group, which each command takes as well."""
    params = function.__dict__.setdefault("__click_params__", [])
    params.extend(reversed(_options(hidden=False)))
    return function


class Command(click.Command):
    """A command that takes the group's options behind its name, too, and --json."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        as_json = click.Option(
            ["--json", "as_json"], is_flag=True, help="Print JSON, for programs.", callback=_keep, expose_value=False
        )
        self.params += [as_json, *_options(hidden=True)]


class Group(click.Group):
    """Lists its commands in the order in which one uses them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


def command(name: str | None = None) -> Callable[[Callable[..., Any]], Command]:
    """Make a command of a function that takes the session first."""

    def make(function: Callable[..., Any]) -> Command:
        return click.command(name, cls=Command)(click.make_pass_decorator(Session, ensure=True)(function))

    return make


customer_argument = click.argument("customer")
wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="For another run of the customer to end; 30 by default.",
    callback=_keep,
    expose_value=False,
)
