"""Opportunities and their stages, lines, roles and activities, out of the world."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from backhaul.sandbox.salesforce.ground import Ground, Made, Maker, Values, moment
from backhaul.sandbox.salesforce.objects import SOURCES, STAGES
from backhaul.sandbox.salesforce.values import stamp
from backhaul.sandbox.world import EPOCH

STAGE_OF = {
    "Prospecting": "Prospecting",
    "Engaging": "Proposal/Price Quote",
    "Won": "Closed Won",
    "Lost": "Closed Lost",
}

# Activities that were closed before this day are archived: only queryAll shows them.
ARCHIVED_BEFORE = date(2025, 6, 30)


class Sales(Ground):
    """What the sellers work on."""

    def makers(self) -> dict[str, Maker]:
        return {
            "Opportunity": self._opportunities,
            "OpportunityStage": self._stages,
            "OpportunityLineItem": self._lines,
            "OpportunityContactRole": self._roles,
            "Task": self._tasks,
            "Event": self._events,
        }

    def _opportunities(self) -> Iterable[Made]:
        probabilities = {name: (probability, closed, won, kind) for name, probability, closed, won, kind in STAGES}
        for i, deal in enumerate(self.world.deals):
            stage = STAGE_OF[deal.stage]
            probability, closed, won, forecast = probabilities[stage]
            created = moment(deal.created_on, self.mix(60, i))
            amount = None if deal.amount is None else float(deal.amount)
            close = deal.closed_on or deal.created_on + timedelta(days=90)
            changed = moment(close, self.mix(61, i)) if closed else self.changed(created, 62, i)
            values: Values = {
                "AccountId": None if deal.company is None else self.id("Account", deal.company.index),
                "Name": deal.name[:120],
                "StageName": stage,
                "Amount": amount,
                "Probability": float(probability),
                "ExpectedRevenue": None if amount is None else round(amount * probability / 100, 2),
                "CloseDate": close.isoformat(),
                "Type": "New Customer" if i % 3 else "Existing Customer - Upgrade",
                "LeadSource": SOURCES[self.mix(63, i) % len(SOURCES)],
                "IsPrivate": False,
                "IsClosed": closed,
                "IsWon": won,
                "ForecastCategory": forecast,
                "ForecastCategoryName": "Best Case" if forecast == "BestCase" else forecast,
                "HasOpportunityLineItem": deal.product is not None,
                "Pricebook2Id": self.id("Pricebook2", 0),
                "OwnerId": self.id("User", deal.seller.index),
                "LastStageChangeDate": stamp(changed),
                "ContactId": self.contact_of(deal),
                "External_Id__c": deal.code,
            }
            yield values, created, max(created, min(changed, EPOCH))

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

    def _lines(self) -> Iterable[Made]:
        for i, deal in enumerate(self.world.deals):
            if deal.product is None:
                continue
            created = moment(deal.created_on, self.mix(60, i))
            price = float(deal.product.price)
            quantity = float(1 + self.mix(70, i) % 5)
            yield (
                {
                    "OpportunityId": self.id("Opportunity", i),
                    "SortOrder": 1,
                    "PricebookEntryId": self.id("PricebookEntry", deal.product.index),
                    "Product2Id": self.id("Product2", deal.product.index),
                    "ProductCode": deal.product.sku,
                    "Name": f"{deal.name} {deal.product.name}"[:376],
                    "Quantity": quantity,
                    "UnitPrice": price,
                    "ListPrice": price,
                    "TotalPrice": round(price * quantity, 2),
                },
                created,
                self.changed(created, 71, i),
            )

    def _roles(self) -> Iterable[Made]:
        for i, deal in enumerate(self.world.deals):
            if deal.company is not None:
                created = moment(deal.created_on, self.mix(60, i))
                role = ("Decision Maker", "Economic Buyer", "Evaluator")[i % 3]
                values = {
                    "OpportunityId": self.id("Opportunity", i),
                    "ContactId": self.contact_of(deal),
                    "Role": role,
                    "IsPrimary": True,
                }
                yield values, created, created

    def _tasks(self) -> Iterable[Made]:
        subjects = ("Call", "Email", "Send quote", "Send letter", "Other")
        for i in range(len(self.world.deals) * 2):
            deal = self.world.deals[i // 2]
            due = deal.created_on + timedelta(days=3 + self.mix(120, i) % 60)
            closed = due < EPOCH.date() and i % 5 != 0
            at = moment(deal.created_on, self.mix(121, i))
            subject = subjects[i % len(subjects)]
            values = {
                "WhoId": self.contact_of(deal),
                "WhatId": self.id("Opportunity", i // 2),
                "AccountId": None if deal.company is None else self.id("Account", deal.company.index),
                "Subject": subject,
                "ActivityDate": due.isoformat(),
                "Status": "Completed" if closed else "Not Started",
                "Priority": "High" if i % 11 == 0 else "Normal",
                "IsHighPriority": i % 11 == 0,
                "OwnerId": self.id("User", deal.seller.index),
                "Description": f'{subject}: "{deal.name}"\r\nNext step agreed.' if i % 4 == 0 else None,
                "IsClosed": closed,
                "IsArchived": closed and due < ARCHIVED_BEFORE,
                "TaskSubtype": "Call" if subject == "Call" else "Email" if subject == "Email" else "Task",
                "CallDurationInSeconds": self.mix(122, i) % 1800 if subject == "Call" else None,
                "CallType": "Outbound" if subject == "Call" else None,
                "CompletedDateTime": stamp(moment(due, self.mix(123, i))) if closed else None,
            }
            yield values, at, moment(due, self.mix(123, i)) if closed else at

    def _events(self) -> Iterable[Made]:
        for i in range(0, len(self.world.deals), 3):
            deal = self.world.deals[i]
            start = datetime.combine(deal.created_on + timedelta(days=10), time(9 + i % 8), UTC)
            at = moment(deal.created_on, self.mix(130, i))
            values = {
                "WhoId": self.contact_of(deal),
                "WhatId": self.id("Opportunity", i),
                "AccountId": None if deal.company is None else self.id("Account", deal.company.index),
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
                "OwnerId": self.id("User", deal.seller.index),
            }
            yield values, at, self.changed(at, 131, i)
