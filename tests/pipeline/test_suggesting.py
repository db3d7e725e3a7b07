"""Mappings that a customer's own fields suggest, from what was discovered and read; committed, they work."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import yaml
from click.testing import CliRunner
from tests.conftest import Bench

from backhaul.cli.app import app
from backhaul.errors import ConfigError


def test_what_is_proposed_can_be_committed_and_is_proposed_no_more(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("hubspot", {"companies": {}, "deals": {}}))
    with pytest.raises(ConfigError, match="nothing of acme was read yet"):
        made.acme.suggest_mappings()
    made.acme.run()
    asked = len(made.simulators["crm"].received())
    found = made.acme.suggest_mappings()
    assert len(made.simulators["crm"].received()) == asked, "no vendor is asked"
    by_field = {(each.entity, each.field): each for each in found}
    assert by_field["accounts", "arr__c"].column == "annual_revenue"
    assert by_field["accounts", "tier__c"].new

    told = CliRunner().invoke(app, ["--project", str(made.root), "mapping", "suggest", "acme"])
    assert told.exit_code == 0, told.output
    path = made.root / "pipelines" / "acme.yaml"
    document = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**document, **yaml.safe_load(told.stdout)}))
    made.project.config.forget() if hasattr(made.project.config, "forget") else None
    as_json = CliRunner().invoke(app, ["--project", str(made.root), "mapping", "suggest", "acme", "--json"])
    assert json.loads(as_json.stdout)["suggestions"] == []
    ran = CliRunner().invoke(app, ["--project", str(made.root), "transform", "acme", "--json"])
    assert ran.exit_code == 0, ran.output
    rows = CliRunner().invoke(app, ["--project", str(made.root), "publish", "acme", "--json"])
    assert rows.exit_code == 0, rows.output
    asked_of = CliRunner().invoke(
        app,
        [
            "--project",
            str(made.root),
            "query",
            "acme",
            "select count(annual_revenue), count(tier) from accounts",
            "--json",
        ],
    )
    filled = json.loads(asked_of.stdout)["rows"][0]
    assert all(filled)
