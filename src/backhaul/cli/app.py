"""The group of all commands. Each command's module is imported only when it is called, so that --help is quick."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from backhaul.cli.base import everywhere
from backhaul.cli.failures import exit_code_of, show_failure

SECTIONS: dict[str, dict[str, str]] = {
    "Start": {
        "demo": "Run the whole job against local simulators of three vendors.",
        "init": "Make a project: pipelines, sources, transforms.",
        "connect": "Give a connection its credentials, or prove those that it has.",
        "validate": "Check every file, and show where values come from.",
        "schema": "Print the JSON Schema of a kind of file, for editors.",
    },
    "Pull": {
        "run": "Sync, transform and publish: one customer, several, or what is due.",
        "discover": "Show what a connection's account has, and what has drifted.",
        "sync": "Read what changed and load it into raw tables.",
        "refetch": "Read named records again, by their keys.",
        "plan": "Show what the configuration would change, before anything is done.",
        "transform": "Bring the entities up to date with the raw tables.",
        "publish": "Publish a snapshot of entities and raw tables.",
        "mapping": "Propose what a customer's own fields may fill, and answer what is asked about them.",
    },
    "Use": {
        "shell": "Open a prompt for SQL on a customer's snapshot; read-only.",
        "query": "Run one select on a customer's snapshot.",
        "notebook": "Open a notebook on what is published, with charts.",
        "trace": "Show where a row, or one of its columns, comes from.",
        "push": "Write back: plan, apply, retry, undo, pause.",
        "agent": "Serve agents by MCP: search, read, query, propose.",
        "tokens": "Make, list and revoke tokens for agents over HTTP.",
        "proposals": "Decide what agents propose: list, show, approve, reject.",
    },
    "Look": {
        "status": "Show each connection: its state, freshness, budget, next run.",
        "connections": "Show each connection's access: scopes, tokens, probe, quota.",
        "runs": "List what ran, and how it ended.",
        "logs": "Show the log, of everything or of one run.",
        "ledger": "List what was written to vendors: who, what, when, over what, and what the vendor said of it.",
        "rejects": "List values that could not be read as their type.",
        "usage": "Show requests, bytes and waits, by day and connection.",
        "forget": "Erase one record everywhere, ledger and snapshots included, and keep it away.",
    },
    "Keep": {
        "vault": "Keep credentials: make a master key, rotate it.",
    },
    "Try": {
        "sandbox": "Serve local simulators of the vendors.",
        "source": "Draft a source's definition, and check it point by point.",
    },
}
SUMMARIES = {name: text for section in SECTIONS.values() for name, text in section.items()}


class App(click.Group):
    """Knows its commands by name; turns whatever is raised into an exit code and a text without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUMMARIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SUMMARIES:
            return None
        command: click.Command = getattr(import_module(f"backhaul.cli.commands.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in SUMMARIES and not args[0].startswith("-"):
            from backhaul.config.problems import closest

            near = closest(args[0], SUMMARIES)
            hint = f"Did you mean {near}?" if near else "See `backhaul --help`."
            raise click.UsageError(f"There is no command {args[0]}. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl(list(commands.items()))

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> NoReturn:
        given = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(given, prog_name or "backhaul", complete_var, standalone_mode=False, **extra)
            sys.stdout.flush()
        except BaseException as failure:  # noqa: BLE001  the outermost door: a traceback is never what a user gets
            show_failure(failure, given)
            code = exit_code_of(failure)
        sys.exit(code if isinstance(code, int) else 0)


@click.group(
    cls=App,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
    epilog="Exit codes: 0 done; 1 finished with failures, which are listed; 2 usage or configuration; "
    "4 a connection needs new credentials; 75 another run is writing the customer; 130 stopped.",
)
@everywhere
@click.version_option(None, "--version", package_name="backhaul", prog_name="backhaul", message="%(prog)s %(version)s")
def app() -> None:
    """Pull every customer's systems of record in, give them one shape, haul results back."""
