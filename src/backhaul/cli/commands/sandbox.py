"""`backhaul sandbox`: local simulators of the vendors."""

from __future__ import annotations

import signal
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from backhaul.cli.base import Command
from backhaul.cli.session import Session

if TYPE_CHECKING:
    from backhaul.sandbox.serve import Served


@click.group()
def sandbox() -> None:
    """Serve local simulators of the vendors."""


@sandbox.command("serve", cls=Command)
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only this one; else all. Repeatable.")
@click.option("--port", type=click.IntRange(0, 65_000), default=0, help="The first one's port; else any free ones.")
@click.option("--scale", type=click.IntRange(1, 100_000), default=1, show_default=True, help="So many times the data.")
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed makes the same records.")
@click.option("--variant", "variants", multiple=True, metavar="SOURCE.NAME=VALUE", help="How an unproven fact behaves.")
@click.make_pass_decorator(Session, ensure=True)
def serve(
    session: Session, sources: tuple[str, ...], port: int, scale: int, seed: int, variants: tuple[str, ...]
) -> None:
    """Serve the simulators until Ctrl-C.

    With --json: one line a source with its base_url, credentials and control_url, once all of them answer.
    """
    from backhaul.sandbox.serve import serve_all

    by_source: dict[str, dict[str, str]] = {}
    for each in variants:
        name, _, value = each.partition("=")
        source, dot, fact = name.partition(".")
        if not dot or not value:
            raise click.BadParameter(f"{each!r} is not SOURCE.NAME=VALUE", param_hint="--variant")
        by_source.setdefault(source, {})[fact] = value
    over = threading.Event()
    before = {number: signal.signal(number, lambda *_: over.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        try:
            served = serve_all(sources, port=port, scale=scale, seed=seed, variants=by_source)
            with served as all_of_them:
                for one in all_of_them:
                    if session.as_json:
                        # the credentials are the simulator's own, and made to be shown
                        import msgspec

                        click.echo(msgspec.json.encode(asdict(one)).decode())
                    else:
                        _show(one)
                if not session.as_json:
                    click.echo("Ctrl-C stops them.", err=True)
                while not over.wait(0.5):
                    pass
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(served: Served) -> None:
    """What a connection needs, by the names that a pipeline gives them; --json has the keys of several lines, too."""
    click.secho(served.source, bold=True)
    shown = {"base_url": served.base_url, **served.settings, **served.credentials, "control_url": served.control_url}
    for name, value in shown.items():
        if isinstance(value, str) and "\n" not in value:
            click.echo(f"  {name:<16}{value}")
