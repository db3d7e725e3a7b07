"""The questions: in words, the systems that an answer needs, the truth, and how a scripted client finds it out.

The truth is computed from the simulators' own records. The client has the tools and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.agents.asker import Asker, NotKnown, Refused
from benchmarks.agents.stage import GONE, Truth, host, unpaid

TODAY = "2026-06-30"


@dataclass(frozen=True)
class Question:
    """systems: the letters of HubSpot, NetSuite, Salesforce."""

    words: str
    systems: str
    truth: Callable[[Truth], Any]
    ask: Callable[[Asker], Awaitable[Any]]


QUESTIONS: list[Question] = []


def question(
    words: str, systems: str, truth: Callable[[Truth], Any]
) -> Callable[[Callable[[Asker], Awaitable[Any]]], None]:
    """Registers the function below it as the client's way to the answer."""

    def keep(ask: Callable[[Asker], Awaitable[Any]]) -> None:
        QUESTIONS.append(Question(words, systems, truth, ask))

    return keep


def filter_(column: str, value: Any, op: str = "=") -> dict[str, Any]:
    return {"column": column, "op": op, "value": value}


# -- one system ----------------------------------------------------------------------------------------------------


@question("How many companies are in HubSpot?", "H", lambda t: len(t.companies))
async def _(agent: Asker) -> Any:
    found = await agent.call("query_records", entity="accounts", filters=[filter_("source", "hubspot")], limit=1)
    return found["total"]


@question("How many invoices are open?", "N", lambda t: len(t.open_invoices))
async def _(agent: Asker) -> Any:
    filters = [filter_("status", "open"), filter_("doc_type", "standard")]
    return (await agent.call("query_records", entity="invoices", filters=filters, limit=1))["total"]


@question("What do open invoices come to in the base currency?", "N", lambda t: sum(map(unpaid, t.open_invoices)))
async def _(agent: Asker) -> Any:
    return await agent.one(
        "select sum(balance_base) from invoices where status = 'open' and doc_type = 'standard' and not is_deleted"
    )


@question("Which domain owes the most?", "N", lambda t: max(t.owed, key=lambda each: t.owed[each]))
async def _(agent: Asker) -> Any:
    return await agent.one(
        "select a.domain from invoices i join accounts a on a.id = i.account_id where i.status = 'open' and"
        " i.doc_type = 'standard' and not i.is_deleted group by 1 order by sum(i.balance_base) desc limit 1"
    )


@question(
    f"How many invoices were overdue on {TODAY}?",
    "N",
    lambda t: sum(str(each["duedate"]) < TODAY for each in t.open_invoices),
)
async def _(agent: Asker) -> Any:
    filters = [filter_("status", "open"), filter_("due_date", TODAY, "<"), filter_("doc_type", "standard")]
    return (await agent.call("query_records", entity="invoices", filters=filters, limit=1))["total"]


@question(
    "When is INV10256 due?",
    "N",
    lambda t: next(str(each["duedate"]) for each in t.invoices if each["tranid"] == "INV10256"),
)
async def _(agent: Asker) -> Any:
    hits = (await agent.call("search_records", query="INV10256", entities=["invoices"], limit=1))["hits"]
    record = await agent.call("get_record", entity="invoices", id=hits[0]["id"], fields=["due_date"], include=[])
    return record["values"]["due_date"]


@question(
    "How many deals are won in HubSpot?",
    "H",
    lambda t: sum(each.get("hs_is_closed_won") == "true" for each in t.live("hubspot", "deals")),
)
async def _(agent: Asker) -> Any:
    filters = [filter_("source", "hubspot"), filter_("status", "won")]
    return (await agent.call("query_records", entity="deals", filters=filters, limit=1))["total"]


@question("How many opportunities are open in Salesforce?", "S", lambda t: len(t.open_opportunities))
async def _(agent: Asker) -> Any:
    filters = [filter_("source", "salesforce"), filter_("status", "open")]
    return (await agent.call("query_records", entity="deals", filters=filters, limit=1))["total"]


@question(
    "Who owns Cancity in HubSpot?",
    "H",
    lambda t: t.owners[str(t.company("cancity.example")["hubspot_owner_id"])],
)
async def _(agent: Asker) -> Any:
    filters = [filter_("domain", "cancity.example"), filter_("source", "hubspot")]
    found = await agent.call("query_records", entity="accounts", filters=filters, fields=["owner_id"])
    owner = await agent.call("get_record", entity="users", id=found["rows"][0][-1], fields=["name"], include=[])
    return owner["values"]["name"]


@question(
    "Which contacts has Kan-code in HubSpot?",
    "H",
    lambda t: sorted(
        str(each["email"])
        for each in t.live("hubspot", "contacts")
        if each.get("associatedcompanyid") == t.company("kancode.example")["id"] and each.get("email")
    ),
)
async def _(agent: Asker) -> Any:
    hits = (await agent.call("search_records", query="kancode.example", entities=["accounts"], limit=10))["hits"]
    id = next(each["id"] for each in hits if each["id"].startswith("hubspot:"))
    found = await agent.call("query_records", entity="contacts", filters=[filter_("account_id", id)], fields=["email"])
    place = found["columns"].index("email")
    return sorted(row[place] for row in found["rows"] if row[place])


@question(
    "How many accounts are in retail in Salesforce?",
    "S",
    lambda t: sum(each.get("Industry") == "Retail" for each in t.accounts),
)
async def _(agent: Asker) -> Any:
    filters = [filter_("source", "salesforce"), filter_("industry", "Retail")]
    return (await agent.call("query_records", entity="accounts", filters=filters, limit=1))["total"]


@question("What industry is Dontechi in, in Salesforce?", "S", lambda t: str(t.account("dontechi.example")["Industry"]))
async def _(agent: Asker) -> Any:
    filters = [filter_("source", "salesforce"), filter_("domain", "dontechi.example")]
    return (await agent.call("query_records", entity="accounts", filters=filters, fields=["industry"]))["rows"][0][-1]


@question(
    "What is the item code of Chang?",
    "N",
    lambda t: next(str(each["itemid"]) for each in t.live("netsuite", "item") if each["displayname"] == "Chang"),
)
async def _(agent: Asker) -> Any:
    found = await agent.call("query_records", entity="items", filters=[filter_("name", "Chang")], fields=["sku"])
    return found["rows"][0][-1]


@question(
    "How many sales orders has Ernst Handel in NetSuite?",
    "N",
    lambda t: sum(
        t.domain_of_customer[str(each["entity"])] == "ernsthandel.example" for each in t.live("netsuite", "salesOrder")
    ),
)
async def _(agent: Asker) -> Any:
    hits = (await agent.call("search_records", query="ernst handel", entities=["accounts"], limit=10))["hits"]
    id = next(each["id"] for each in hits if each["id"].startswith("netsuite:"))
    # a record's view counts those of the same company in other systems, too
    return (await agent.call("query_records", entity="orders", filters=[filter_("account_id", id)], limit=1))["total"]


@question(
    "Which five salespeople won most deals in HubSpot?",
    "H",
    lambda t: sorted(
        count
        for _, count in Counter(
            t.owners[str(each["hubspot_owner_id"])]
            for each in t.live("hubspot", "deals")
            if each.get("hs_is_closed_won") == "true" and each.get("hubspot_owner_id")
        ).most_common(5)
    ),
)
async def _(agent: Asker) -> Any:
    rows = await agent.sql(
        "select u.name, count(*) from deals d join users u on u.id = d.owner_id where d.source = 'hubspot' and"
        " d.status = 'won' and not d.is_deleted group by 1 order by 2 desc limit 5"
    )
    return sorted(row[1] for row in rows)


@question("Which HubSpot companies were renamed since version 1?", "H", lambda t: ["Cancity Holding"])
async def _(agent: Asker) -> Any:
    changes = (await agent.call("changes_since", version=1, entities=["accounts"]))["changes"]
    renamed = [each["id"] for each in changes if "name" in each["columns"] and each["id"].startswith("hubspot:")]
    filters = [filter_("id", renamed, "in"), filter_("domain", "kancode.example", "!=")]
    found = await agent.call("query_records", entity="accounts", filters=filters, fields=["name"])
    return sorted(row[-1] for row in found["rows"])


@question(
    "Which NetSuite customer is called Zencorporation now?",
    "N",
    lambda t: next(str(c["companyname"]) for c in t.customers if host(c.get("url")) == "zencorporation.example"),
)
async def _(agent: Asker) -> Any:
    filters = [filter_("source", "netsuite"), filter_("domain", "zencorporation.example")]
    return (await agent.call("query_records", entity="accounts", filters=filters, fields=["name"]))["rows"][0][-1]


def overdue(truth: Truth) -> set[str]:
    """Domains with an invoice that was overdue on TODAY."""
    late = [each for each in truth.open_invoices if str(each["duedate"]) < TODAY]
    return {truth.domain_of_customer[str(each["entity"])] for each in late}


# -- several systems -----------------------------------------------------------------------------------------------

OWED = """
    owed as (select a.domain, sum(i.balance_base) as owed, min(i.due_date) as first_due from invoices i
        join accounts a on a.id = i.account_id where i.status = 'open' and i.doc_type = 'standard' and not i.is_deleted
        group by 1)
"""
OPEN = """
    opened as (select distinct a.domain from deals d join accounts a on a.id = d.account_id
        where d.source = 'salesforce' and d.status = 'open' and not d.is_deleted and a.domain is not null)
"""
WON = """
    won as (select distinct a.domain from deals d join accounts a on a.id = d.account_id
        where d.source = 'hubspot' and d.status = 'won' and not d.is_deleted and not a.is_deleted)
"""


@question(
    "Who owns, in HubSpot, the company that owes the most?",
    "HN",
    lambda t: t.owners[str(t.company(max(t.owed, key=lambda each: t.owed[each]))["hubspot_owner_id"])],
)
async def _(agent: Asker) -> Any:
    return await agent.one(
        f"with {OWED} select u.name from owed o join accounts a on a.domain = o.domain and a.source = 'hubspot'"
        " and not a.is_deleted join users u on u.id = a.owner_id order by o.owed desc limit 1"
    )


@question(
    "How many HubSpot companies have an open invoice?",
    "HN",
    lambda t: len({str(each.get("domain")) for each in t.companies} & set(t.owed)),
)
async def _(agent: Asker) -> Any:
    return await agent.one(
        f"with {OWED} select count(distinct a.domain) from owed o join accounts a on a.domain = o.domain"
        " where a.source = 'hubspot' and not a.is_deleted"
    )


@question(
    "How many companies are in HubSpot and in Salesforce, by domain?",
    "HS",
    lambda t: len(
        {str(each["domain"]) for each in t.companies if each.get("domain")}
        & {host(each.get("Website")) for each in t.accounts}
    ),
)
async def _(agent: Asker) -> Any:
    return await agent.one(
        "select count(*) from (select domain from accounts where not is_deleted and source in ('hubspot', 'salesforce')"
        " and domain is not null group by 1 having count(distinct source) = 2)"
    )


@question(
    "How many companies are in all three systems, by domain?",
    "HNS",
    lambda t: len(
        {str(each["domain"]) for each in t.companies if each.get("domain")}
        & {host(each.get("Website")) for each in t.accounts}
        & {host(each.get("url")) for each in t.customers} - {""}
    ),
)
async def _(agent: Asker) -> Any:
    return await agent.one(
        "select count(*) from (select domain from accounts where not is_deleted and domain is not null group by 1"
        " having count(distinct source) = 3)"
    )


@question(
    "How many companies have a won HubSpot deal, an open invoice and an open Salesforce opportunity?",
    "HNS",
    lambda t: len(t.won_domains & set(t.owed) & t.open_domains),
)
async def _(agent: Asker) -> Any:
    return await agent.one(
        f"with {OWED}, {OPEN}, {WON} select count(*) from won join owed using (domain) join opened using (domain)"
    )


@question(
    "How many companies have a won HubSpot deal and an open Salesforce opportunity?",
    "HS",
    lambda t: len(t.won_domains & t.open_domains),
)
async def _(agent: Asker) -> Any:
    return await agent.one(f"with {OPEN}, {WON} select count(*) from won join opened using (domain)")


@question(
    "Who owns, in Salesforce, the three companies that owe the most?",
    "NS",
    lambda t: sorted(
        t.users[str(t.account(domain)["OwnerId"])]
        for domain in sorted(t.owed, key=lambda each: t.owed[each], reverse=True)[:3]
    ),
)
async def _(agent: Asker) -> Any:
    rows = await agent.sql(
        f"with {OWED} select u.name from owed o join accounts a on a.domain = o.domain and a.source = 'salesforce'"
        " and not a.is_deleted join users u on u.id = a.owner_id order by o.owed desc limit 3"
    )
    return sorted(row[0] for row in rows)


@question(
    "Cancity: its HubSpot owner, how many open Salesforce opportunities, how many NetSuite orders?",
    "HNS",
    lambda t: [
        t.owners[str(t.company("cancity.example")["hubspot_owner_id"])],
        sum(t.domain_of_account.get(str(o.get("AccountId"))) == "cancity.example" for o in t.open_opportunities),
        sum(
            t.domain_of_customer[str(each["entity"])] == "cancity.example" for each in t.live("netsuite", "salesOrder")
        ),
    ],
)
async def _(agent: Asker) -> Any:
    owner = await agent.one(
        "select u.name from accounts a join users u on u.id = a.owner_id where a.domain = 'cancity.example'"
        " and a.source = 'hubspot'"
    )
    deals = await agent.one(
        "select count(*) from deals d join accounts a on a.id = d.account_id where a.domain = 'cancity.example'"
        " and d.source = 'salesforce' and d.status = 'open' and not d.is_deleted"
    )
    orders = await agent.one(
        "select count(*) from orders o join accounts a on a.id = o.account_id where a.domain = 'cancity.example'"
        " and o.source = 'netsuite' and not o.is_deleted"
    )
    return [owner, deals, orders]


@question(
    "Which companies are called otherwise in HubSpot than in Salesforce?",
    "HS",
    lambda t: sorted(
        str(each["name"])
        for each in t.companies
        for other in t.accounts
        if each.get("domain") and host(other.get("Website")) == each["domain"] and other["Name"] != each["name"]
    ),
)
async def _(agent: Asker) -> Any:
    rows = await agent.sql(
        "select h.name from accounts h join accounts s on s.domain = h.domain where h.source = 'hubspot' and"
        " s.source = 'salesforce' and h.name <> s.name and not h.is_deleted and not s.is_deleted order by 1"
    )
    return [row[0] for row in rows]


@question(
    "Which companies are called otherwise in NetSuite than in Salesforce?",
    "NS",
    lambda t: sorted(
        str(each["companyname"])
        for each in t.customers
        for other in t.accounts
        if host(each.get("url")) and host(each["url"]) == host(other.get("Website"))
        and other["Name"] != each["companyname"]
    ),
)  # fmt: skip
async def _(agent: Asker) -> Any:
    rows = await agent.sql(
        "select n.name from accounts n join accounts s on s.domain = n.domain where n.source = 'netsuite' and"
        " s.source = 'salesforce' and n.name <> s.name and not n.is_deleted and not s.is_deleted order by 1"
    )
    return [row[0] for row in rows]


@question(
    "How many people are in all three systems, by e-mail address?",
    "HNS",
    lambda t: len(
        {str(each.get("email")).lower() for each in t.live("hubspot", "contacts")}
        & {str(each.get("email")).lower() for each in t.live("netsuite", "contact")}
        & {str(each.get("Email")).lower() for each in t.live("salesforce", "Contact")} - {"none"}
    ),
)
async def _(agent: Asker) -> Any:
    return await agent.one(
        "select count(*) from (select lower(email) as e from contacts where not is_deleted and email <> '' group by 1"
        " having count(distinct source) = 3)"
    )


@question(
    "How many of our own people work in all three systems, by e-mail address?",
    "HNS",
    lambda t: len(
        {str(each.get("email")).lower() for each in t.hubspot.dump("owners") if not each.get("_deleted")}
        & {str(each.get("email")).lower() for each in t.live("netsuite", "employee")}
        & {str(each.get("Email")).lower() for each in t.live("salesforce", "User")}
    ),
)
async def _(agent: Asker) -> Any:
    return await agent.one(
        "select count(*) from (select lower(email) as e from users where not is_deleted and email <> '' group by 1"
        " having count(distinct source) = 3)"
    )


@question(
    "Of companies with a won HubSpot deal and an open Salesforce opportunity, how many NetSuite orders has the first?",
    "HNS",
    lambda t: max(
        Counter(
            domain
            for each in t.live("netsuite", "salesOrder")
            if (domain := t.domain_of_customer[str(each["entity"])]) in t.won_domains & t.open_domains
        ).values(),
        default=0,
    ),
)
async def _(agent: Asker) -> Any:
    found = await agent.one(
        f"with {OPEN}, {WON} select count(*) from orders o join accounts a on a.id = o.account_id"
        " join won using (domain) join opened using (domain) where o.source = 'netsuite' and not o.is_deleted"
        " group by domain order by 1 desc limit 1"
    )
    return found or 0


@question(
    "Which accounts with an open Salesforce opportunity have overdue NetSuite invoices, and who owns them in HubSpot?",
    "HNS",
    lambda t: sorted(
        [str(c["name"]), t.owners[str(c["hubspot_owner_id"])]]
        for c in t.companies
        if c.get("domain") in t.open_domains & overdue(t) and c.get("hubspot_owner_id")
    ),
)
async def _(agent: Asker) -> Any:
    return await agent.sql(
        f"with {OWED}, {OPEN} select a.name, u.name from owed join opened using (domain) join accounts a using (domain)"
        " join users u on u.id = a.owner_id where a.source = 'hubspot' and not a.is_deleted"
        f" and owed.first_due < date '{TODAY}' order by a.name, u.name"
    )


@question(
    f"What do companies in food retail, by HubSpot, owe that was overdue on {TODAY}?",
    "HN",
    lambda t: sum(
        unpaid(each)
        for each in t.open_invoices
        if str(each["duedate"]) < TODAY
        and t.domain_of_customer[str(each["entity"])]
        in {str(c.get("domain")) for c in t.companies if c.get("industry") == "food retail"}
    ),
)
async def _(agent: Asker) -> Any:
    return await agent.one(
        "select coalesce(sum(i.balance_base), 0) from invoices i join accounts n on n.id = i.account_id"
        " join accounts h on h.domain = n.domain and h.source = 'hubspot' and not h.is_deleted"
        " where h.industry = 'food retail' and i.status = 'open' and i.doc_type = 'standard' and not i.is_deleted"
        f" and i.due_date < date '{TODAY}'"
    )


@question(
    "Ernst Handel: what NetSuite says it owes, its number of Salesforce orders, and its HubSpot owner?",
    "HNS",
    lambda t: [
        t.owed.get("ernsthandel.example", 0),
        sum(
            t.domain_of_account.get(str(each["AccountId"])) == "ernsthandel.example"
            for each in t.live("salesforce", "Order")
        ),
        t.owners[str(t.company("ernsthandel.example")["hubspot_owner_id"])],
    ],
)
async def _(agent: Asker) -> Any:
    hits = (await agent.call("search_records", query="ernst handel", entities=["accounts"], limit=10))["hits"]
    ids = {each["id"].partition(":")[0]: each["id"] for each in hits}
    owed = await agent.one(
        f"select coalesce(sum(balance_base), 0) from invoices where account_id = '{ids['netsuite']}'"
        " and status = 'open' and doc_type = 'standard' and not is_deleted"
    )
    theirs = [filter_("account_id", ids["salesforce"])]
    sold = await agent.call("query_records", entity="orders", filters=theirs, limit=1)
    held = await agent.call("get_record", entity="accounts", id=ids["hubspot"], include=[], fields=["owner_id"])
    owner = await agent.call("get_record", entity="users", id=held["values"]["owner_id"], include=[], fields=["name"])
    return [owed, sold["total"], owner["values"]["name"]]


# -- not known -----------------------------------------------------------------------------------------------------


def not_known(why: str) -> Callable[[Truth], Any]:
    return lambda truth: NotKnown(why)


@question("What is the phone number of a contact of Kan-code?", "H", not_known("hidden"))
async def _(agent: Asker) -> Any:
    try:
        found = await agent.call("query_records", entity="contacts", fields=["phone"], limit=1)
    except Refused as error:
        return NotKnown("hidden") if "no column phone" in str(error) else str(error)
    return found["rows"]


@question("How was the last payment made?", "N", not_known("hidden"))
async def _(agent: Asker) -> Any:
    try:
        return await agent.sql("select method from payments order by paid_on desc limit 1")
    except Refused as error:
        return NotKnown("hidden") if "payments does not exist" in str(error) else str(error)


@question(f"What is the job title of {GONE} in HubSpot?", "H", not_known("deleted"))
async def _(agent: Asker) -> Any:
    found = await agent.call("search_records", query=GONE, entities=["contacts"], include_deleted=True)
    mine = [each for each in found["hits"] if each["id"].startswith("hubspot:")]
    if not mine or mine[0]["is_deleted"]:
        return NotKnown("deleted" if mine else "absent")
    return (await agent.call("get_record", entity="contacts", id=mine[0]["id"]))["values"]["title"]


@question("How many tickets has Cancity open?", "HNS", not_known("not synced"))
async def _(agent: Asker) -> Any:
    there = (await agent.call("list_entities"))["entities"]
    if not any(each["filled_by"] for each in there if each["entity"] == "tickets"):
        return NotKnown("not synced")
    return await agent.one("select count(*) from tickets where status = 'open'")


@question("How many Salesforce leads were converted?", "S", not_known("not synced"))
async def _(agent: Asker) -> Any:
    there = (await agent.call("list_entities"))["entities"]
    leads = [each for each in there if each["entity"] == "leads"]
    if not any(origin.startswith("salesforce.") for each in leads for origin in each["filled_by"]):
        return NotKnown("not synced")
    return await agent.one("select count(*) from leads where status = 'converted' and source = 'salesforce'")


@question("How many invoices are open two years from now?", "N", not_known("stale"))
async def _(agent: Asker) -> Any:
    found = await agent.call("query_records", entity="invoices", filters=[filter_("status", "open")], limit=1)
    as_of = [datetime.fromisoformat(each["as_of"]) for each in found["sources"] if each["as_of"]]
    asked = datetime.now(UTC) + timedelta(days=730)
    return NotKnown("stale") if not as_of or min(as_of) < asked else found["total"]


@question("Who owns Zeppelin Airlines?", "HNS", not_known("absent"))
async def _(agent: Asker) -> Any:
    found = await agent.call("search_records", query="zeppelin airlines", entities=["accounts"])
    return NotKnown("absent") if found["loose"] or not found["hits"] else found["hits"][0]["id"]
