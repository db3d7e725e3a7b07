from __future__ import annotations

import pytest
from tests.config.conftest import ACME, SHOP, Write


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "source: shop",
            "source: shopp",
            "3:13: connections.crm.source: there is no source called shopp; did you mean shop",
        ),
        ("auth: token", "auth: tokn", "4:11: connections.crm.auth: there is no auth of shop called tokn; did you mean"),
        ("    auth: token\n", "", "connections.crm.auth: is missing; shop has several ways in: password, token"),
        ("{region: eu}", "{}", "6:15: connections.crm.settings.region: is missing; shop needs it: Region"),
        ("{region: eu}", "{region: mars}", "6:24: connections.crm.settings.region: expected one of eu, us, found mars"),
        ("{region: eu}", "{regoin: eu, region: eu}", "6:16: connections.crm.settings.regoin: there is no setting"),
        (
            "{region: eu}",
            "{region: eu, store: a1}",
            "6:35: connections.crm.settings.store: a1 is not what Store number",
        ),
        ("orders: {}", "ordrs: {}", "8:7: connections.crm.objects.ordrs: there is no object of shop called ordrs; did"),
        (
            "orders: {}",
            "orders: {changed: {resolution: often}}",
            "8:38: connections.crm.objects.orders.changed.resolution: a duration is",
        ),
        ("", "destination: duckdv\n", "1:14: destination: there is no destination called duckdv; did you mean duckdb?"),
        ("", "mappings: {acounts: {crm: {}}}\n", "1:12: mappings.acounts: there is no entity called acounts; did you"),
        (
            "",
            "mappings: {accounts: {cmr: {}}}\n",
            "1:23: mappings.accounts.cmr: there is no connection of this customer called cmr; did you mean crm?",
        ),
        (
            "",
            "push: {p: {to: acounts, select: s}}\n",
            "1:16: push.p.to: there is no entity called acounts; did you mean",
        ),
        ("", "push: {p: {to: cmr.orders, select: s}}\n", "1:16: push.p.to: there is no connection of this customer"),
        ("", "push: {p: {to: crm.ordres, select: s}}\n", "1:16: push.p.to: there is no object of shop called ordres"),
        (
            "",
            "push: {p: {to: crm.orders, select: s, mode: create}}\n",
            "1:45: push.p.mode: shop cannot create orders; it can update",
        ),
        (
            "{token:",
            "{tokn: '${ACME_TOKEN}', token:",
            "5:19: connections.crm.credentials.tokn: auth token of shop asks for no such credential; did you",
        ),
        (
            '{token: "${ACME_TOKEN}"}',
            "{}",
            "5:18: connections.crm.credentials.token: is missing; auth token of shop needs token",
        ),
        (
            "ACME_TOKEN",
            "ACME_TOKN",
            "5:26: connections.crm.credentials.token: the environment variable ACME_TOKN is not set; "
            "did you mean ACME_TOKEN?",
        ),
    ],
)
def test_names_that_lead_nowhere_are_told(write: Write, old: str, new: str, problem: str) -> None:
    text = ACME.replace(old, new, 1) if old else new + ACME
    problems = [str(found) for found in write({"pipelines/acme.yaml": text}).validate("acme")]
    assert any(problem in found for found in problems), "\n".join(problems)


def test_a_secret_in_the_file_is_refused_and_not_repeated(write: Write) -> None:
    text = ACME.replace("${ACME_TOKEN}", "canary-4711")
    (problem,) = write({"pipelines/acme.yaml": text}).validate("acme")
    assert "a secret stands in the file" in str(problem)
    assert "canary" not in str(problem)


def test_a_customer_without_mistakes_has_no_problems(write: Write) -> None:
    text = ACME + "mappings: {accounts: {crm: {name: title}}}\npush: {p: {to: crm.orders, select: select 1}}\n"
    assert write({"pipelines/acme.yaml": text}).validate() == []


def test_an_object_of_its_own_is_left_to_discovery_where_the_source_takes_any(write: Write) -> None:
    files = {
        "sources/shop/source.yaml": SHOP + '  "*": {use: thing}\n',
        "pipelines/acme.yaml": ACME.replace("orders: {}", "p123_subscription: {}"),
    }
    assert write(files).validate() == []


def test_a_broken_source_is_told_to_each_customer_that_uses_it(write: Write) -> None:
    files = {
        "sources/shop/source.yaml": SHOP.replace("category: other", "category: othr"),
        "pipelines/acme.yaml": ACME,
        "pipelines/globex.yaml": ACME,
    }
    project = write(files)
    assert [problem.place.file for problem in project.validate("globex")] == ["sources/shop/source.yaml"]
    assert len(project.validate()) == 1
