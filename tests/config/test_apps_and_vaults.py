"""Credentials that do not stand in a connection: the app's, and the vault's."""

from __future__ import annotations

import pytest
from tests.config.conftest import ACME, SHOP, Write

from backhaul.errors import ConfigError

WITH_CONSENT = SHOP.replace(
    "  password: {type: basic}\n",
    "  password: {type: basic}\n"
    "  consent: {type: oauth2, grant: authorization_code, token_url: /token, authorize_url: https://shop.example/yes}\n"
    "  machine: {type: oauth2, grant: client_credentials, token_url: /token}\n",
)
BASE = 'apps:\n  shop: {client_id: "${APP_ID}", client_secret: "${APP_SECRET}"}\n'
BY_CONSENT = "extends: base\n" + ACME.replace("auth: token", "auth: consent").replace(
    'credentials: {token: "${ACME_TOKEN}"}', "credentials: vault"
)
APP = {"APP_ID": "id", "APP_SECRET": "secret"}


def files(acme: str, base: str = BASE) -> dict[str, str]:
    return {"sources/shop/source.yaml": WITH_CONSENT, "pipelines/acme.yaml": acme, "pipelines/base.yaml": base}


def test_an_app_of_the_base_serves_every_customer(write: Write) -> None:
    project = write(files(BY_CONSENT), environ=APP)
    assert project.validate() == []
    assert project.credentials("acme", "crm") == {"client_id": "id", "client_secret": "secret"}


def test_a_customer_brings_an_app_of_its_own(write: Write) -> None:
    own = BY_CONSENT + 'apps: {shop: {client_id: own, client_secret: "${OWN_SECRET}"}}\n'
    project = write(files(own), environ={"OWN_SECRET": "s", **APP})
    assert project.validate() == []
    assert project.credentials("acme", "crm") == {"client_id": "own", "client_secret": "s"}


def test_a_connection_by_another_way_needs_no_app(write: Write) -> None:
    project = write(files("extends: base\n" + ACME), environ={"ACME_TOKEN": "t"})
    assert project.credentials("acme", "crm") == {"token": "t"}


def test_what_a_connection_gives_itself_is_not_the_apps(write: Write) -> None:
    machine = ACME.replace("auth: token", "auth: machine").replace("token:", "client_id:")
    project = write(files("extends: base\n" + machine), environ={"ACME_TOKEN": "its-own", **APP})
    assert project.credentials("acme", "crm") == {"client_id": "its-own", "client_secret": "secret"}


def test_a_missing_secret_of_the_app_is_told_with_its_place(write: Write) -> None:
    with pytest.raises(ConfigError) as caught:
        write(files(BY_CONSENT), environ={"APP_ID": "id"}).credentials("acme", "crm")
    assert "pipelines/base.yaml:2:49: apps.shop.client_secret: the environment variable APP_SECRET" in str(caught.value)


@pytest.mark.parametrize(
    ("acme", "base", "problem"),
    [
        (
            BY_CONSENT,
            "{}\n",
            "acme.yaml:5:11: apps.shop.client_id: is missing; auth consent of shop needs client_id, client_s",
        ),
        (BY_CONSENT.replace("credentials: vault", "credentials: {}"), BASE, "consented to by a person: write `cred"),
        (BY_CONSENT, BASE.replace("${APP_SECRET}", "in-the-file"), "apps.shop.client_secret: a secret stands in the f"),
        (BY_CONSENT, BASE.replace("shop:", "shopp:"), "there is no source called shopp; did you mean shop?"),
        (BY_CONSENT.replace("vault", "valut"), BASE, "connections.crm.credentials: expected vault or a map"),
    ],
)
def test_what_is_wrong_is_told(write: Write, acme: str, base: str, problem: str) -> None:
    problems = [str(each) for each in write(files(acme, base), environ=APP).validate()]
    assert any(problem in each for each in problems), problems


def test_a_secret_in_the_place_of_the_map_is_not_shown(write: Write) -> None:
    acme = ACME.replace('{token: "${ACME_TOKEN}"}', "canary-secret")
    assert all("canary" not in str(each) for each in write(files(acme), environ=APP).validate())


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ("{type: oauth2, grant: authorization_code, token_url: /t}", "needs `authorize_url`"),
        ("{type: oauth2, grant: client_credentials, token_url: /t, pkce: true}", "pkce are for grant authorization"),
        (
            "{type: oauth2, grant: authorization_code, token_url: /t, authorize_url: /a, grace: 30m}",
            "say `rotates: true`",
        ),
    ],
)
def test_a_way_in_says_nothing_that_would_not_matter(write: Write, definition: str, problem: str) -> None:
    source = SHOP.replace("{type: basic}", definition)
    with pytest.raises(ConfigError, match=problem):
        write({"sources/shop/source.yaml": source, "pipelines/acme.yaml": ACME}).source("shop")
