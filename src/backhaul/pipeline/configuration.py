"""The configuration in force: what a snapshot was made with, kept beside it without any secret."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from backhaul.config.layout import Layout
from backhaul.pipeline.context import Context
from backhaul.pipeline.transforming import models_of
from backhaul.publish.versions import configuration_name


def configuration_of(context: Context) -> dict[str, Any]:
    """The pipeline, and every contract, staging file, mart and rule; secrets stand in it as they are written."""
    texts = models_of(context).texts
    return {
        "pipeline": json.loads(context.pipeline.model_dump_json(by_alias=True)),
        "contracts": dict(texts.contracts),
        "staging": {"/".join(name): text for name, text in texts.staging.items()},
        "marts": dict(texts.marts),
        "identity": list(texts.identity),
    }


def fingerprint_of(configuration: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest()[:16]


def keep_configuration(context: Context) -> str:
    """Write it into the folder of the customer's versions; returns its fingerprint, which the snapshot bears."""
    configuration = configuration_of(context)
    fingerprint = fingerprint_of(configuration)
    path = _path(context.layout, context.customer, fingerprint)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.unfinished")
        unfinished.write_text(json.dumps(configuration, sort_keys=True, indent=1), encoding="utf-8")
        unfinished.replace(path)
    return fingerprint


def read_configuration(layout: Layout, customer: str, fingerprint: str) -> dict[str, Any] | None:
    """None where the version is older than the keeping of configurations."""
    try:
        found: dict[str, Any] = json.loads(_path(layout, customer, fingerprint).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def _path(layout: Layout, customer: str, fingerprint: str) -> Path:
    return layout.versions(customer) / configuration_name(fingerprint)
