"""A day at each vendor: what people there do between two runs, small enough to be read twice in a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backhaul.sandbox.remote import Remote
from tests.conftest import Bench
from tests.truth import differences, key_of

OBJECTS: Mapping[str, tuple[str, ...]] = {
    "hubspot": ("companies", "contacts", "tickets", "owners", "tickets_companies"),
    "salesforce": ("Account", "Contact", "Case", "OpportunityStage", "User"),
    "netsuite": ("customer", "contact", "invoice", "invoice_lines", "currency"),
    "pipedrive": ("organizations", "deals", "persons", "deal_products", "products", "notes", "leads", "users"),
    "zendesk": ("organizations", "tickets", "users", "groups", "ticket_comments", "ticket_metrics", "device"),
    "quickbooks": ("Customer", "Vendor", "Invoice", "Invoice_lines", "Payment", "TaxCode", "TimeActivity"),
    "dynamics365": ("account", "contact", "task", "annotation", "new_subscription"),
    "slack": (
        "conversations",
        "messages",
        "replies",
        "members",
        "users",
        "user_profiles",
        "usergroups",
        "files",
        "pins",
        "bookmarks",
        "team",
    ),
    "xero": (
        "Contacts",
        "Invoices",
        "Invoices_lines",
        "Payments",
        "CreditNotes",
        "CreditNotes_allocations",
        "Items",
        "Accounts",
        "Quotes",
        "ManualJournals",
        "ManualJournals_lines",
        "LinkedTransactions",
        "TrackingCategories",
    ),
    "freshdesk": (
        "contacts",
        "tickets",
        "conversations",
        "replies",
        "companies",
        "agents",
        "groups",
        "satisfaction_ratings",
        "time_entries",
        "canned_response_folders",
        "canned_responses",
        "solution_categories",
        "solution_folders",
        "solution_articles",
        "custom_30",
    ),
    "servicenow": (
        "customer_account",
        "customer_contact",
        "sys_user",
        "incident",
        "sn_customerservice_case",
        "task",
        "sys_journal_field",
        "sys_attachment",
        "u_subscription",
        "u_reading",
    ),
    "intercom": (
        "contacts",
        "contact_companies",
        "contact_tags",
        "contact_notes",
        "companies",
        "conversations",
        "conversation_parts",
        "tickets",
        "ticket_parts",
        "tags",
        "articles",
        "Subscription",
    ),
    "sage_intacct": (
        "CUSTOMER",
        "VENDOR",
        "ARINVOICE",
        "ARINVOICEITEM",
        "ARPYMT",
        "ARPYMTDETAIL",
        "APBILL",
        "APBILLITEM",
        "GLBATCH",
        "GLENTRY",
        "SODOCUMENT",
        "SODOCUMENTENTRY",
        "GLACCOUNT",
        "MCA_subscription",
    ),
}
# Where only a census finds what was deleted, the night passes, too.
CENSUS = 25 * 3600
# Vendors that tell only that a record is gone, not into which one it was merged.
SILENT = ("netsuite", "pipedrive", "zendesk", "quickbooks", "slack", "freshdesk")
# Where nothing is merged: a second record goes instead.
UNMERGED = ("slack", "servicenow", "sage_intacct")
RECORDS = {
    "hubspot": "companies",
    "salesforce": "Account",
    "netsuite": "customer",
    "pipedrive": "organizations",
    "zendesk": "organizations",
    "quickbooks": "Customer",
    "dynamics365": "account",
    "slack": "conversations",
    "xero": "Contacts",
    "freshdesk": "contacts",
    "servicenow": "customer_account",
    "intercom": "contacts",
    "sage_intacct": "CUSTOMER",
}
PEOPLE = {
    "hubspot": "contacts",
    "salesforce": "Contact",
    "netsuite": "contact",
    "pipedrive": "deals",
    "zendesk": "tickets",
    "quickbooks": "Vendor",
    "dynamics365": "contact",
    "slack": "usergroups",
    "xero": "Accounts",
    "freshdesk": "tickets",
    "servicenow": "sn_customerservice_case",
    "intercom": "contacts",
    "sage_intacct": "GLACCOUNT",
}
NAME = {
    "hubspot": "name",
    "salesforce": "Name",
    "netsuite": "companyname",
    "pipedrive": "name",
    "zendesk": "name",
    "quickbooks": "DisplayName",
    "dynamics365": "name",
    "slack": "name",
    "xero": "Name",
    "freshdesk": "name",
    "servicenow": "name",
    "intercom": "name",
    "sage_intacct": "NAME",
}
CLEARED = {
    "hubspot": ("city", ""),
    "salesforce": ("BillingCity", None),
    "netsuite": ("phone", None),
    "pipedrive": ("website", None),
    "zendesk": ("notes", ""),
    "quickbooks": ("CompanyName", None),
    "dynamics365": ("telephone1", None),
    "slack": ("topic", ""),
    "xero": ("EmailAddress", None),
    "freshdesk": ("job_title", None),
    "servicenow": ("phone", ""),
    "intercom": ("phone", None),
    "sage_intacct": ("DISPLAYCONTACT.EMAIL1", None),
}
# Those whose deletions only a feed tells of, or a census.
DOCUMENTS = {
    "quickbooks": ("Invoice",),
    "dynamics365": ("annotation", "new_subscription"),
    "slack": ("files",),
    "xero": ("Invoices", "Payments", "Items", "LinkedTransactions"),
    "freshdesk": ("companies", "conversations", "time_entries", "custom_30"),
    "servicenow": ("incident", "sys_journal_field", "u_reading"),
    "intercom": ("companies", "conversations", "tickets", "Subscription"),
    "sage_intacct": ("ARINVOICE", "ARPYMT", "GLBATCH", "SODOCUMENT", "MCA_subscription"),
}
# Where only a census finds some of what was deleted.
NIGHTLY = (
    "dynamics365", "freshdesk", "intercom", "pipedrive", "sage_intacct", "servicenow", "slack", "xero", "zendesk",
)  # fmt: skip
# Where what was deleted does not come back.
FINAL = ("netsuite", "sage_intacct")


def choices(source: str) -> dict[str, Any]:
    return {name: {} for name in OBJECTS[source]}


def live(vendor: Remote, name: str) -> list[str]:
    return sorted(key_of(each, name) for each in vendor.dump(name) if not each.get("_deleted"))


def pass_a_day(vendor: Remote, source: str) -> None:
    """Rename, clear, delete and merge records; move what hangs on them."""
    vendor.advance(3600)
    of, person = RECORDS[source], PEOPLE[source]
    ids, people = live(vendor, of), live(vendor, person)
    vendor.mutate("update", of, ids[3], {NAME[source]: "Renamed, Inc."})
    cleared, empty = CLEARED[source]
    vendor.mutate("update", of, ids[7], {cleared: empty})
    vendor.mutate("delete", of, ids[4])
    vendor.mutate("delete", person, people[0])
    if source in UNMERGED:
        vendor.mutate("delete", of, ids[6])
    else:
        vendor.mutate("merge", of, ids[5], {"loser": ids[6]})
    for name in DOCUMENTS.get(source, ()):
        vendor.mutate("delete", name, live(vendor, name)[-1])
    vendor.advance(CENSUS if source in NIGHTLY else 3600)


def bring_back(vendor: Remote, source: str) -> None:
    """Restore what `pass_a_day` deleted, where the vendor can."""
    if source in FINAL:
        return
    gone = [each for each in vendor.dump(PEOPLE[source]) if each["_deleted"] and not each["_merged_into"]]
    vendor.mutate("restore", PEOPLE[source], key_of(gone[0], PEOPLE[source]))
    vendor.advance(3600)


def untrue(bench: Bench, source: str, *, connection: str = "crm") -> list[str]:
    """Where the raw tables say otherwise than the vendor."""
    vendor = bench.simulators[connection]
    work = bench.project.config.layout.work("acme")
    dumps = {name: vendor.dump(name) for name in OBJECTS[source]}
    return list(differences(work, connection, dumps, winners=source not in SILENT))
