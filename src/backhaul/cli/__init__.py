"""The command line: parse, call a project, show."""

from __future__ import annotations


def main() -> None:
    """The entry point of `backhaul`."""
    from backhaul.cli.app import app

    app()
