"""`backhaul schema`: JSON Schemas, so that editors complete and explain the YAML files."""

from __future__ import annotations

import json

import click

from backhaul.cli.base import command
from backhaul.cli.session import Session


@command()
@click.argument("kind", type=click.Choice(["source", "pipeline", "destination"]))
def schema(session: Session, kind: str) -> None:
    """Print the JSON Schema of a kind of file, for editors."""
    from backhaul.config import json_schema

    # `kind` is one of the three: click has checked it
    click.echo(json.dumps(json_schema.schema(kind), indent=2))  # type: ignore[arg-type]
