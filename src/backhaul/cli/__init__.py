"""The command line: parse, call a project, show."""

from __future__ import annotations


def main() -> None:
    """The entry point of `backhaul`."""
    from backhaul.cli.app import app
    from backhaul.cli.lean import without_pandas

    without_pandas()
    app()
