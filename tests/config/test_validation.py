from __future__ import annotations

import pytest
from tests.config.conftest import ACME, SHOP, Write
from tests.little import definition

from backhaul.config.source import Source

HEAD = "connections:\n  crm:\n    source: shop\n    auth: token\n    credentials: {token: '${ACME_TOKEN}'}\n"


def _problems(write: Write, text: str) -> list[str]:
    return [str(problem) for problem in write({"pipelines/acme.yaml": text}).validate("acme")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("conections: {}\n", "1:1: conections: unknown key; did you mean connections?"),
        ("zzz: {}\n", "1:1: zzz: unknown key; there are agent, apps, connections, customer, destination, extends"),
        (HEAD + "    budget: 60\n", "6:13: connections.crm.budget: expected text, found 60; put it in quotes"),
        (HEAD + "    budget: sixty\n", "6:13: connections.crm.budget: does not look as it should"),
        (HEAD + "    settings: [a]\n", "6:15: connections.crm.settings: expected a map, found a list"),
        (HEAD + "    objects: [orders]\n", "6:14: connections.crm.objects: expected all or a map, found a list"),
        (HEAD + "    objects: al\n", "6:14: connections.crm.objects: expected all or a map, found 'al'"),
        (
            HEAD + "    objects:\n      orders:\n        feilds: [a]\n",
            "8:9: connections.crm.objects.orders.feilds: unknown key; did you mean fields?",
        ),
        (
            HEAD + "    objects:\n      orders:\n        fields:\n          - a\n          - {b: 1}\n",
            "10:13: connections.crm.objects.orders.fields[1]: expected text, found a map",
        ),
        (
            HEAD + "    objects: {orders: {private: {phone: dropp}}}\n",
            "6:41: connections.crm.objects.orders.private.phone: expected one of drop, hash, mask, found 'dropp'; "
            "did you mean drop?",
        ),
        (
            HEAD + "    objects: {orders: {since: never}}\n",
            "6:31: connections.crm.objects.orders.since: expected a date such as 2024-01-31 or a time such as",
        ),
        (HEAD + "    objects: {orders: 3}\n", "6:23: connections.crm.objects.orders: expected a map, found 3"),
        (
            HEAD + "    schedule: evry 15m\n",
            "6:15: connections.crm.schedule: a schedule is `every 15m`, `hourly`, `daily at 03:00`",
        ),
        ("connections:\n  crm: {}\n", "2:8: connections.crm.source: is missing"),
        ("connections:\n  a__b: {source: shop}\n", "2:3: connections.a__b: a name is letters and digits"),
        (
            HEAD + "mappings: {accounts: {crm: {a: 5}}}\n",
            "6:32: mappings.accounts.crm.a: expected text or a map, found 5",
        ),
        (
            HEAD + "mappings: {accounts: {crm: {a: {form: x}}}}\n",
            "6:33: mappings.accounts.crm.a.form: unknown key; did you mean from?",
        ),
        (
            HEAD + "push: {p: {to: accounts, select: select 1, max_rows: many}}\n",
            "6:54: push.p.max_rows: expected a whole number, found 'many'",
        ),
        (
            HEAD + "push: {p: {to: accounts, select: select 1, max_rows: 0}}\n",
            "6:54: push.p.max_rows: should be greater than 0, found 0",
        ),
        (HEAD + "on_failure: {timeout: soon}\n", "6:23: on_failure.timeout: a duration is a number and ms"),
        (HEAD + "on_failure: {}\n", "6:13: on_failure: on_failure needs either webhook or command"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_its_path_and_a_hint(write: Write, text: str, problem: str) -> None:
    problems = _problems(write, text)
    assert any(found.startswith(f"pipelines/acme.yaml:{problem}") for found in problems), "\n".join(problems)


def test_every_problem_is_told_at_once(write: Write) -> None:
    text = "zzz: 1\n" + HEAD + "    budget: 60\n    objects: {orders: {feilds: []}}\npush: {p: {to: 1}}\n"
    paths = [str(problem).split(": ")[1] for problem in write({"pipelines/acme.yaml": text}).validate("acme")]
    assert set(paths) == {
        "zzz",
        "connections.crm.budget",
        "connections.crm.objects.orders.feilds",
        "push.p.select",
        "push.p.to",
    }


def test_of_a_union_only_the_meant_alternative_is_told(write: Write) -> None:
    problems = _problems(write, HEAD + "mappings: {accounts: {crm: {tier: {from: t__c, values: {Gold: [1]}}}}}\n")
    assert len(problems) == 1
    assert "mappings.accounts.crm.tier.values.Gold: expected text, found a list" in problems[0]


@pytest.mark.parametrize("value", ["['canary']", "{a: canary}", "424242", "true"])
def test_a_credential_of_the_wrong_type_is_not_shown(write: Write, value: str) -> None:
    text = ACME.replace('"${ACME_TOKEN}"', value)
    (problem,) = _problems(write, text)
    assert "connections.crm.credentials.token: expected text" in problem
    assert "canary" not in problem
    assert "4242" not in problem


def _source(write: Write, old: str, new: str) -> list[str]:
    assert old in SHOP
    project = write({"sources/shop/source.yaml": SHOP.replace(old, new), "pipelines/acme.yaml": ACME})
    return [str(problem) for problem in project.validate()]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("category: other", "category: crmm", "3:11: category: expected one of crm, erp"),
        ("{type: bearer}", "{type: beerer}", "10:17: auth.token.type: expected one of "),
        ("{type: bearer}", "{tokn: x}", "10:10: auth.token.type: is missing; it is one of "),
        ("{type: bearer}", "{type: bearer, tokn: x}", "10:25: auth.token.tokn: unknown key; did you mean token?"),
        ("use: thing}\n  buyers", "use: thnig}\n  buyers", "22:17: objects.orders.use: there is no template thnig"),
        ("source: shop", "source: shopp", "1:9: source: says shopp, but the file's place says shop"),
        ("base_url: https://shop.example\n", "", "1:1: base_url: is missing"),
        (
            "records: items",
            "recrds: items",
            "18:31: templates.thing.reads.all.recrds: unknown key; did you mean records",
        ),
        ("type: field, field", "type: feild, field", "16:21: templates.thing.changed.type: expected one of "),
        ("type: field, field", "type: field, feild", "16:28: templates.thing.changed.feild: unknown key; did you mean"),
        ("{object}/{key}", "{objet}/{key}", "20:23: templates.thing.writes.update.patch: unknown placeholder {objet}"),
        (
            "result: {type: status}",
            "result: {type: stat}",
            "20:57: templates.thing.writes.update.result.type: expected one",
        ),
    ],
)
def test_a_problem_of_a_source_stands_where_its_text_stands_even_in_a_template(
    write: Write, old: str, new: str, problem: str
) -> None:
    problems = _source(write, old, new)
    assert any(found.startswith(f"sources/shop/source.yaml:{problem}") for found in problems), "\n".join(problems)


def test_a_mistake_in_a_template_is_told_once_however_many_use_it(write: Write) -> None:
    assert len(_source(write, "records: items", "recrds: items")) == 1


def test_a_template_that_uses_itself_is_told(write: Write) -> None:
    (problem,) = _source(write, "    key: id", "    use: thing\n    key: id")
    assert "uses itself" in problem
    assert problem.startswith("sources/shop/source.yaml:13:1: templates: ")


def test_a_mark_is_of_a_field_that_is_there() -> None:
    thing = {"fields": {"id": "text", "name": "text"}, "marks": {"name": ["required", "unique"], "title": "read_only"}}
    with pytest.raises(ValueError, match="marks names title, which `fields` has not"):
        Source.model_validate(definition("http://127.0.0.1", objects={"things": thing}))


def test_a_limit_is_for_objects_that_are_there() -> None:
    limit = {"type": "rate", "requests": 1, "per": "1s", "objects": ["things", "thongs"]}
    with pytest.raises(ValueError, match="a limit is for thongs, which is not an object"):
        Source.model_validate(definition("http://127.0.0.1", limits=[limit], objects={"things": {}}))
