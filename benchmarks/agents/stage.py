"""One customer with three systems, a second run after changes there, and the truth of what they hold."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from backhaul.project import Project
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.simulators import build

AUTH = {"hubspot": "private_app", "salesforce": "client", "netsuite": "tba"}
OBJECTS: Mapping[str, tuple[str, ...]] = {
    "hubspot": ("companies", "contacts", "deals", "owners", "pipelines", "pipeline_stages", "deals_companies", "notes"),
    "netsuite": ("customer", "contact", "employee", "item", "currency", "salesOrder", "invoice", "customerPayment"),
    "salesforce": ("Account", "Contact", "Opportunity", "OpportunityStage", "User", "Order"),
}
AGENT = {"hide": {"contacts": ["phone"], "payments": "all"}}
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Truth:
    """What each vendor holds, as its simulator tells it; nothing of ours has touched it."""

    hubspot: Running
    netsuite: Running
    salesforce: Running

    def live(self, vendor: str, name: str) -> list[Record]:
        running: Running = getattr(self, vendor)
        return [each for each in running.dump(name) if not each.get("_deleted")]

    @cached_property
    def companies(self) -> list[Record]:
        return self.live("hubspot", "companies")

    @cached_property
    def customers(self) -> list[Record]:
        return self.live("netsuite", "customer")

    @cached_property
    def accounts(self) -> list[Record]:
        return self.live("salesforce", "Account")

    @cached_property
    def owners(self) -> dict[str, str]:
        """HubSpot's owner id -> name."""
        return {str(each["id"]): f"{each['firstName']} {each['lastName']}" for each in self.hubspot.dump("owners")}

    @cached_property
    def users(self) -> dict[str, str]:
        """Salesforce's user id -> name."""
        return {str(each["Id"]): str(each["Name"]) for each in self.salesforce.dump("User")}

    @cached_property
    def invoices(self) -> list[Record]:
        return [each for each in self.live("netsuite", "invoice") if not each["voided"]]

    @cached_property
    def open_invoices(self) -> list[Record]:
        return [each for each in self.invoices if str(each["status"]).endswith("A")]

    @cached_property
    def owed(self) -> dict[str, Decimal]:
        """Domain -> what its open invoices still come to, in the base currency."""
        found: dict[str, Decimal] = {}
        for each in self.open_invoices:
            domain = self.domain_of_customer[str(each["entity"])]
            found[domain] = found.get(domain, Decimal(0)) + unpaid(each)
        return found

    @cached_property
    def domain_of_customer(self) -> dict[str, str]:
        return {str(each["id"]): host(each.get("url")) for each in self.netsuite.dump("customer")}

    @cached_property
    def domain_of_account(self) -> dict[str, str]:
        return {str(each["Id"]): host(each.get("Website")) for each in self.salesforce.dump("Account")}

    @cached_property
    def won_domains(self) -> set[str]:
        """Domains of HubSpot companies with a won deal."""
        companies = {str(each["id"]): each for each in self.companies}
        primary = {
            str(each["from_id"]): str(each["to_id"])
            for each in self.live("hubspot", "deals_companies")
            if any(kind["label"] == "Primary" for kind in each["associationTypes"])
        }
        won = [each for each in self.live("hubspot", "deals") if each.get("hs_is_closed_won") == "true"]
        found = {primary.get(str(each["id"])) for each in won}
        return {str(companies[id]["domain"]) for id in found if id in companies}

    @cached_property
    def open_opportunities(self) -> list[Record]:
        return [each for each in self.live("salesforce", "Opportunity") if not each["IsClosed"]]

    @cached_property
    def open_domains(self) -> set[str]:
        """Domains of Salesforce accounts with an open opportunity."""
        found = {self.domain_of_account.get(str(each.get("AccountId")), "") for each in self.open_opportunities}
        return found - {""}

    def company(self, domain: str) -> Record:
        return next(each for each in self.companies if each.get("domain") == domain)

    def account(self, domain: str) -> Record:
        return next(each for each in self.accounts if host(each.get("Website")) == domain)


def unpaid(invoice: Record) -> Decimal:
    return Decimal(str(invoice["foreignamountunpaid"])) * Decimal(str(invoice["exchangerate"]))


def host(url: str | None) -> str:
    """`https://www.acme.example/x` -> `acme.example`."""
    return (urlsplit(url or "").hostname or "").removeprefix("www.")


@contextmanager
def set_up(root: Path) -> Iterator[Truth]:
    """Simulators, project, two runs with changes between them. Raises RuntimeError where a run fails."""
    running = {source: serve(build(source)) for source in OBJECTS}
    try:
        (root / "pipelines").mkdir(parents=True)
        document = {
            "customer": "acme",
            "connections": {source: _connection(each, OBJECTS[source]) for source, each in running.items()},
            "agent": AGENT,
        }
        (root / "pipelines" / "acme.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
        with Project(root) as project:
            acme = project.customer("acme")
            _done(acme.run())
            _disturb(running)
            _done(acme.run(check_deletes=True))
        yield Truth(running["hubspot"], running["netsuite"], running["salesforce"])
    finally:
        for each in running.values():
            each.close()


def _connection(running: Running, objects: tuple[str, ...]) -> dict[str, Any]:
    source = running.vendor.source
    names = [name for name, value in running.vendor.credentials.items() if isinstance(value, str)]
    wanted = {"hubspot": ("token",), "salesforce": ("client_id", "client_secret")}.get(source) or (
        "consumer_key", "consumer_secret", "token_id", "token_secret",
    )  # fmt: skip
    for name in set(names) & set(wanted):
        os.environ[f"EVAL_{source.upper()}_{name.upper()}"] = str(running.vendor.credentials[name])
    block: dict[str, Any] = {
        "source": source,
        "auth": AUTH[source],
        "credentials": {name: f"${{EVAL_{source.upper()}_{name.upper()}}}" for name in wanted},
        "settings": dict(running.vendor.settings),
        "objects": {name: {} for name in objects},
    }
    return block if source == "salesforce" else {**block, "base_url": running.base_url}


def _disturb(running: Mapping[str, Running]) -> None:
    """A rename in one system only, a deletion, a merge, a payment: what makes yesterday's answers wrong."""
    hubspot, netsuite, salesforce = running["hubspot"], running["netsuite"], running["salesforce"]
    for each in running.values():
        each.advance(3600)
    companies = {str(each["name"]): str(each["id"]) for each in hubspot.dump("companies")}
    hubspot.mutate("update", "companies", companies["Cancity"], {"name": "Cancity Holding"})
    hubspot.mutate("merge", "companies", companies["Kan-code"], {"loser": companies["Plexzap"]})
    people = {str(each["email"]): str(each["id"]) for each in hubspot.dump("contacts")}
    hubspot.mutate("delete", "contacts", people[GONE])
    accounts = {str(each["Name"]): str(each["Id"]) for each in salesforce.dump("Account")}
    salesforce.mutate("update", "Account", accounts["Dontechi"], {"Industry": "Energy"})
    customers = {str(each["companyname"]): str(each["id"]) for each in netsuite.dump("customer")}
    netsuite.mutate("update", "customer", customers["Zencorporation"], {"companyname": "Zencorporation Ltd"})
    for each in running.values():
        each.advance(3600)


GONE = "karin.okafor@cancity.example"
"""The contact that is deleted between the runs."""


def _done(report: Any) -> None:
    if report.exit_code:
        raise RuntimeError(f"the run failed: {report.all_failures}")
