"""Connecting, and what becomes of a connection whose access ends: nothing is set up again, nothing is read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from tests.conftest import connection_to

from backhaul.errors import BackhaulError, ConfigError, Reauthorise
from backhaul.pipeline.connecting import Connected
from backhaul.project import Customer, Project
from backhaul.sandbox.server import Running
from backhaul.vault.master import new_master_key

OBJECTS: dict[str, dict[str, Any]] = {
    "hubspot": {"companies": {}, "owners": {}},
    "salesforce": {"Account": {}, "User": {}},
    "netsuite": {"customer": {}},
    "slack": {"users": {}, "team": {}},
}
Make = Callable[..., Project]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes a project of one customer: `project(crm=(simulator, "oauth"))`; credentials are in its vault."""
    opened: list[Project] = []
    monkeypatch.setenv("BACKHAUL_MASTER_KEY", new_master_key())

    def make(**connections: tuple[Running, str]) -> Project:
        root = tmp_path / "project"
        (root / "pipelines").mkdir(parents=True, exist_ok=True)
        blocks, apps = {}, {}
        for name, (simulator, auth) in connections.items():
            source = simulator.vendor.source
            block = connection_to(simulator, OBJECTS[source])
            blocks[name] = {**block, "auth": auth, "credentials": "vault"}
            if auth == "oauth":
                variable = f"APP_{source.upper()}"
                monkeypatch.setenv(variable, simulator.credentials["client_secret"])
                apps[source] = {
                    "client_id": simulator.credentials["client_id"],
                    "client_secret": f"${{{variable}}}",
                }
        (root / "pipelines" / "base.yaml").write_text(yaml.safe_dump({"apps": apps}))
        document = {"extends": "base", "customer": "acme", "connections": blocks}
        (root / "pipelines" / "acme.yaml").write_text(yaml.safe_dump(document))
        opened.append(Project(root))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def consented(one: Customer, connection: str, **more: Any) -> Connected:
    """What a person does: open the page, consent, come back."""
    consent = one.begin_consent(connection)
    answer = httpx.get(consent.url)
    assert answer.status_code == 302, answer.text
    return one.finish_consent(connection, consent, answer.headers["location"], **more)


def state_of(made: Project, connection: str = "crm") -> Any:
    found = made.state.connections.get("acme", connection)
    assert found is not None
    return found


def asked(simulator: Running) -> int:
    return len(simulator.received())


def test_a_person_consents_and_the_connection_runs(project: Make, simulator: Callable[..., Running]) -> None:
    vendor = simulator("hubspot")
    made = project(crm=(vendor, "oauth"))
    acme = made.customer("acme")
    before = acme.run()
    assert before.exit_code == 4
    assert "backhaul connect acme crm" in before.all_failures[0].next_step
    assert asked(vendor) == 0, "nothing is asked of the vendor before anyone has consented"
    done = consented(acme, "crm")
    assert (done.account["id"], done.missing, done.before) == ("48291034", (), "")
    assert acme.run().exit_code == 0
    (access,) = made.connections()
    assert (access.state, access.auth, access.kept) == ("ok", "oauth", "vault")
    assert len(access.scopes_granted) == len(access.scopes_needed) > 10
    assert access.token_at is not None


@pytest.mark.parametrize(
    ("source", "variants"),
    [
        ("hubspot", {}),
        ("hubspot", {"refresh_token": "rotates"}),
        ("salesforce", {}),
        ("salesforce", {"refresh_token": "rotates"}),
        ("slack", {}),
    ],
)
def test_tokens_are_renewed_when_refused_and_ahead_of_their_end(
    source: str, variants: dict[str, str], project: Make, simulator: Callable[..., Running]
) -> None:
    vendor = simulator(source, variants=variants)
    acme = project(crm=(vendor, "oauth")).customer("acme")
    consented(acme, "crm")
    counts = vendor.vendor.oauth.consents.counts  # type: ignore[attr-defined]
    assert acme.sync().exit_code == 0
    assert counts["renewals"] == 0
    for number in (1, 2):
        vendor.fault("expired_token", count=1)
        assert acme.sync().exit_code == 0
        assert counts == {"exchanges": 1, "renewals": number}


def test_a_token_without_an_end_is_used_until_it_is_taken_back(
    project: Make, simulator: Callable[..., Running]
) -> None:
    vendor = simulator("slack", variants={"token_rotation": "off"})
    made = project(chat=(vendor, "oauth"))
    acme = made.customer("acme")
    done = consented(acme, "chat")
    assert (done.account["id"], done.missing) == ("T024BE7LD", ())
    vendor.advance(400 * 86400)
    assert acme.sync().exit_code == 0
    (access,) = made.connections()
    assert set(access.scopes_needed) <= set(access.scopes_granted)
    vendor.fault("revoked_token", count=1)
    assert acme.sync().exit_code == 4
    consented(acme, "chat")
    assert acme.sync().exit_code == 0


def test_credentials_that_are_entered_are_proven_first(project: Make, simulator: Callable[..., Running]) -> None:
    vendor = simulator("hubspot")
    made = project(crm=(vendor, "private_app"))
    acme = made.customer("acme")
    assert acme.way_in("crm").names == ("token",)
    with pytest.raises(Reauthorise):
        acme.connect("crm", {"token": "a-wrong-token"})
    with acme.context() as context:
        assert context.vault.get("acme", "crm") == {}, "wrong ones are not kept"
    with pytest.raises(ConfigError, match="not connected with these") as caught:
        acme.connect("crm", {"tokn": "x"})
    assert caught.value.problems == ("token is missing", "tokn is not asked for")
    assert acme.connect("crm", {"token": vendor.credentials["token"]}).account["id"] == "48291034"
    assert acme.run().exit_code == 0


def test_a_machine_proves_itself_to_netsuite_by_a_signed_assertion(
    project: Make, simulator: Callable[..., Running]
) -> None:
    vendor = simulator("netsuite")
    acme = project(erp=(vendor, "m2m")).customer("acme")
    names = acme.way_in("erp").names
    assert names == ("certificate_id", "client_id", "private_key")
    acme.connect("erp", {name: vendor.credentials[name] for name in names})
    assert acme.sync().exit_code == 0
    vendor.fault("expired_token", count=1, path="suiteql")
    assert acme.sync().exit_code == 0
    vendor.fault("revoked_token", count=1, path="suiteql")
    assert acme.sync().exit_code == 4


def test_a_dead_connection_is_left_alone_while_the_others_go_on(
    project: Make, simulator: Callable[..., Running]
) -> None:
    crm, sf = simulator("hubspot"), simulator("salesforce")
    made = project(crm=(crm, "oauth"), sf=(sf, "oauth"))
    acme = made.customer("acme")
    consented(acme, "crm")
    consented(acme, "sf")
    assert acme.run().exit_code == 0
    crm.fault("revoked_token", count=1)
    report = acme.run()
    assert report.exit_code == 4
    assert {each.connection for each in report.all_failures} == {"crm"}
    (failure,) = report.all_failures
    assert failure.next_step == "connect it: `backhaul connect acme crm`"
    status = {each.connection: each for each in made.status()}
    assert (status["crm"].state, status["sf"].state) == ("needs_reauth", "ok")
    assert status["crm"].since is not None
    crm_asked, sf_asked = asked(crm), asked(sf)
    assert acme.run().exit_code == 4
    assert asked(crm) == crm_asked, "it is not asked again before it is connected"
    assert asked(sf) > sf_asked


def test_connecting_again_keeps_everything_and_reads_nothing_again(
    project: Make, simulator: Callable[..., Running]
) -> None:
    vendor = simulator("hubspot")
    made = project(crm=(vendor, "oauth"))
    acme = made.customer("acme")
    consented(acme, "crm")
    first = acme.run()
    assert sum(line.read for line in first.sync.lines.values()) > 0  # type: ignore[union-attr]
    rows = acme.query("select count(*) from accounts").rows
    vendor.fault("revoked_token", count=1)
    assert acme.run().exit_code == 4
    vendor.vendor.oauth.consents.counts.clear()  # type: ignore[attr-defined]
    consented(acme, "crm")
    assert state_of(made).status == "ok"
    began = asked(vendor)
    again = acme.run()
    assert again.exit_code == 0
    lists = [each for each in vendor.received(began) if each["path"] == "/crm/v3/objects/companies"]
    assert lists == [], "companies are asked for what changed, not listed anew"
    assert again.sync.lines["crm", "companies"].inserted == 0  # type: ignore[union-attr]
    assert acme.query("select count(*) from accounts").rows == rows


def test_another_account_is_noticed_and_refused_unless_it_is_said(
    project: Make, simulator: Callable[..., Running]
) -> None:
    vendor = simulator("hubspot")
    made = project(crm=(vendor, "oauth"))
    acme = made.customer("acme")
    consented(acme, "crm")
    with acme.context() as context:
        kept = context.vault.get("acme", "crm")
    vendor.configure(portal_id=777)
    with pytest.raises(ConfigError, match="open the account 777; crm has been connected to 48291034"):
        consented(acme, "crm")
    with acme.context() as context:
        assert context.vault.get("acme", "crm") == kept
    done = consented(acme, "crm", other_account=True)
    assert (done.account["id"], done.before) == ("777", "48291034")
    assert state_of(made).account == "777"


def test_scopes_that_were_not_granted_are_told(
    project: Make, simulator: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = simulator("hubspot")
    made = project(crm=(vendor, "oauth"))
    acme = made.customer("acme")
    consent = acme.begin_consent("crm")
    fewer = httpx.URL(consent.url).copy_set_param("scope", "oauth crm.objects.companies.read")
    done = acme.finish_consent("crm", consent, httpx.get(fewer).headers["location"])
    assert "crm.objects.owners.read" in done.missing
    (access,) = made.connections()
    assert access.scopes_missing == done.missing
    assert access.scopes_granted == ("oauth", "crm.objects.companies.read")


@pytest.mark.parametrize(
    ("change", "error", "what"),
    [
        (lambda url: url.copy_set_param("state", "another"), ConfigError, "does not answer this consent"),
        (lambda url: url.copy_remove_param("state"), ConfigError, "does not answer this consent"),
        (lambda url: url.copy_remove_param("code"), ConfigError, "holds no code"),
        (lambda url: url.copy_set_param("code", "another"), Reauthorise, "not known, or expired"),
        (lambda url: url.copy_set_param("error", "access_denied"), Reauthorise, "consent was not given"),
        (lambda url: httpx.URL("nonsense"), ConfigError, "does not answer this consent"),
    ],
)
def test_what_does_not_answer_the_consent_is_not_taken(
    project: Make, simulator: Callable[..., Running], change: Any, error: type[BackhaulError], what: str
) -> None:
    vendor = simulator("hubspot")
    acme = project(crm=(vendor, "oauth")).customer("acme")
    consent = acme.begin_consent("crm")
    came = httpx.URL(httpx.get(consent.url).headers["location"])
    with pytest.raises(error, match=what):
        acme.finish_consent("crm", consent, str(change(came)))
    with acme.context() as context:
        assert context.vault.get("acme", "crm") == {}


def test_a_code_that_was_caught_is_worth_nothing_without_the_verifier(
    project: Make, simulator: Callable[..., Running]
) -> None:
    vendor = simulator("hubspot")
    acme = project(crm=(vendor, "oauth")).customer("acme")
    consent, other = acme.begin_consent("crm"), acme.begin_consent("crm")
    came = httpx.URL(httpx.get(consent.url).headers["location"]).copy_set_param("state", other.state)
    with pytest.raises(Reauthorise, match="code_verifier does not match"):
        acme.finish_consent("crm", other, str(came))


def test_a_person_may_say_no(project: Make, simulator: Callable[..., Running]) -> None:
    vendor = simulator("hubspot")
    vendor.configure(consent="deny")
    acme = project(crm=(vendor, "oauth")).customer("acme")
    with pytest.raises(Reauthorise, match="access_denied"):
        consented(acme, "crm")


def test_a_wrong_secret_of_the_app_is_no_customers_fault(
    project: Make, simulator: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = simulator("hubspot")
    made = project(crm=(vendor, "oauth"))
    consented(made.customer("acme"), "crm")
    monkeypatch.setenv("APP_HUBSPOT", "an-old-secret-of-the-app")
    acme = Project(made.config.root).customer("acme")
    vendor.fault("expired_token", count=1)
    report = acme.sync()
    assert report.exit_code == 2
    assert "does not know the app" in report.all_failures[0].what
    assert state_of(made).status == "ok", "nobody is asked to consent again"
    acme.project.close()


def test_credentials_of_the_environment_are_proven_and_tried_again_once_they_differ(
    project: Make, simulator: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = simulator("hubspot")
    made = project(crm=(vendor, "private_app"))
    path = made.config.layout.pipeline("acme")
    path.write_text(path.read_text().replace("credentials: vault", "credentials: {token: '${ACME_TOKEN}'}"))
    monkeypatch.setenv("ACME_TOKEN", "a-wrong-token")
    acme = Project(made.config.root).customer("acme")
    assert acme.way_in("crm").kind == "given"
    report = acme.sync()
    assert report.exit_code == 4
    assert "${ACME_TOKEN}" in report.all_failures[0].next_step
    began = asked(vendor)
    assert acme.sync().exit_code == 4
    assert asked(vendor) == began
    acme.project.close()
    monkeypatch.setenv("ACME_TOKEN", vendor.credentials["token"])
    acme = Project(made.config.root).customer("acme")
    assert acme.sync().exit_code == 0
    assert acme.connect("crm").account["id"] == "48291034"
    acme.project.close()
