"""A project in a temporary folder, with a small source of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from backhaul.config.project import ProjectConfig

SHOP = """\
source: shop
title: Shop
category: other
docs: https://shop.example/docs
settings:
  region: {title: Region, one_of: [eu, us]}
  store: {title: Store number, pattern: '[0-9]+', default: '1'}
base_url: https://shop.example
auth:
  token: {type: bearer}
  password: {type: basic}
probe: {get: /me, keep: {id: id}}
templates:
  thing:
    key: id
    changed: {type: field, field: updated}
    reads:
      all: {get: "/{object}", records: items}
    writes:
      update: {patch: "/{object}/{key}", result: {type: status}}
objects:
  orders: {use: thing}
  buyers: {use: thing}
"""

ACME = """\
connections:
  crm:
    source: shop
    auth: token
    credentials: {token: "${ACME_TOKEN}"}
    settings: {region: eu}
    objects:
      orders: {}
"""

Write = Callable[..., ProjectConfig]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files below the project's root, paths with `/`, and open it."""

    def _write(
        files: dict[str, str], environment: str | None = None, environ: dict[str, str] | None = None
    ) -> ProjectConfig:
        given = {"sources/shop/source.yaml": SHOP, "transforms/entities/accounts.yaml": "", **files}
        for name, text in given.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return ProjectConfig.open(tmp_path, environment, {"ACME_TOKEN": "s3cret"} if environ is None else environ)

    return _write
