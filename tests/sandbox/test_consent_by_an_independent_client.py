"""Consent at the simulators, before a client that others wrote: requests-oauthlib; and what they refuse."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from oauthlib.oauth2 import OAuth2Error
from requests_oauthlib import OAuth2Session

from backhaul.sandbox.netsuite.m2m import ASSERTION_TYPE, TOKEN_PATH
from backhaul.sandbox.server import Running

CALLBACK = "http://localhost:8712/callback"
PATHS = {
    "hubspot": ("/oauth/authorize", "/oauth/2026-03/token", "/account-info/v3/details", ["oauth"]),
    "salesforce": ("/services/oauth2/authorize", "/services/oauth2/token", "/services/oauth2/userinfo",
                   ["api", "refresh_token"]),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")


class Person:
    """Someone at a simulator, by the client of others."""

    def __init__(self, simulator: Running) -> None:
        source = simulator.vendor.source
        self.page, self.token_path, self.who, scopes = PATHS[source]
        self.url = simulator.base_url
        self.app = {name: simulator.credentials[name] for name in ("client_id", "client_secret")}
        self.session = OAuth2Session(self.app["client_id"], redirect_uri=CALLBACK, scope=scopes, pkce="S256")

    def came(self, **change: str) -> str:
        url, _ = self.session.authorization_url(self.url + self.page)
        answer = httpx.get(httpx.URL(url).copy_merge_params(change))
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    def token(self, came: str) -> dict[str, Any]:
        found: dict[str, Any] = self.session.fetch_token(
            self.url + self.token_path, authorization_response=came, include_client_id=True, **self.secret
        )
        return found

    @property
    def secret(self) -> dict[str, str]:
        return {"client_secret": self.app["client_secret"]}

    def renew(self, refresh: str) -> dict[str, Any]:
        found: dict[str, Any] = self.session.refresh_token(
            self.url + self.token_path, refresh_token=refresh, **self.app
        )
        return found


@pytest.fixture(params=["hubspot", "salesforce"])
def person(request: pytest.FixtureRequest, simulator: Callable[..., Running]) -> Person:
    return Person(simulator(request.param))


def test_a_code_becomes_tokens_that_work_and_are_renewed(person: Person) -> None:
    tokens = person.token(person.came())
    assert person.session.get(person.url + person.who).status_code == 200
    renewed = person.renew(tokens["refresh_token"])
    assert renewed["access_token"] != tokens["access_token"]
    assert renewed["refresh_token"] == tokens["refresh_token"], "it stays, and the client keeps it where none is told"
    assert person.renew(tokens["refresh_token"])


@pytest.mark.parametrize("source", list(PATHS))
def test_a_rotated_token_is_taken_once_or_within_the_grace(source: str, simulator: Callable[..., Running]) -> None:
    vendor = simulator(source, variants={"refresh_token": "rotates"})
    person = Person(vendor)
    first = person.token(person.came())["refresh_token"]
    second = person.renew(first)["refresh_token"]
    assert second != first
    with pytest.raises(OAuth2Error, match="invalid_grant"):
        person.renew(first)
    vendor.configure(grace=600)
    third = person.renew(first)["refresh_token"]
    assert third not in (first, second)
    vendor.advance(601)
    with pytest.raises(OAuth2Error, match="invalid_grant"):
        person.renew(first)


def test_a_code_is_good_once_and_a_second_use_ends_what_the_first_gave(person: Person) -> None:
    came = person.came()
    tokens = person.token(came)
    with pytest.raises(OAuth2Error, match="used before"):
        person.token(came)
    with pytest.raises(OAuth2Error):
        person.renew(tokens["refresh_token"])


def test_a_code_needs_its_verifier_its_redirect_and_its_time(person: Person, simulator: Callable[..., Running]) -> None:
    code = httpx.URL(person.came()).params["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **person.app}

    def refused(**change: str) -> str:
        answer = httpx.post(person.url + person.token_path, data={**form, **change})
        assert answer.status_code == 400
        return str(answer.json()["error"])

    assert refused() == refused(code_verifier="x" * 50) == "invalid_grant"
    assert refused(redirect_uri=f"{CALLBACK}/") == "invalid_grant"
    assert refused(client_secret="another") == "invalid_client"
    assert refused(grant_type="password") == "unsupported_grant_type"
    assert httpx.post(person.url + person.token_path, json=form).json()["error"] == "invalid_request"
    assert httpx.get(person.url + person.token_path, params=form).json()["error"] == "invalid_request"


def test_the_page_sends_nobody_to_an_address_that_is_not_the_apps(person: Person) -> None:
    url, _ = person.session.authorization_url(person.url + person.page)
    for change in ({"redirect_uri": f"{CALLBACK}/"}, {"redirect_uri": "https://evil.example"}, {"client_id": "other"}):
        answer = httpx.get(httpx.URL(url).copy_merge_params(change))
        assert (answer.status_code, "location" in answer.headers) == (400, False)
    for change in ({"response_type": "token"}, {"code_challenge_method": "plain"}):
        came = httpx.URL(httpx.get(httpx.URL(url).copy_merge_params(change)).headers["location"])
        assert came.params["error"]
        assert "code" not in came.params


def test_a_person_may_say_no(simulator: Callable[..., Running]) -> None:
    vendor = simulator("hubspot")
    vendor.configure(consent="deny")
    person = Person(vendor)
    assert httpx.URL(person.came()).params["error"] == "access_denied"


def test_hubspot_serves_what_was_granted_and_no_more(simulator: Callable[..., Running]) -> None:
    vendor = simulator("hubspot")
    person = Person(vendor)
    person.token(person.came(scope="oauth crm.objects.companies.read"))
    assert person.session.get(f"{vendor.base_url}/crm/v3/objects/companies").status_code == 200
    refused = person.session.get(f"{vendor.base_url}/crm/v3/objects/deals")
    assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
    vendor.advance(1801)
    ended = person.session.get(f"{vendor.base_url}/crm/v3/objects/companies", withhold_token=False)
    assert (ended.status_code, ended.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")


def test_netsuite_takes_an_assertion_that_is_right_in_every_part(simulator: Callable[..., Running]) -> None:
    vendor = simulator("netsuite")
    url = f"{vendor.base_url}{TOKEN_PATH}"
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": vendor.credentials["client_id"], "scope": ["rest_webservices"], "aud": url, "iat": now, "exp": now + 1800
    }  # fmt: skip

    def asked(
        algorithm: str = "PS256", kid: str | None = None, more: dict[str, str] | None = None, **change: Any
    ) -> tuple[int, dict[str, Any]]:
        headers = {"kid": kid or vendor.credentials["certificate_id"]}
        signed = jwt.encode({**claims, **change}, vendor.credentials["private_key"], algorithm, headers)
        form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": signed, **(more or {})}  # fmt: skip
        answer = httpx.post(url, data=form)
        return answer.status_code, answer.json()

    status, answer = asked()
    assert (status, answer["expires_in"]) == (200, "3600")
    query = httpx.post(
        f"{vendor.base_url}/services/rest/query/v1/suiteql", json={"q": "SELECT 1 AS one FROM DUAL"},
        headers={"Authorization": f"Bearer {answer['access_token']}", "Prefer": "transient"},
    )  # fmt: skip
    assert query.status_code == 200
    assert asked(algorithm="RS256")[1]["error"] == "invalid_client"
    for wrong in ({"aud": f"{url}/"}, {"iss": "other"}, {"exp": now + 3601}, {"exp": now - 600}, {"kid": "other"}):
        assert asked(**wrong)[1]["error"] == "invalid_client"
    assert asked(scope="restlets")[1]["error"] == "invalid_scope"
    assert asked(more={"client_id": "x"})[1]["error"] == "invalid_request"
    assert asked(more={"grant_type": "refresh_token"})[1]["error"] == "unsupported_grant_type"
