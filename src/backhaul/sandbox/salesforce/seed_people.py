"""Accounts, contacts, leads, users and campaigns, out of the world."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from backhaul.sandbox import atlas
from backhaul.sandbox.salesforce.derived import full_name
from backhaul.sandbox.salesforce.ground import Ground, Made, Maker, Values, industry, moment
from backhaul.sandbox.salesforce.objects import SOURCES
from backhaul.sandbox.world import EPOCH

LEADS, MEMBERS = 120, 100

CAMPAIGNS = ("Spring webinar", "Customer conference", "Product newsletter", "Partner roadshow", "Trade fair", "Winback")

STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Not Converted")


class People(Ground):
    """Who the org knows."""

    def makers(self) -> dict[str, Maker]:
        return {
            "Account": self._accounts,
            "Contact": self._contacts,
            "Lead": self._leads,
            "User": self._users,
            "Campaign": self._campaigns,
            "CampaignMember": self._members,
        }

    def _accounts(self) -> Iterable[Made]:
        for company, values in zip(self.world.companies, self.companies, strict=True):
            parent = self.by_name.get(company.parent or "")
            if parent is not None:
                values["ParentId"] = self.id("Account", parent)
            yield values, company.created_at, self.changed(company.created_at, 10, company.index)

    def _contacts(self) -> Iterable[Made]:
        ids = [self.id("Account", i) for i in range(self.count)]
        for i, person in enumerate(self.world.people):
            at = person.company.index
            company = self.companies[at]
            chance = self.mix(20, i)
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
                "LeadSource": SOURCES[chance % len(SOURCES)],
                "OwnerId": company["OwnerId"],
                "HasOptedOutOfEmail": i % 17 == 0,
                "DoNotCall": i % 23 == 0,
                "External_Id__c": f"CON-{i + 1:07d}",
                "Interests__c": ("Hardware;Training", "Software", None, "Hardware;Software;Support")[i % 4],
                "Engagement_Score__c": float((chance >> 16) % 100),
                "Account_Tier__c": company["Tier__c"],
            }
            values["Name"] = full_name(values)
            yield values, person.created_at, self.changed(person.created_at, 22, i)

    def _leads(self) -> Iterable[Made]:
        for i in range(LEADS * self.world.scale):
            first = atlas.FIRST_NAMES[self.mix(30, i) % len(atlas.FIRST_NAMES)]
            last = atlas.LAST_NAMES[self.mix(31, i) % len(atlas.LAST_NAMES)]
            company = self.world.companies[self.mix(32, i) % self.count]
            created = EPOCH - timedelta(seconds=1 + self.mix(33, i) % (700 * 86400))
            converted = i % 9 == 8
            values: Values = {
                "FirstName": first,
                "LastName": last,
                "Name": f"{first} {last}",
                "Company": f"{company.name} Labs",
                "Title": atlas.TITLES[self.mix(34, i) % len(atlas.TITLES)],
                "City": company.city,
                "Country": company.country,
                "Email": f"lead{i + 1}@{company.slug}labs.example",
                "Phone": f"+1 555 {self.mix(35, i) % 10_000_000:07d}",
                "LeadSource": SOURCES[self.mix(36, i) % len(SOURCES)],
                "Status": "Closed - Converted" if converted else STATUSES[self.mix(37, i) % len(STATUSES)],
                "Industry": industry(company.sector),
                "Rating": ("Hot", "Warm", "Cold", None)[i % 4],
                "AnnualRevenue": float(self.mix(38, i) % 5000 * 1000),
                "NumberOfEmployees": 1 + self.mix(39, i) % 900,
                "OwnerId": self.owner(self.mix(40, i)),
                "HasOptedOutOfEmail": False,
                "IsConverted": converted,
                "ConvertedDate": (created + timedelta(days=1)).date().isoformat() if converted else None,
                "ConvertedAccountId": self.id("Account", company.index) if converted else None,
                # Two leads in a row share one, as records imported twice do.
                "Legacy_Id__c": f"L-{i // 2 + 1}",
            }
            yield values, created, self.changed(created, 41, i)

    def _users(self) -> Iterable[Made]:
        at = EPOCH - timedelta(days=1400)
        managers = {f"{one.first} {one.last}": one.index for one in self.world.sellers}
        for seller in self.world.sellers:
            manager = managers.get(seller.manager or "")
            yield (
                _user(seller.first, seller.last, seller.email, seller.index)
                | {
                    "Division": seller.office,
                    "Title": "Account executive" if seller.manager else "Sales manager",
                    "ManagerId": None if manager is None else self.id("User", manager),
                    "IsActive": seller.index % 13 != 12,
                },
                at,
                self.changed(at, 50, seller.index),
            )
        number = len(self.world.sellers)
        yield _user("Integration", "User", "integration@mavencomputing.example", number), at, at
        yield _user("Ada", "Admin", "admin@mavencomputing.example", number + 1), at, at

    def _campaigns(self) -> Iterable[Made]:
        for i, name in enumerate(CAMPAIGNS):
            start = date(2025, 1 + i * 2, 10)
            at = moment(start, i)
            values = {
                "Name": name,
                "Type": ("Webinar", "Conference", "Email", "Other")[i % 4],
                "Status": "Completed" if i < 4 else "In Progress",
                "StartDate": start.isoformat(),
                "EndDate": (start + timedelta(days=20)).isoformat(),
                "BudgetedCost": 5000.0 * (i + 1),
                "IsActive": i >= 4,
                "NumberSent": float(self.mix(80, i) % 5000),
                "OwnerId": self.owner(i),
            }
            yield values, at, self.changed(at, 81, i)

    def _members(self) -> Iterable[Made]:
        leads, people = LEADS * self.world.scale, len(self.world.people)
        for i in range(MEMBERS * self.world.scale):
            at = EPOCH - timedelta(seconds=1 + self.mix(85, i) % (400 * 86400))
            who = ("LeadId", "Lead", leads) if i % 2 else ("ContactId", "Contact", people)
            values = {
                "CampaignId": self.id("Campaign", i % len(CAMPAIGNS)),
                who[0]: self.id(who[1], self.mix(86, i) % who[2]),
                "Status": "Responded" if i % 3 == 0 else "Sent",
                "HasResponded": i % 3 == 0,
                "FirstRespondedDate": at.date().isoformat() if i % 3 == 0 else None,
            }
            yield values, at, at


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
