"""docs/schema: what `backhaul schema` prints, for editors that open the files of this repository."""

from __future__ import annotations

import json

from backhaul.config.json_schema import Kind, schema


def _text(kind: Kind) -> str:
    return json.dumps(schema(kind), indent=2) + "\n"


def source() -> str:
    return _text("source")


def pipeline() -> str:
    return _text("pipeline")


def destination() -> str:
    return _text("destination")
