"""What the makers of seeded records stand on: ids, chance, and the accounts that all else refers to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from backhaul.sandbox.chance import mix, pick
from backhaul.sandbox.salesforce.ids import make_id
from backhaul.sandbox.salesforce.objects import INDUSTRIES, SOURCES, TIERS
from backhaul.sandbox.world import EPOCH, Company, Deal, World

Values = dict[str, Any]

Made = tuple[Values, datetime, datetime]  # values, created, changed
Maker = Callable[[], Iterable[Made]]

_PREFIXES = {
    "Account": "001", "Contact": "003", "Lead": "00Q", "User": "005", "Opportunity": "006", "OpportunityStage": "01J",
    "OpportunityLineItem": "00k", "OpportunityContactRole": "00K", "Campaign": "701", "CampaignMember": "00v",
    "Subscription__c": "a00", "Product2": "01t", "Pricebook2": "01s", "PricebookEntry": "01u", "Order": "801",
    "OrderItem": "802", "Task": "00T", "Event": "00U", "Case": "500", "CaseStatus": "02c",
    "CaseComment": "00a", "Attachment": "00P",
}  # fmt: skip


class Ground:
    """Row i of each object follows from i, so ids need no look-ups: the ids and the chance that all makers share."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seed = world.seed
        self.count = len(world.companies)
        # After the sellers come the user that the API runs as, and an administrator.
        self.user = self.id("User", len(world.sellers))
        self.companies = [self.account_values(company) for company in world.companies]
        self.by_name = {company.name: company.index for company in world.companies}

    def id(self, object: str, number: int) -> str:
        return make_id(_PREFIXES[object], number + 1)

    def mix(self, salt: int, i: int) -> int:
        return mix(self.seed, 500 + salt, i)

    def changed(self, created: datetime, salt: int, i: int) -> datetime:
        """Some time between a record's making and now, often soon after it."""
        room = max(1, int((EPOCH - created).total_seconds()))
        chance = self.mix(salt, i)
        reach = room if chance % 3 == 0 else min(room, 30 * 86400)
        return created + timedelta(seconds=(chance >> 8) % reach)

    def owner(self, number: int) -> str:
        return self.id("User", number % len(self.world.sellers))

    def contact_of(self, deal: Deal) -> str | None:
        """The first person of a deal's company."""
        return None if deal.company is None else self.id("Contact", deal.company.index)

    def account_values(self, company: Company) -> Values:
        i = company.index
        place: Values = {}
        for kind in ("Billing", "Shipping"):
            place[f"{kind}Street"], place[f"{kind}City"] = company.street, company.city
            place[f"{kind}State"], place[f"{kind}PostalCode"] = company.region, company.postal_code
            place[f"{kind}Country"] = company.country
        revenue = float(company.revenue)
        tier = TIERS[0 if revenue < 5e7 else 1 if revenue < 5e8 else 2 if revenue < 2e9 else 3]
        return {
            "Name": company.name,
            "Type": pick(("Prospect", "Customer - Direct", "Customer - Channel"), self.seed, 501, i),
            **place,
            "Phone": company.phone,
            "AccountNumber": f"AC-{i + 1:05d}",
            "Website": f"https://www.{company.domain}",
            "Industry": industry(company.sector),
            "AnnualRevenue": revenue,
            "NumberOfEmployees": company.employees,
            "Description": f"{company.name}, founded in {company.founded}.\nSector: {company.sector}",
            "Rating": pick(("Hot", "Warm", "Cold"), self.seed, 502, i),
            "OwnerId": self.owner(self.mix(3, i)),
            "AccountSource": pick(SOURCES, self.seed, 504, i),
            "ARR__c": round(revenue / 1000 + self.mix(5, i) % 100_000 / 100, 2),
            "Tier__c": tier,
            "Health_Score__c": None if i % 7 == 6 else float(self.mix(6, i) % 1001) / 10,
            "External_Id__c": f"ACC-{i + 1:05d}",
            "Revenue_Per_Employee__c": round(revenue / company.employees, 2) if company.employees else None,
        }


def industry(sector: str) -> str:
    known = {"marketing": "Media", "software": "Technology", "medical": "Healthcare", "employment": "Consulting"}
    known |= {"services": "Consulting", "entertainment": "Media", "telecommunications": "Telecommunications"}
    known |= {"food retail": "Food & Beverage", "wholesale": "Retail"}
    word = known.get(sector, sector.title())
    return word if word in INDUSTRIES else "Other"


def moment(day: date, chance: int) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(seconds=chance % 86400)
