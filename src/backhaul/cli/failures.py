"""What a user sees when something went wrong: what happened, where, what next; never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from backhaul.errors import BackhaulError, Bug, ConfigError

STOPPED = 130


def exit_code_of(failure: BaseException) -> int:
    match failure:
        case BackhaulError():
            return failure.exit_code
        case click.ClickException():
            return failure.exit_code
        case click.exceptions.Exit():
            return failure.exit_code
        case click.Abort() | KeyboardInterrupt():
            return STOPPED
        case SystemExit():
            return failure.code if isinstance(failure.code, int) else int(failure.code is not None)
    return 1


def show_failure(failure: BaseException, arguments: Sequence[str]) -> None:
    """Say it on the error stream, and as JSON on the output where --json was asked for."""
    from backhaul.telemetry import redact

    match failure:
        case click.exceptions.NoArgsIsHelpError():
            failure.show()
            return
        case click.exceptions.Exit() | SystemExit():
            return
        case click.Abort() | KeyboardInterrupt():
            click.echo("Stopped.", err=True)
            return
        case BrokenPipeError():
            # whoever read our output has gone; Python would complain once more when it flushes at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        case click.ClickException():
            error: BackhaulError = ConfigError(failure.format_message(), next_step="see --help")
            _usage(failure)
        case BackhaulError():
            error = failure
            _log(error, failure)
            click.echo(_styled(redact.registered(str(error))), err=True)
        case _:
            error = Bug(redact.text(f"{type(failure).__name__}: {failure}".splitlines()[0]))
            where = _log(error, failure)
            error.next_step = f"please report it; {where}"
            click.echo(_styled(f"a bug of backhaul: {error}"), err=True)
    if "--json" in arguments:
        import msgspec

        click.echo(redact.registered(msgspec.json.encode({"error": as_json(error)}).decode()))


def as_json(error: BackhaulError) -> dict[str, Any]:
    """An error for programs."""
    found: dict[str, Any] = {
        "type": type(error).__name__,
        "what": error.what,
        "next": error.next_step,
        "exit_code": error.exit_code,
    }
    for place in ("customer", "connection", "object", "record", "run"):
        if (value := getattr(error, place)) is not None:
            found[place] = value
    if isinstance(error, ConfigError) and error.problems:
        found["problems"] = list(error.problems)
    return found


def place_of(error: BackhaulError) -> str:
    """`crm.contacts: `, as far as it is known."""
    place = ".".join(part for part in (error.connection, error.object) if part)
    return f"{place}: " if place else ""


def _styled(text: str) -> str:
    return click.style("Error: ", fg="red", bold=True) + text


def _usage(failure: click.ClickException) -> None:
    context = getattr(failure, "ctx", None)
    if context is not None:
        click.echo(context.get_usage(), err=True)
    click.echo(_styled(failure.format_message()), err=True)


def _log(error: BackhaulError, failure: BaseException) -> str:
    """Write it to the log; gives the words that tell where the traceback is."""
    from backhaul.cli.session import log_folder
    from backhaul.telemetry.log import DEBUG, Logger, wanted

    facts = {name: value for name, value in as_json(error).items() if name not in ("exit_code", "problems")}
    # whence an error came that we expected only matters to who looks for it
    traced = failure if isinstance(error, Bug) or wanted(DEBUG) else None
    Logger("cli").error("failed", error=traced, **facts)
    folder = log_folder()
    if folder is not None:
        return f"the traceback is in {folder}, or shown by --log-level debug"
    return "run it again with --log-level debug to see the traceback"
