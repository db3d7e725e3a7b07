"""What pushes can want of each vendor: the facts in which the kill harness of pushes differs from one to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

LAG = 2.0
"""Seconds: how late the vendors' indexes are."""
BATCH = 20


@dataclass(frozen=True)
class Wish:
    """What one push wants. `{n}` is a row's number, `{g}` the generation of wanted rows.

    once: each row is made, and can be found again. blind: made, and nothing finds it again. mirror: made and kept as
    wanted, and taken away. change: records that are there get a value. mark: the field by which we know a row's record,
    which holds `text`. keyed: the push finds it by that field, too. value: another field, and what it holds. columns:
    whatever else the vendor asks for.
    """

    kind: Literal["once", "blind", "mirror", "change"]
    object: str
    mark: str = ""
    text: str = ""
    keyed: bool = False
    value: tuple[str, str] | None = None
    columns: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Vendor:
    """writes: method -> the paths that write. small: where the shipped definition has small batches, a quick index, and
    no limits, which would only make us wait. gone: what a record holds that counts as taken away. cannot: what of the
    harness's wishes this vendor gives no way to.
    """

    wishes: Mapping[str, Wish]
    writes: Mapping[str, str]
    key: str = "id"
    small: Mapping[str, Any] = field(default_factory=dict)
    controls: Mapping[str, Any] = field(default_factory=dict)
    variants: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    gone: Mapping[str, Any] = field(default_factory=dict)
    cannot: str = ""


def _own(name: str, **more: Any) -> dict[str, Any]:
    return {"own_fields": {name: {"label": name, "unique": True}}, **more}


ANY = 10**9
VENDORS: Mapping[str, Vendor] = {
    "hubspot": Vendor(
        wishes={
            "people": Wish("once", "contacts", "email", "p{n}@n.example", True, columns="'Person ' || n as firstname"),
            "firms": Wish(
                "once", "companies", "name", "Firm {n}", more=_own("backhaul_row", trace="backhaul_row")
            ),
            "mirrored": Wish("mirror", "contacts", "email", "m{n}@n.example", True, ("firstname", "Mirrored {g} {n}")),
            "blind": Wish("blind", "companies", "name", "Blind {n}"),
            "scores": Wish("change", "companies", value=("ai_score", "1{g}")),
        },
        writes={"POST": r"batch/(create|update|upsert|archive)"},
        small={
            "templates.batch.batch": BATCH,
            "templates.crm_object.writes.delete.batch": BATCH,
            "templates.crm_object.reads.by_match.lag": f"{LAG:g}s",
        },
        controls={"index_lag": LAG, "limit_10s": ANY, "limit_search": ANY},
        variants={"unique_read": "indexed"},
    ),
    "salesforce": Vendor(
        wishes={
            "people": Wish(
                "once", "Contact", "Row__c", "p{n}", True, columns="'Person ' || n as LastName", more=_own("Row__c")
            ),
            "firms": Wish("once", "Account", "Name", "Firm {n}", more=_own("Trace__c", trace="Trace__c")),
            "mirrored": Wish(
                "mirror", "Contact", "Kept__c", "m{n}", True, ("LastName", "Mirrored {g} {n}"), more=_own("Kept__c")
            ),
            "blind": Wish("blind", "Account", "Name", "Blind {n}"),
            "scores": Wish("change", "Account", value=("NumberOfEmployees", "1{g}")),
        },
        writes={
            "POST": r"composite/sobjects$",
            "PATCH": r"composite/sobjects(/\w+/\w+__c)?$|sobjects/\w+/\w{15,18}$",
            "DELETE": r"composite/sobjects",
        },
        key="Id",
        small={"templates.collection.batch": BATCH, "templates.sobject.writes.delete.batch": BATCH},
        settings={"permission_set": "0PS5g00000Sandbox1"},
    ),
    "zendesk": Vendor(
        wishes={
            "people": Wish("once", "users", "email", "p{n}@n.example", True, columns="'Person ' || n as name"),
            "firms": Wish("once", "tickets", "subject", "Firm {n}", columns="'Told' as description"),
            "mirrored": Wish("mirror", "organizations", "external_id", "m{n}", True, ("name", "Mirrored {g} {n}")),
            "blind": Wish("blind", "users", "name", "Blind {n}"),
            "scores": Wish("change", "organizations", value=("notes", "Score {g}")),
        },
        writes={
            "POST": r"(_many|create_or_update|/tickets)$", "PUT": r"update_many$", "DELETE": r"destroy_many$",
        },
        small={
            "templates.many.batch": BATCH,
            "templates.many.job.poll.every": "100ms",
            "objects.tickets.reads.by_match.lag": f"{LAG:g}s",
        },
        controls={
            "index_lag": LAG, "limit_minute": ANY, "limit_exports": ANY, "limit_updates": ANY,
            "limit_one_ticket": ANY, "most_jobs": ANY,
        },
    ),
    "pipedrive": Vendor(
        wishes={
            "blind": Wish("blind", "organizations", "name", "Blind {n}"),
            "scores": Wish("change", "organizations", value=("website", "https://score{g}.example")),
        },
        writes={"POST": r"v2/organizations$", "PATCH": r"v2/organizations/\d+$"},
        controls={"limit_burst": None, "limit_tokens": None},
        cannot="no unique field and no read by values: nothing finds a new record again, and nothing mirrors",
    ),
    "quickbooks": Vendor(
        wishes={
            "people": Wish("once", "Customer", "DisplayName", "p{n}", True, columns="'Person ' || n as GivenName"),
            "mirrored": Wish("mirror", "Customer", "DisplayName", "m{n}", True, ("GivenName", "Mirrored {g} {n}")),
            "scores": Wish("change", "Customer", value=("Title", "S{g}")),
        },
        writes={"POST": r"/(batch|customer)$"},
        key="Id",
        small={"templates.batch.batch": BATCH},
        controls={"limit_minute": ANY, "limit_batches": ANY, "limit_at_once": ANY},
        gone={"Active": False},
        cannot="what has no unique name is a document, which needs lines: none is made here",
    ),
    "netsuite": Vendor(
        wishes={
            "firms": Wish("once", "customer", "companyname", "Firm {n}", columns="'1' as subsidiary"),
            "mirrored": Wish(
                "mirror", "customer", "externalid", "m{n}", True, ("companyname", "Mirrored {g} {n}"),
                columns="'1' as subsidiary",
            ),
            "scores": Wish("change", "customer", value=("comments", "Score {g}")),
        },
        writes={
            "POST": r"record/v1/customer$", "PATCH": r"record/v1/customer/", "PUT": r"record/v1/customer/",
            "DELETE": r"record/v1/customer/",
        },
        controls={"concurrency_limit": 50},
        cannot="every new record has our own id as its externalId: nothing is made that could not be found again",
    ),
    "dynamics365": Vendor(
        wishes={
            "people": Wish("once", "account", "new_externalid", "p{n}", True, columns="'Person ' || n as name"),
            "mirrored": Wish("mirror", "account", "new_externalid", "m{n}", True, ("name", "Mirrored {g} {n}")),
            "blind": Wish("blind", "account", "name", "Blind {n}"),
            "scores": Wish("change", "account", value=("numberofemployees", "1{g}")),
        },
        writes={
            "POST": r"(Create|Update|Upsert)Multiple$", "PATCH": r"v9.2/accounts\(", "DELETE": r"v9.2/accounts\(",
        },
        key="accountid",
        small={"templates.many.batch": BATCH},
        controls={"limit_requests": ANY, "limit_at_once": ANY},
        cannot="`firms`: a unique field of our own needs a key, which is made by hand",
    ),
}  # fmt: skip
