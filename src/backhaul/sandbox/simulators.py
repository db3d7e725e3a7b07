"""The simulators there are, imported only when one is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from backhaul.sandbox.vendor import Vendor
from backhaul.sandbox.world import World

SIMULATORS: dict[str, str] = {
    "hubspot": "backhaul.sandbox.hubspot.vendor:HubSpot",
    "salesforce": "backhaul.sandbox.salesforce.vendor:Salesforce",
    "netsuite": "backhaul.sandbox.netsuite.vendor:NetSuite",
    "pipedrive": "backhaul.sandbox.pipedrive.vendor:Pipedrive",
    "zendesk": "backhaul.sandbox.zendesk.vendor:Zendesk",
    "quickbooks": "backhaul.sandbox.quickbooks.vendor:QuickBooks",
    "dynamics365": "backhaul.sandbox.dynamics365.vendor:Dynamics365",
    "slack": "backhaul.sandbox.slack.vendor:Slack",
    "xero": "backhaul.sandbox.xero.vendor:Xero",
    "freshdesk": "backhaul.sandbox.freshdesk.vendor:Freshdesk",
    "servicenow": "backhaul.sandbox.servicenow.vendor:ServiceNow",
    "intercom": "backhaul.sandbox.intercom.vendor:Intercom",
    "sage_intacct": "backhaul.sandbox.sage_intacct.vendor:SageIntacct",
}


def simulator(source: str) -> type[Vendor]:
    """The class of one simulator; ValueError names those there are."""
    place = SIMULATORS.get(source)
    if place is None:
        raise ValueError(f"there is no simulator of {source!r}; there are: {', '.join(SIMULATORS)}")
    module, _, name = place.partition(":")
    found = getattr(import_module(module), name)
    if not (isinstance(found, type) and issubclass(found, Vendor)):
        raise TypeError(f"{place} is no simulator")
    return found


def build(source: str, *, scale: int = 1, seed: int = 7, variants: Mapping[str, str] = MappingProxyType({})) -> Vendor:
    """A simulator of the shared world, ready to serve."""
    return simulator(source)(World.load(seed, scale), scale=scale, seed=seed, variants=variants)
