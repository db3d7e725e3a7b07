"""The world as this org holds it: row i of each object follows from i, so ids need no look-ups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC as UTC_ZONE
from datetime import date, datetime, time, timedelta
from typing import Any

from backhaul.sandbox import atlas
from backhaul.sandbox.chance import mix, pick
from backhaul.sandbox.salesforce.derived import full_name
from backhaul.sandbox.salesforce.ids import make_id
from backhaul.sandbox.salesforce.objects import INDUSTRIES, PLANS, SOURCES, STAGES, TIERS
from backhaul.sandbox.salesforce.values import stamp
from backhaul.sandbox.tables import Table
from backhaul.sandbox.world import EPOCH, Company, Deal, World

Values = dict[str, Any]
Made = tuple[Values, datetime, datetime]  # values, created, changed
LEADS, CASES, SUBSCRIPTIONS, MEMBERS = 120, 80, 150, 100
STAGE_OF = {
    "Prospecting": "Prospecting",
    "Engaging": "Proposal/Price Quote",
    "Won": "Closed Won",
    "Lost": "Closed Lost",
}
CAMPAIGNS = ("Spring webinar", "Customer conference", "Product newsletter", "Partner roadshow", "Trade fair", "Winback")
# Activities that were closed before this day are archived: only queryAll shows them.
ARCHIVED_BEFORE = date(2025, 6, 30)
_PREFIXES = {
    "Account": "001", "Contact": "003", "Lead": "00Q", "User": "005", "Opportunity": "006", "OpportunityStage": "01J",
    "OpportunityLineItem": "00k", "OpportunityContactRole": "00K", "Campaign": "701", "CampaignMember": "00v",
    "Subscription__c": "a00", "Product2": "01t", "Pricebook2": "01s", "PricebookEntry": "01u", "Order": "801",
    "OrderItem": "802", "Task": "00T", "Event": "00U", "Case": "500", "CaseStatus": "02c",
}  # fmt: skip


class Seed:
    """Fills the tables of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seed = world.seed
        self._count = len(world.companies)
        # After the sellers come the user that the API runs as, and an administrator.
        self.user = self._id("User", len(world.sellers))
        self._companies = [self._account_values(company) for company in world.companies]
        self._by_name = {company.name: company.index for company in world.companies}

    def fillers(self) -> Mapping[str, Callable[[Table], None]]:
        makers: dict[str, Callable[[], Iterable[Made]]] = {
            "Account": self._accounts,
            "Contact": self._contacts,
            "Lead": self._leads,
            "User": self._users,
            "Opportunity": self._opportunities,
            "OpportunityStage": self._stages,
            "OpportunityLineItem": self._lines,
            "OpportunityContactRole": self._roles,
            "Campaign": self._campaigns,
            "CampaignMember": self._members,
            "Subscription__c": self._subscriptions,
            "Product2": self._products,
            "Pricebook2": self._pricebooks,
            "PricebookEntry": self._entries,
            "Order": self._orders,
            "OrderItem": self._items,
            "Task": self._tasks,
            "Event": self._events,
            "Case": self._cases,
            "CaseStatus": self._case_statuses,
        }
        return {name: self._filler(name, make) for name, make in makers.items()}

    def _filler(self, object: str, make: Callable[[], Iterable[Made]]) -> Callable[[Table], None]:
        deletes = object not in ("User", "OpportunityStage", "CaseStatus")

        def fill(table: Table) -> None:
            for number, (values, created, changed) in enumerate(make()):
                id = self._id(object, number)
                whole = {"Id": id, **{name: value for name, value in values.items() if value is not None}}
                if deletes:
                    whole["IsDeleted"] = False
                text = stamp(changed)
                whole["CreatedDate"] = stamp(created)
                whole["CreatedById"] = whole["LastModifiedById"] = self.user
                whole["LastModifiedDate"] = whole["SystemModstamp"] = text
                table.insert(whole, id=id, at=created, changed_at=changed)

        return fill

    def _id(self, object: str, number: int) -> str:
        return make_id(_PREFIXES[object], number + 1)

    def _mix(self, salt: int, i: int) -> int:
        return mix(self._seed, 500 + salt, i)

    def _changed(self, created: datetime, salt: int, i: int) -> datetime:
        """Some time between a record's making and now, often soon after it."""
        room = max(1, int((EPOCH - created).total_seconds()))
        reach = room if self._mix(salt, i) % 3 == 0 else min(room, 30 * 86400)
        return created + timedelta(seconds=self._mix(salt + 1, i) % reach)

    def _owner(self, number: int) -> str:
        return self._id("User", number % len(self._world.sellers))

    def _account_values(self, company: Company) -> Values:
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
            "Type": pick(("Prospect", "Customer - Direct", "Customer - Channel"), self._seed, 501, i),
            **place,
            "Phone": company.phone,
            "AccountNumber": f"AC-{i + 1:05d}",
            "Website": f"https://www.{company.domain}",
            "Industry": _industry(company.sector),
            "AnnualRevenue": revenue,
            "NumberOfEmployees": company.employees,
            "Description": f"{company.name}, founded in {company.founded}.\nSector: {company.sector}",
            "Rating": pick(("Hot", "Warm", "Cold"), self._seed, 502, i),
            "OwnerId": self._owner(self._mix(3, i)),
            "AccountSource": pick(SOURCES, self._seed, 504, i),
            "ARR__c": round(revenue / 1000 + self._mix(5, i) % 100_000 / 100, 2),
            "Tier__c": tier,
            "Health_Score__c": None if i % 7 == 6 else float(self._mix(6, i) % 1001) / 10,
            "External_Id__c": f"ACC-{i + 1:05d}",
            "Revenue_Per_Employee__c": round(revenue / company.employees, 2) if company.employees else None,
        }

    def _accounts(self) -> Iterable[Made]:
        for company, values in zip(self._world.companies, self._companies, strict=True):
            parent = self._by_name.get(company.parent or "")
            if parent is not None:
                values["ParentId"] = self._id("Account", parent)
            yield values, company.created_at, self._changed(company.created_at, 10, company.index)

    def _contacts(self) -> Iterable[Made]:
        ids = [self._id("Account", i) for i in range(self._count)]
        for i, person in enumerate(self._world.people):
            at = person.company.index
            company = self._companies[at]
            values: Values = {
                "AccountId": ids[at],
                "FirstName": person.first or None,
                "LastName": person.last or person.first,
                "Email": person.email,
                "Title": person.title,
                "Phone": person.phone,
                "MailingStreet": company["BillingStreet"],
                "MailingCity": company["BillingCity"],
                "MailingState": company["BillingState"],
                "MailingPostalCode": company["BillingPostalCode"],
                "MailingCountry": company["BillingCountry"],
                "Department": ("Purchasing", "Finance", "IT", None)[i % 4],
                "LeadSource": SOURCES[self._mix(20, i) % len(SOURCES)],
                "OwnerId": company["OwnerId"],
                "HasOptedOutOfEmail": i % 17 == 0,
                "DoNotCall": i % 23 == 0,
                "External_Id__c": f"CON-{i + 1:07d}",
                "Interests__c": ("Hardware;Training", "Software", None, "Hardware;Software;Support")[i % 4],
                "Engagement_Score__c": float(self._mix(21, i) % 100),
                "Account_Tier__c": company["Tier__c"],
            }
            values["Name"] = full_name(values)
            yield values, person.created_at, self._changed(person.created_at, 22, i)

    def _leads(self) -> Iterable[Made]:
        for i in range(LEADS * self._world.scale):
            first = atlas.FIRST_NAMES[self._mix(30, i) % len(atlas.FIRST_NAMES)]
            last = atlas.LAST_NAMES[self._mix(31, i) % len(atlas.LAST_NAMES)]
            company = self._world.companies[self._mix(32, i) % self._count]
            created = EPOCH - timedelta(seconds=1 + self._mix(33, i) % (700 * 86400))
            converted = i % 9 == 8
            values: Values = {
                "FirstName": first,
                "LastName": last,
                "Name": f"{first} {last}",
                "Company": f"{company.name} Labs",
                "Title": atlas.TITLES[self._mix(34, i) % len(atlas.TITLES)],
                "City": company.city,
                "Country": company.country,
                "Email": f"lead{i + 1}@{company.slug}labs.example",
                "Phone": f"+1 555 {self._mix(35, i) % 10_000_000:07d}",
                "LeadSource": SOURCES[self._mix(36, i) % len(SOURCES)],
                "Status": "Closed - Converted" if converted else STATUSES[self._mix(37, i) % len(STATUSES)],
                "Industry": _industry(company.sector),
                "Rating": ("Hot", "Warm", "Cold", None)[i % 4],
                "AnnualRevenue": float(self._mix(38, i) % 5000 * 1000),
                "NumberOfEmployees": 1 + self._mix(39, i) % 900,
                "OwnerId": self._owner(self._mix(40, i)),
                "HasOptedOutOfEmail": False,
                "IsConverted": converted,
                "ConvertedDate": (created + timedelta(days=1)).date().isoformat() if converted else None,
                "ConvertedAccountId": self._id("Account", company.index) if converted else None,
                # Two leads in a row share one, as records imported twice do.
                "Legacy_Id__c": f"L-{i // 2 + 1}",
            }
            yield values, created, self._changed(created, 41, i)

    def _users(self) -> Iterable[Made]:
        at = EPOCH - timedelta(days=1400)
        managers = {f"{one.first} {one.last}": one.index for one in self._world.sellers}
        for seller in self._world.sellers:
            manager = managers.get(seller.manager or "")
            yield (
                _user(seller.first, seller.last, seller.email, seller.index)
                | {
                    "Division": seller.office,
                    "Title": "Account executive" if seller.manager else "Sales manager",
                    "ManagerId": None if manager is None else self._id("User", manager),
                    "IsActive": seller.index % 13 != 12,
                },
                at,
                self._changed(at, 50, seller.index),
            )
        number = len(self._world.sellers)
        yield _user("Integration", "User", "integration@mavencomputing.example", number), at, at
        yield _user("Ada", "Admin", "admin@mavencomputing.example", number + 1), at, at

    def _opportunities(self) -> Iterable[Made]:
        probabilities = {name: (probability, closed, won, kind) for name, probability, closed, won, kind in STAGES}
        for i, deal in enumerate(self._world.deals):
            stage = STAGE_OF[deal.stage]
            probability, closed, won, forecast = probabilities[stage]
            created = _moment(deal.created_on, self._mix(60, i))
            amount = None if deal.amount is None else float(deal.amount)
            close = deal.closed_on or deal.created_on + timedelta(days=90)
            changed = _moment(close, self._mix(61, i)) if closed else self._changed(created, 62, i)
            values: Values = {
                "AccountId": None if deal.company is None else self._id("Account", deal.company.index),
                "Name": deal.name[:120],
                "StageName": stage,
                "Amount": amount,
                "Probability": float(probability),
                "ExpectedRevenue": None if amount is None else round(amount * probability / 100, 2),
                "CloseDate": close.isoformat(),
                "Type": "New Customer" if i % 3 else "Existing Customer - Upgrade",
                "LeadSource": SOURCES[self._mix(63, i) % len(SOURCES)],
                "IsPrivate": False,
                "IsClosed": closed,
                "IsWon": won,
                "ForecastCategory": forecast,
                "ForecastCategoryName": "Best Case" if forecast == "BestCase" else forecast,
                "HasOpportunityLineItem": deal.product is not None,
                "Pricebook2Id": self._id("Pricebook2", 0),
                "OwnerId": self._id("User", deal.seller.index),
                "LastStageChangeDate": stamp(changed),
                "ContactId": self._contact_of(deal),
                "External_Id__c": deal.code,
            }
            yield values, created, max(created, min(changed, EPOCH))

    def _contact_of(self, deal: Deal) -> str | None:
        """The first person of a deal's company."""
        return None if deal.company is None else self._id("Contact", deal.company.index)

    def _stages(self) -> Iterable[Made]:
        at = EPOCH - timedelta(days=1500)
        for i, (name, probability, closed, won, forecast) in enumerate(STAGES):
            yield (
                {
                    "MasterLabel": name,
                    "ApiName": name,
                    "IsActive": True,
                    "SortOrder": i + 1,
                    "IsClosed": closed,
                    "IsWon": won,
                    "ForecastCategory": forecast,
                    "ForecastCategoryName": "Best Case" if forecast == "BestCase" else forecast,
                    "DefaultProbability": float(probability),
                },
                at,
                at,
            )

    def _case_statuses(self) -> Iterable[Made]:
        at = EPOCH - timedelta(days=1500)
        for i, name in enumerate(("New", "Working", "Escalated", "Closed")):
            yield {"MasterLabel": name, "ApiName": name, "SortOrder": i + 1, "IsClosed": i == 3}, at, at

    def _lines(self) -> Iterable[Made]:
        for i, deal in enumerate(self._world.deals):
            if deal.product is None:
                continue
            created = _moment(deal.created_on, self._mix(60, i))
            price = float(deal.product.price)
            quantity = float(1 + self._mix(70, i) % 5)
            yield (
                {
                    "OpportunityId": self._id("Opportunity", i),
                    "SortOrder": 1,
                    "PricebookEntryId": self._id("PricebookEntry", deal.product.index),
                    "Product2Id": self._id("Product2", deal.product.index),
                    "ProductCode": deal.product.sku,
                    "Name": f"{deal.name} {deal.product.name}"[:376],
                    "Quantity": quantity,
                    "UnitPrice": price,
                    "ListPrice": price,
                    "TotalPrice": round(price * quantity, 2),
                },
                created,
                self._changed(created, 71, i),
            )

    def _roles(self) -> Iterable[Made]:
        for i, deal in enumerate(self._world.deals):
            if deal.company is not None:
                created = _moment(deal.created_on, self._mix(60, i))
                role = ("Decision Maker", "Economic Buyer", "Evaluator")[i % 3]
                values = {
                    "OpportunityId": self._id("Opportunity", i),
                    "ContactId": self._contact_of(deal),
                    "Role": role,
                    "IsPrimary": True,
                }
                yield values, created, created

    def _campaigns(self) -> Iterable[Made]:
        for i, name in enumerate(CAMPAIGNS):
            start = date(2025, 1 + i * 2, 10)
            at = _moment(start, i)
            values = {
                "Name": name,
                "Type": ("Webinar", "Conference", "Email", "Other")[i % 4],
                "Status": "Completed" if i < 4 else "In Progress",
                "StartDate": start.isoformat(),
                "EndDate": (start + timedelta(days=20)).isoformat(),
                "BudgetedCost": 5000.0 * (i + 1),
                "IsActive": i >= 4,
                "NumberSent": float(self._mix(80, i) % 5000),
                "OwnerId": self._owner(i),
            }
            yield values, at, self._changed(at, 81, i)

    def _members(self) -> Iterable[Made]:
        leads, people = LEADS * self._world.scale, len(self._world.people)
        for i in range(MEMBERS * self._world.scale):
            at = EPOCH - timedelta(seconds=1 + self._mix(85, i) % (400 * 86400))
            who = ("LeadId", "Lead", leads) if i % 2 else ("ContactId", "Contact", people)
            values = {
                "CampaignId": self._id("Campaign", i % len(CAMPAIGNS)),
                who[0]: self._id(who[1], self._mix(86, i) % who[2]),
                "Status": "Responded" if i % 3 == 0 else "Sent",
                "HasResponded": i % 3 == 0,
                "FirstRespondedDate": at.date().isoformat() if i % 3 == 0 else None,
            }
            yield values, at, at

    def _subscriptions(self) -> Iterable[Made]:
        for i in range(SUBSCRIPTIONS * self._world.scale):
            company = self._world.companies[i % self._count]
            start = EPOCH.date() - timedelta(days=self._mix(90, i) % 1000)
            at = _moment(start, self._mix(91, i) % 80_000)
            plan = self._mix(92, i) % len(PLANS)
            seats = 1 + self._mix(93, i) % 200
            values = {
                "Name": f"{company.name} {PLANS[plan]}"[:80],
                "Account__c": self._id("Account", company.index),
                "Plan__c": PLANS[plan],
                "MRR__c": round(seats * (9.5, 19.0, 29.9, 49.0)[plan], 2),
                "Start_Date__c": start.isoformat(),
                "Seats__c": float(seats),
                "Active__c": i % 8 != 7,
                "External_Id__c": f"SUB-{i + 1:06d}",
                "OwnerId": self._companies[company.index]["OwnerId"],
            }
            yield values, min(at, EPOCH), self._changed(min(at, EPOCH), 94, i)

    def _products(self) -> Iterable[Made]:
        at = EPOCH - timedelta(days=1300)
        families = {"GTX", "MG", "GTK"}
        for product in self._world.products:
            values = {
                "Name": product.name,
                "ProductCode": product.sku,
                "Description": f"{product.name} ({product.series})",
                "IsActive": not product.discontinued,
                "Family": product.series if product.series in families else "Food",
                "StockKeepingUnit": product.sku,
                "QuantityUnitOfMeasure": "Each",
                "IsArchived": False,
                "External_Id__c": product.sku,
            }
            yield values, at, self._changed(at, 100, product.index)

    def _pricebooks(self) -> Iterable[Made]:
        at = EPOCH - timedelta(days=1300)
        yield {"Name": "Standard Price Book", "IsActive": True, "IsStandard": True}, at, at

    def _entries(self) -> Iterable[Made]:
        at = EPOCH - timedelta(days=1299)
        for product in self._world.products:
            values = {
                "Name": product.name,
                "Pricebook2Id": self._id("Pricebook2", 0),
                "Product2Id": self._id("Product2", product.index),
                "ProductCode": product.sku,
                "UnitPrice": float(product.price),
                "IsActive": not product.discontinued,
                "UseStandardPrice": False,
            }
            yield values, at, at

    def _orders(self) -> Iterable[Made]:
        for i, order in enumerate(self._world.orders):
            at = _moment(order.ordered_on, self._mix(110, i))
            company = self._companies[order.company.index]
            values = {
                "AccountId": self._id("Account", order.company.index),
                "OrderNumber": f"{i + 100:08d}",
                "EffectiveDate": order.ordered_on.isoformat(),
                "EndDate": order.required_on.isoformat(),
                "Status": "Activated" if order.shipped_on else "Draft",
                "StatusCode": "Activated" if order.shipped_on else "Draft",
                "Type": "New",
                "TotalAmount": float(order.total),
                "Pricebook2Id": self._id("Pricebook2", 0),
                "PoNumber": f"PO-{order.number}",
                "OwnerId": self._id("User", order.seller.index),
                "BillingStreet": company["BillingStreet"],
                "BillingCity": company["BillingCity"],
                "BillingCountry": company["BillingCountry"],
                "External_Id__c": f"ORD-{order.number}",
            }
            yield values, at, self._changed(at, 111, i)

    def _items(self) -> Iterable[Made]:
        number = 0
        for i, order in enumerate(self._world.orders):
            at = _moment(order.ordered_on, self._mix(110, i))
            for line in order.lines:
                number += 1
                quantity = float(line.quantity)
                price = float(line.unit_price * (1 - line.discount))
                yield (
                    {
                        "OrderId": self._id("Order", i),
                        "Product2Id": self._id("Product2", line.product.index),
                        "PricebookEntryId": self._id("PricebookEntry", line.product.index),
                        "OrderItemNumber": f"{number:010d}",
                        "Quantity": quantity,
                        "UnitPrice": round(price, 2),
                        "ListPrice": float(line.unit_price),
                        "TotalPrice": float(line.amount),
                    },
                    at,
                    at,
                )

    def _tasks(self) -> Iterable[Made]:
        subjects = ("Call", "Email", "Send quote", "Send letter", "Other")
        for i in range(len(self._world.deals) * 2):
            deal = self._world.deals[i // 2]
            due = deal.created_on + timedelta(days=3 + self._mix(120, i) % 60)
            closed = due < EPOCH.date() and i % 5 != 0
            at = _moment(deal.created_on, self._mix(121, i))
            subject = subjects[i % len(subjects)]
            values = {
                "WhoId": self._contact_of(deal),
                "WhatId": self._id("Opportunity", i // 2),
                "AccountId": None if deal.company is None else self._id("Account", deal.company.index),
                "Subject": subject,
                "ActivityDate": due.isoformat(),
                "Status": "Completed" if closed else "Not Started",
                "Priority": "High" if i % 11 == 0 else "Normal",
                "IsHighPriority": i % 11 == 0,
                "OwnerId": self._id("User", deal.seller.index),
                "Description": f'{subject}: "{deal.name}"\r\nNext step agreed.' if i % 4 == 0 else None,
                "IsClosed": closed,
                "IsArchived": closed and due < ARCHIVED_BEFORE,
                "TaskSubtype": "Call" if subject == "Call" else "Email" if subject == "Email" else "Task",
                "CallDurationInSeconds": self._mix(122, i) % 1800 if subject == "Call" else None,
                "CallType": "Outbound" if subject == "Call" else None,
                "CompletedDateTime": stamp(_moment(due, self._mix(123, i))) if closed else None,
            }
            yield values, at, _moment(due, self._mix(123, i)) if closed else at

    def _events(self) -> Iterable[Made]:
        for i in range(0, len(self._world.deals), 3):
            deal = self._world.deals[i]
            start = datetime.combine(deal.created_on + timedelta(days=10), time(9 + i % 8), UTC_ZONE)
            at = _moment(deal.created_on, self._mix(130, i))
            values = {
                "WhoId": self._contact_of(deal),
                "WhatId": self._id("Opportunity", i),
                "AccountId": None if deal.company is None else self._id("Account", deal.company.index),
                "Subject": "Meeting",
                "Location": None if deal.company is None else deal.company.city,
                "IsAllDayEvent": False,
                "ActivityDateTime": stamp(start),
                "ActivityDate": start.date().isoformat(),
                "StartDateTime": stamp(start),
                "EndDateTime": stamp(start + timedelta(minutes=45)),
                "DurationInMinutes": 45,
                "ShowAs": "Busy",
                "IsPrivate": False,
                "IsArchived": start.date() < ARCHIVED_BEFORE,
                "OwnerId": self._id("User", deal.seller.index),
            }
            yield values, at, self._changed(at, 131, i)

    def _cases(self) -> Iterable[Made]:
        for i in range(CASES * self._world.scale):
            contact = self._mix(140, i) % len(self._world.people)
            at = EPOCH - timedelta(seconds=1 + self._mix(141, i) % (500 * 86400))
            closed = i % 3 != 0
            changed = self._changed(at, 142, i)
            values = {
                "CaseNumber": f"{i + 1001:08d}",
                "ContactId": self._id("Contact", contact),
                "AccountId": self._id("Account", contact % self._count),
                "Type": ("Electrical", "Mechanical", "Other")[i % 3],
                "Status": "Closed" if closed else ("New", "Working", "Escalated")[i // 3 % 3],
                "Origin": ("Phone", "Email", "Web")[i % 3],
                "Subject": f"{('Question about', 'Trouble with', 'Return of')[i % 3]} order {10248 + i}",
                "Priority": ("High", "Medium", "Low")[i % 3],
                "Description": "Seen by the customer.\nPlease call back.",
                "IsClosed": closed,
                "ClosedDate": stamp(changed) if closed else None,
                "IsEscalated": False,
                "OwnerId": self._owner(self._mix(143, i)),
            }
            yield values, at, changed


STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Not Converted")


def _user(first: str, last: str, email: str, number: int) -> Values:
    return {
        "Username": email,
        "FirstName": first,
        "LastName": last,
        "Name": f"{first} {last}",
        "Email": email,
        "Alias": (first[:1] + last[:4]).lower(),
        "CompanyName": "Maven Computing",
        "EmployeeNumber": str(1000 + number),
        "IsActive": True,
        "UserType": "Standard",
        "TimeZoneSidKey": "America/Los_Angeles",
        "LanguageLocaleKey": "en_US",
        "FederationIdentifier": email,
    }


def _industry(sector: str) -> str:
    known = {"marketing": "Media", "software": "Technology", "medical": "Healthcare", "employment": "Consulting"}
    known |= {"services": "Consulting", "entertainment": "Media", "telecommunications": "Telecommunications"}
    known |= {"food retail": "Food & Beverage", "wholesale": "Retail"}
    word = known.get(sector, sector.title())
    return word if word in INDUSTRIES else "Other"


def _moment(day: date, chance: int) -> datetime:
    return datetime.combine(day, time(), UTC_ZONE) + timedelta(seconds=chance % 86400)
