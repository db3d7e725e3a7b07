"""Fills a portal from the shared world: record i of a table follows from i alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from backhaul.sandbox.chance import mix, pick
from backhaul.sandbox.hubspot.answers import stamp
from backhaul.sandbox.hubspot.catalogue import SUBSCRIPTION
from backhaul.sandbox.hubspot.portal import Portal
from backhaul.sandbox.tables import Table
from backhaul.sandbox.world import EPOCH, World

# The id before a table's first. Ids cross a power of ten on the way, so that comparing them as text shows.
BASES = {
    "companies": 9_900,
    "contacts": 99_800,
    "deals": 999_900,
    "tickets": 9_999_950,
    "products": 970,
    "line_items": 99_999_900,
    "quotes": 90,
    "leads": 980,
    "notes": 999_950,
    "tasks": 9_960,
    "calls": 99_960,
    "meetings": 9_970,
    "emails": 99_970,
    "communications": 95,
    SUBSCRIPTION: 9_995_000,
    "owners": 60_000_000,
}
# How many for each unit of scale; contacts and deals follow the world.
COUNTS = {
    "tickets": 80,
    "quotes": 20,
    "leads": 60,
    "notes": 120,
    "tasks": 60,
    "calls": 60,
    "meetings": 40,
    "emails": 60,
    "communications": 15,
}
STAGES = {"Won": "closedwon", "Lost": "closedlost", "Engaging": "qualifiedtobuy", "Prospecting": "appointmentscheduled"}
TIERS = ("Gold", "Silver", "Bronze", None)
INTERESTS = (None, "", "hardware", "hardware;software", "services;training", "software;services;training")
WORDS = ("renewal", "delivery", "invoice", "installation", "upgrade", "training", "warranty", "onboarding")


class Seeder:
    def __init__(self, portal: Portal, world: World) -> None:
        self._portal = portal
        self._world = world
        self._seed = world.seed
        self._subsidiaries = {company.name: company.index for company in world.companies}

    def plant(self) -> None:
        """Give every table and every pair of types its beginning."""
        portal = self._portal
        for name in (*portal.types, "owners"):
            portal.tables[name] = Table(name, getattr(self, f"_{'subscriptions' if name == SUBSCRIPTION else name}"))
        seeds = portal.links.seeds
        seeds["contacts", "companies"] = self._contacts_companies
        seeds["deals", "companies"] = self._deals_companies
        seeds["deals", "contacts"] = self._deals_contacts
        seeds["deals", "line_items"] = lambda: self._pairs("deals", "line_items", len(self._world.deals))
        seeds[SUBSCRIPTION, "companies"] = lambda: self._to_company(SUBSCRIPTION, len(self._world.companies) // 2)
        for name in COUNTS:
            if name == "quotes":
                seeds["quotes", "deals"] = lambda: self._pairs("quotes", "deals", self._count("quotes"))
            else:
                seeds[name, "contacts"] = lambda name=name: self._to_contact(name)  # type: ignore[misc]  # one a name
        for name in ("tickets", "notes"):
            seeds[name, "companies"] = lambda name=name: self._company_of_contact(name)  # type: ignore[misc]  # same

    def id(self, name: str, i: int) -> str:
        return str(BASES[name] + 1 + i)

    def _count(self, name: str) -> int:
        return COUNTS[name] * self._world.scale

    def _owner(self, i: int) -> str | None:
        # One record of eight has no owner.
        return None if mix(self._seed, 60, i) % 8 == 0 else self.id("owners", i % len(self._world.sellers))

    def _put(self, table: Table, i: int, values: dict[str, Any], created: datetime, changed: datetime) -> None:
        table.insert(values, id=self.id(table.name, i), at=created, changed_at=max(created, changed))

    def _later(self, salt: int, i: int, created: datetime) -> datetime:
        """When a record was last changed: a time between its making and the end of the world."""
        span = int((EPOCH - created).total_seconds() * 1000)
        return created + timedelta(milliseconds=mix(self._seed, salt, i) % max(span, 1))

    # -- tables -------------------------------------------------------------------------------------------------

    def _companies(self, table: Table) -> None:
        for company in self._world.companies:
            i, h = company.index, mix(self._seed, 61, company.index)
            parent = None if company.parent is None else self._subsidiaries.get(company.parent)
            values = {
                "name": company.name,
                "domain": company.domain,
                "website": f"https://www.{company.domain}",
                "industry": company.sector,
                "annualrevenue": str(company.revenue),
                "numberofemployees": str(company.employees),
                "phone": company.phone,
                "address": company.street,
                "city": company.city,
                # Emptied by a person, not never filled: HubSpot shows the two differently.
                "state": company.region or "",
                "zip": company.postal_code,
                "country": company.country,
                "founded_year": str(company.founded),
                "type": pick(("PROSPECT", "PARTNER", "OTHER"), self._seed, 62, i),
                "lifecyclestage": "customer" if h % 3 == 0 else "opportunity",
                "hubspot_owner_id": self._owner(i),
                "hs_parent_company_id": None if parent is None else self.id("companies", parent),
                "arr__c": f"{h % 900_000 + 1000}.{h % 100:02d}" if h % 5 else None,
                "tier__c": TIERS[h % 4],
                "health_score": str(h % 101) if h % 7 else None,
                "renewal_date": (date(2026, 7, 1) + timedelta(days=h % 365)).isoformat() if h % 3 == 0 else None,
            }
            self._put(table, i, values, company.created_at, self._later(63, i, company.created_at))

    def _contacts(self, table: Table) -> None:
        stages = ("subscriber", "lead", "marketingqualifiedlead", "opportunity", "customer")
        for person in self._world.people:
            i, company, h = person.index, person.company, mix(self._seed, 64, person.index)
            values = {
                "email": person.email if h % 50 else None,
                "firstname": person.first,
                "lastname": person.last,
                "phone": person.phone if h % 6 else "",
                "jobtitle": person.title,
                "company": company.name,
                "address": company.street,
                "city": company.city,
                "zip": company.postal_code,
                "country": company.country,
                "lifecyclestage": stages[h % 5],
                "hs_lead_status": ("NEW", "OPEN", "IN_PROGRESS", None)[h % 4],
                "associatedcompanyid": None if h % 20 == 0 else self.id("companies", company.index),
                "hs_email_optout": "true" if h % 30 == 0 else "false",
                "interests": INTERESTS[h % 6],
                "lead_score": str(h % 1000 / 10) if h % 4 else None,
                "hubspot_owner_id": self._owner(i),
            }
            self._put(table, i, values, person.created_at, self._later(65, i, person.created_at))

    def _deals(self, table: Table) -> None:
        of = self._portal.types["deals"]
        for deal in self._world.deals:
            i, h = deal.index, mix(self._seed, 66, deal.index)
            created = _morning(deal.created_on, h)
            closed = None if deal.closed_on is None else _morning(deal.closed_on, h)
            values = {
                "dealname": deal.name,
                "amount": None if deal.amount is None else str(deal.amount),
                "dealstage": STAGES[deal.stage],
                "pipeline": "default",
                "closedate": None if closed is None else stamp(closed),
                "dealtype": "existingbusiness" if h % 3 == 0 else "newbusiness",
                "deal_currency_code": "USD",
                "hs_priority": ("low", "medium", "high", None)[h % 4],
                "product_line": deal.product.series if deal.product else None,
                "contract_start": None if deal.stage != "Won" or closed is None else closed.date().isoformat(),
                "opportunity_code": deal.code,
                "hubspot_owner_id": self.id("owners", deal.seller.index),
            }
            self._put(table, i, values, created, self._later(67, i, closed or created))
            self._portal.calculate(of, table.order[-1])

    def _products(self, table: Table) -> None:
        for product in self._world.products:
            values = {
                "name": product.name,
                "hs_sku": product.sku,
                "price": str(product.price),
                "description": product.series,
                "hs_status": "inactive" if product.discontinued else "active",
            }
            self._put(table, product.index, values, EPOCH - timedelta(days=900), EPOCH - timedelta(days=300))

    def _line_items(self, table: Table) -> None:
        of = self._portal.types["line_items"]
        for deal in self._world.deals:
            i, product, h = deal.index, deal.product, mix(self._seed, 68, deal.index)
            values = {
                "name": deal.product_name,
                "hs_sku": product.sku if product else None,
                "hs_product_id": self.id("products", product.index) if product else None,
                "quantity": str(1 + h % 12),
                "price": str(product.price) if product else "0",
                "discount": str(h % 40) if h % 3 == 0 else None,
            }
            created = _morning(deal.created_on, h)
            self._put(table, i, values, created, created)
            self._portal.calculate(of, table.order[-1])

    def _subscriptions(self, table: Table) -> None:
        for i in range(len(self._world.companies) // 2):
            h = mix(self._seed, 69, i)
            starts = date(2024, 1, 1) + timedelta(days=h % 700)
            plan = ("starter", "team", "enterprise")[h % 3]
            values = {
                "subscription_name": f"{self._world.companies[i].name} {plan}",
                "plan": plan,
                "mrr": f"{h % 5000}.50",
                "seats": str(1 + h % 250),
                "starts_on": starts.isoformat(),
                "renews_at": stamp(_morning(starts, h) + timedelta(days=730)),
                "active": "false" if h % 6 == 0 else "true",
                "external_id": f"SUB-{i + 1:05d}",
                "hubspot_owner_id": self._owner(i),
            }
            created = _morning(starts, h)
            self._put(table, i, values, created, self._later(70, i, created))

    def _tickets(self, table: Table) -> None:
        for i, at, word, h in self._events("tickets"):
            values = {
                "subject": f"Question about {word}",
                "content": f"The {word} did not go as agreed.\nPlease call back.",
                "hs_pipeline": "0",
                "hs_pipeline_stage": str(1 + h % 4),
                "hs_ticket_priority": ("LOW", "MEDIUM", "HIGH", None)[h % 4],
                "hs_ticket_category": pick(("PRODUCT_ISSUE", "BILLING_ISSUE", "GENERAL_INQUIRY"), self._seed, 71, i),
                "source_type": "EMAIL",
                "closed_date": stamp(at + timedelta(days=3)) if h % 4 == 3 else None,
                "hubspot_owner_id": self._owner(i),
            }
            self._put(table, i, values, at, at + timedelta(days=3))

    def _quotes(self, table: Table) -> None:
        for i, at, word, h in self._events("quotes"):
            expires = stamp(at + timedelta(days=60))
            status = "DRAFT" if h % 2 else "APPROVAL_NOT_NEEDED"
            values = {"hs_title": f"Quote for {word}", "hs_expiration_date": expires, "hs_status": status}
            self._put(table, i, {**values, "hs_quote_amount": f"{h % 90_000}.00"}, at, at)

    def _leads(self, table: Table) -> None:
        stages = ("new-stage-id", "attempting-stage-id", "qualified-stage-id", "unqualified-stage-id")
        for i, at, word, h in self._events("leads"):
            values = {
                "hs_lead_name": f"Lead {i + 1}: {word}",
                "hs_lead_type": "NEW_BUSINESS",
                "hs_lead_label": ("HOT", "WARM", "COLD", None)[h % 4],
                "hs_pipeline": "lead-pipeline-id",
                "hs_pipeline_stage": stages[h % 4],
                "hubspot_owner_id": self._owner(i),
            }
            self._put(table, i, values, at, at + timedelta(hours=5))

    def _notes(self, table: Table) -> None:
        for i, at, word, h in self._events("notes"):
            values = {"hs_note_body": f"<p>Spoke about <b>{word}</b> &amp; next steps</p>"}
            if h % 7 == 0:
                values["hs_attachment_ids"] = ";".join(str(57_500_000 + i + n) for n in range(1 + h % 2))
            self._did(table, i, at, values)

    def _tasks(self, table: Table) -> None:
        for i, at, word, h in self._events("tasks"):
            values = {
                "hs_task_subject": f"Follow up on {word}",
                "hs_task_body": f"<p>{word}</p>",
                "hs_task_status": "COMPLETED" if h % 2 else "NOT_STARTED",
                "hs_task_priority": ("NONE", "LOW", "MEDIUM", "HIGH")[h % 4],
                "hs_task_type": "TODO",
            }
            self._did(table, i, at, values)

    def _calls(self, table: Table) -> None:
        for i, at, word, h in self._events("calls"):
            values = {
                "hs_call_title": f"Call about {word}",
                "hs_call_body": f"<p>{word}</p>",
                "hs_call_duration": str(h % 3_600_000),
                "hs_call_direction": "INBOUND" if h % 2 else "OUTBOUND",
                "hs_call_status": "NO_ANSWER" if h % 5 == 0 else "COMPLETED",
            }
            self._did(table, i, at, values)

    def _meetings(self, table: Table) -> None:
        for i, at, word, h in self._events("meetings"):
            values = {
                "hs_meeting_title": f"Meeting: {word}",
                "hs_meeting_body": f"<p>Agenda: {word}</p>",
                "hs_meeting_location": "" if h % 2 else "Video call",
                "hs_meeting_start_time": stamp(at),
                "hs_meeting_end_time": stamp(at + timedelta(minutes=45)),
                "hs_meeting_outcome": "COMPLETED" if h % 3 else "NO_SHOW",
            }
            self._did(table, i, at, values)

    def _emails(self, table: Table) -> None:
        for i, at, word, h in self._events("emails"):
            values = {
                "hs_email_subject": f"Your {word}",
                "hs_email_text": f"Hello,\n\nabout the {word}: see attached.\n",
                "hs_email_direction": "INCOMING_EMAIL" if h % 2 else "EMAIL",
                "hs_email_status": "SENT",
            }
            self._did(table, i, at, values)

    def _communications(self, table: Table) -> None:
        for i, at, word, _ in self._events("communications"):
            values = {"hs_communication_channel_type": "SMS", "hs_communication_body": f"See you about the {word}"}
            self._did(table, i, at, values)

    def _did(self, table: Table, i: int, at: datetime, values: dict[str, str]) -> None:
        self._put(table, i, {**values, "hs_timestamp": stamp(at), "hubspot_owner_id": self._owner(i)}, at, at)

    def _owners(self, table: Table) -> None:
        made = EPOCH - timedelta(days=1200)
        for seller in self._world.sellers:
            values = {
                "email": seller.email,
                "firstName": seller.first,
                "lastName": seller.last,
                "userId": 70_000_000 + seller.index,
                "teams": [{"id": str(1 + len(seller.office)), "name": seller.office, "primary": True}],
            }
            self._put(table, seller.index, values, made, made)
        # One has left: only `archived=true` shows an owner who is gone.
        gone = len(self._world.sellers)
        values = {"email": "former.colleague@mavencomputing.example", "firstName": "Former", "lastName": "Colleague"}
        self._put(table, gone, {**values, "userId": 70_000_000 + gone, "teams": []}, made, made)
        table.delete(self.id("owners", gone), EPOCH - timedelta(days=100))

    def _events(self, name: str) -> Iterator[tuple[int, datetime, str, int]]:
        """For records that happen at a time: number, time, what it is about, and chance."""
        salt = BASES[name]
        for i in range(self._count(name)):
            h = mix(self._seed, salt, i)
            yield i, EPOCH - timedelta(days=10, milliseconds=h % (700 * 86_400_000)), WORDS[h % len(WORDS)], h

    # -- links --------------------------------------------------------------------------------------------------

    def _contacts_companies(self) -> Iterator[tuple[str, str, bool]]:
        for row in self._portal.tables["contacts"].order:
            company = row.values.get("associatedcompanyid")
            if company:
                yield row.id, company, True

    def _deals_companies(self) -> Iterator[tuple[str, str, bool]]:
        for deal in self._world.deals:
            if deal.company is not None:
                yield self.id("deals", deal.index), self.id("companies", deal.company.index), True

    def _deals_contacts(self) -> Iterator[tuple[str, str, bool]]:
        for deal in self._world.deals:
            if deal.company is not None:
                # The first person of a company stands at the company's own number.
                yield self.id("deals", deal.index), self.id("contacts", deal.company.index), False

    def _to_contact(self, name: str) -> Iterator[tuple[str, str, bool]]:
        for i in range(self._count(name)):
            person = mix(self._seed, 72, i) % len(self._world.people)
            yield self.id(name, i), self.id("contacts", person), name == "leads"

    def _company_of_contact(self, name: str) -> Iterator[tuple[str, str, bool]]:
        for i in range(self._count(name)):
            person = mix(self._seed, 72, i) % len(self._world.people)
            yield self.id(name, i), self.id("companies", person % len(self._world.companies)), name == "tickets"

    def _to_company(self, name: str, count: int) -> Iterator[tuple[str, str, bool]]:
        for i in range(count):
            yield self.id(name, i), self.id("companies", i), False

    def _pairs(self, name: str, other: str, count: int) -> Iterator[tuple[str, str, bool]]:
        for i in range(count):
            yield self.id(name, i), self.id(other, i), False


def _morning(day: date, h: int) -> datetime:
    """A time of that day, to the millisecond."""
    return datetime.combine(day, time(8), UTC) + timedelta(milliseconds=h % 36_000_000)
