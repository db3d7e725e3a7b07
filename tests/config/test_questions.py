"""What the base asks, the customer answers: in the file, where the answer belongs, and nothing else is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from backhaul.config.project import ProjectConfig
from backhaul.config.questions import answered, open_questions
from backhaul.errors import ConfigError

PATH = ("mappings", "accounts", "crm", "tier")
FILES = [
    "customer: acme\n",
    "customer: acme   # no line end",
    "customer: acme\nmappings:\n  deals: {crm: {amount: x}}   # a comment\npush: {}\n",
    "mappings:\n    accounts:\n        # above the first\n        crm:\n            name: title__c\ncustomer: acme\n",
    "mappings: {accounts: {crm: {name: x}, erp: {}}}\n",
    "mappings: {}\ncustomer: acme\n",
    "mappings:\n  accounts:\n    erp:\n      name: x\n    crm: {type: a}\n",
    "mappings:\n  accounts: {crm:\n    {name: x,\n     other: y}}\n",
    "mappings:\n  accounts:\n    crm:\n      tier: {required: true}\n",
    "mappings:\n  accounts:\n    crm:\n      tier:\n        values: {A: a}\n",
]


@pytest.mark.parametrize("text", FILES)
@pytest.mark.parametrize("field", ["tier__c", "coalesce(a, 'b: }')", "true", "hubspot#1"])
def test_an_answer_is_written_where_it_belongs_and_all_else_stays(text: str, field: str) -> None:
    written = answered(text, PATH, field, "acme.yaml")
    before, after = yaml.safe_load(text), yaml.safe_load(written)
    tier = after["mappings"]["accounts"]["crm"].pop("tier")
    assert (tier if isinstance(tier, str) else tier["from"]) == field
    own = before.get("mappings", {}).get("accounts", {}).get("crm", {}).pop("tier", None)
    assert isinstance(tier, str) or tier == {**own, "from": field}
    for each in (before, after):
        each.setdefault("mappings", {}).setdefault("accounts", {}).setdefault("crm", {})
    assert before == after
    assert [line for line in text.splitlines() if "#" in line] == [
        line for line in written.splitlines() if "#" in line and "hubspot#1" not in line
    ]


@pytest.mark.parametrize(
    "text",
    [
        "mappings: {accounts: {crm: {tier: already}}}\n",
        "mappings: {accounts: {crm: {tier: {from: already}}}}\n",
        "mappings:\n  accounts:\n",
        "mappings: &a\n  x: 1\nother: *a\n",
        "mappings: [a]\n",
        "a: b: c\n",
    ],
)
def test_what_is_answered_already_or_laid_out_otherwise_is_left_to_a_person(text: str) -> None:
    with pytest.raises(ConfigError, match=r"acme\.yaml"):
        answered(text, PATH, "tier__c", "acme.yaml")


KEYS = st.sampled_from(["mappings", "accounts", "crm", "erp", "name"])
TREES = st.recursive(
    st.sampled_from(["x", "y: z", 1, None]), lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=12
)


@given(tree=st.dictionaries(KEYS, TREES, min_size=1), flow=st.sampled_from([True, False, None]))
def test_in_any_file_the_answer_is_read_back_or_refused(tree: dict[str, object], flow: bool | None) -> None:
    text = yaml.safe_dump(tree, default_flow_style=flow)
    try:
        written = answered(text, PATH, "tier__c", "acme.yaml")
    except ConfigError:
        return
    assert yaml.safe_load(written)["mappings"]["accounts"]["crm"]["tier"] == "tier__c"


BASE = """
mappings:
  accounts:
    crm:
      tier: {prompt: "Which field holds the tier?", type: text, values: {Gold: gold}}
      region: {prompt: "Which the region?", required: false, default: none}
    erp: {name: {prompt: "Never asked, there is no erp."}}
"""
ACME = """
extends: base
connections: {crm: {source: hubspot, auth: private_app, credentials: {token: "${TOKEN}"}, objects: {companies: {}}}}
"""


def project(root: Path, acme: str = ACME) -> ProjectConfig:
    (root / "pipelines").mkdir()
    (root / "pipelines" / "base.yaml").write_text(BASE)
    (root / "pipelines" / "acme.yaml").write_text(acme)
    return ProjectConfig.open(root, environ={"TOKEN": "t"})


def test_validate_says_what_is_unanswered_and_the_command_that_answers_it(tmp_path: Path) -> None:
    found = project(tmp_path)
    (problem,) = found.validate("acme")
    assert str(problem).startswith("pipelines/base.yaml:5:7: mappings.accounts.crm.tier: is not answered: Which field")
    assert "`backhaul mapping answer acme accounts.crm.tier <field>`" in str(problem)
    assert [each.name for each in open_questions(found.pipeline("acme"))] == [
        "accounts.crm.tier",
        "accounts.crm.region",
    ]


@pytest.mark.parametrize("answer", ["tier__c", "{from: tier__c}", "{from: tier__c, values: {G: gold}}"])
def test_an_answer_keeps_what_the_base_says_beside_it(tmp_path: Path, answer: str) -> None:
    found = project(tmp_path, f"{ACME}mappings: {{accounts: {{crm: {{tier: {answer}}}}}}}\n")
    assert found.validate("acme") == []
    tier = found.pipeline("acme").mappings["accounts"]["crm"]["tier"]
    assert not isinstance(tier, str)
    assert (tier.source, tier.type, (tier.values or {})["Gold"]) == ("tier__c", "text", "gold")


def test_a_mapping_that_neither_says_nor_asks_is_a_problem_at_its_place(tmp_path: Path) -> None:
    found = project(tmp_path, f"{ACME}mappings: {{accounts: {{crm: {{size: {{type: text}}}}}}}}\n")
    assert any("needs `from`, or a `prompt`" in str(each) and ":4:" in str(each) for each in found.validate("acme"))


@pytest.mark.parametrize(
    ("mappings", "told"),
    [
        ("{accounts: {crm.companis: {}}}", "crm reads no object companis; did you mean companies?"),
        ("{accounts: {crm.sites: {}}}", "crm reads no object sites; add it to connections.crm.objects"),
        ("{accounts: {cmr: {}}}", "there is no connection of this customer called cmr; did you mean crm?"),
    ],
)
def test_an_object_that_is_not_read_is_told_before_anything_runs(tmp_path: Path, mappings: str, told: str) -> None:
    assert any(told in str(each) for each in project(tmp_path, f"{ACME}mappings: {mappings}\n").validate("acme"))


def test_what_an_object_fills_must_be_entities(tmp_path: Path) -> None:
    found = project(tmp_path, ACME.replace("companies: {}", "companies: {fills: [acounts]}"))
    assert any("there is no entity called acounts; did you mean accounts?" in str(e) for e in found.validate("acme"))
