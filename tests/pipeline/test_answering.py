"""What the product asks of every customer, from the question to the column; and a custom object as a source."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import yaml
from click.testing import CliRunner, Result
from tests.conftest import Bench

from backhaul.cli.app import app
from backhaul.errors import ConfigError

CUSTOM = "p48291034_subscription"
ASKED = {
    "accounts": {
        "crm": {
            "tier": {"prompt": "Which field holds the tier?", "type": "text", "values": {"Gold": "gold"}},
            "region": {"prompt": "Which field holds the region?", "required": False, "type": "text", "default": "all"},
        }
    }
}


def call(made: Bench, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["--project", str(made.root), *arguments])


@pytest.fixture
def asked(has_run: Callable[..., Bench]) -> Bench:
    """After a first run the base asks for two fields."""
    made = has_run(crm=("hubspot", {"companies": {}, CUSTOM: {}}))
    base = made.root / "pipelines" / "base.yaml"
    base.write_text(yaml.safe_dump({"mappings": ASKED}, sort_keys=False))
    path = made.root / "pipelines" / "acme.yaml"
    path.write_text(f"extends: base\n{path.read_text()}")
    return made


def test_a_customer_is_asked_answers_and_has_the_column(asked: Bench) -> None:
    told = call(asked, "validate", "acme")
    assert told.exit_code == 2
    assert "mappings.accounts.crm.tier: is not answered: Which field holds the tier?" in told.stdout
    with pytest.raises(ConfigError, match="nobody has said which field it is"):
        asked.acme.plan()

    listed = json.loads(call(asked, "mapping", "questions", "acme", "--json").stdout)
    assert [each["name"] for each in listed["questions"]] == ["accounts.crm.tier", "accounts.crm.region"]
    wrong = call(asked, "mapping", "answer", "acme", "accounts.crm.tier", "tier_c")
    assert wrong.exit_code == 2
    assert "did you mean tier__c (text)?" in wrong.output
    unknown = call(asked, "mapping", "answer", "acme", "accounts.crm.teir", "tier__c")
    assert "is not asked accounts.crm.teir; did you mean accounts.crm.tier?" in unknown.output

    assert call(asked, "mapping", "answer", "acme", "accounts.crm.tier", "tier__c").exit_code == 0
    validated = call(asked, "validate", "acme")
    assert validated.exit_code == 0, validated.output
    assert "acme: accounts.crm.region may be answered: Which field holds the region?" in validated.stdout
    plan = asked.acme.plan()
    assert {"tier", "region"} <= set(next(each for each in plan.effects if each.entity == "accounts").gained)
    asked.acme.apply_plan(plan.hash)
    ((gold, regions),) = asked.acme.query(
        "select count(*) filter (tier = 'gold'), list(distinct region) from accounts"
    ).rows
    assert gold > 0
    assert regions == ["all"]
    assert call(asked, "mapping", "answer", "acme", "accounts.crm.tier", "tier__c").exit_code == 2


def test_connecting_tells_what_is_asked(asked: Bench) -> None:
    told = call(asked, "connect", "acme", "crm")
    assert told.exit_code == 0, told.output
    assert "backhaul mapping answer acme accounts.crm.tier" in " ".join(told.output.split())
    as_json = json.loads(call(asked, "connect", "acme", "crm", "--json").stdout)
    assert as_json["questions"] == ["accounts.crm.tier", "accounts.crm.region"]


def test_a_custom_object_fills_an_entity_and_takes_pushes_through_it(has_run: Callable[..., Bench]) -> None:
    made = has_run(crm=("hubspot", {"companies": {}, CUSTOM: {}}))
    path = made.root / "pipelines" / "acme.yaml"
    document = yaml.safe_load(path.read_text())
    document["mappings"] = {"orders": {f"crm.{CUSTOM}": {"number": "subscription_name", "type": "'subscription'"}}}
    select = "select id, 'renamed' as number from orders where type = 'subscription' order by id limit 1"
    document["push"] = {"names": {"to": "orders", "select": select, "mode": "update"}}
    path.write_text(yaml.safe_dump(document))
    assert call(made, "validate", "acme").exit_code == 0
    for step in ("transform", "publish"):
        assert call(made, step, "acme").exit_code == 0
    told = json.loads(call(made, "query", "acme", "select id, number, type from orders", "--json").stdout)
    assert told["rows"]
    assert all(id.startswith(f"crm:{CUSTOM}:") and type == "subscription" for id, _, type in told["rows"])
    # changed files are read by a new process, as here by each call
    applied = call(made, "push", "apply", "acme", "names", "--json")
    assert applied.exit_code == 0, applied.output
    assert [each.get("subscription_name") for each in made.simulators["crm"].dump(CUSTOM)].count("renamed") == 1
