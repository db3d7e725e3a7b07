"""What the org works out by itself when a record is saved: names, formulas, totals, stages, numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from backhaul.sandbox.salesforce.calls import BadRecord
from backhaul.sandbox.salesforce.objects import STAGES
from backhaul.sandbox.salesforce.values import stamp

if TYPE_CHECKING:
    from backhaul.sandbox.salesforce.org import Org

Values = dict[str, Any]
_STAGES = {name: (probability, closed, won, forecast) for name, probability, closed, won, forecast in STAGES}
_FORECAST_NAMES = {"BestCase": "Best Case", "Forecast": "Commit"}


def derive(org: Org, object: str, values: Values, given: Values, at: datetime) -> None:
    """Fill the derived fields of a record about to be kept; `given` is what this save sets."""
    rule = _RULES.get(object)
    if rule is not None:
        rule(org, values, given, at)


def validate(object: str, values: Values) -> None:
    """The org's one validation rule: its administrators want scores between 0 and 100."""
    score = values.get("Health_Score__c")
    if object == "Account" and score is not None and not 0 <= score <= 100:
        raise BadRecord(
            "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Health score must lie between 0 and 100.", "Health_Score__c"
        )


def full_name(values: Values) -> str:
    return " ".join(part for part in (values.get("FirstName"), values.get("LastName")) if part)


def _person(org: Org, values: Values, given: Values, at: datetime) -> None:
    values["Name"] = full_name(values)


def _contact(org: Org, values: Values, given: Values, at: datetime) -> None:
    _person(org, values, given, at)
    account = org.lookup(values.get("AccountId"))
    values["Account_Tier__c"] = None if account is None else account.values.get("Tier__c")


def _account(org: Org, values: Values, given: Values, at: datetime) -> None:
    revenue, people = values.get("AnnualRevenue"), values.get("NumberOfEmployees")
    values["Revenue_Per_Employee__c"] = round(revenue / people, 2) if revenue is not None and people else None


def _opportunity(org: Org, values: Values, given: Values, at: datetime) -> None:
    probability, closed, won, forecast = _STAGES.get(values["StageName"], (10, False, False, "Pipeline"))
    if "StageName" in given:
        values["LastStageChangeDate"] = stamp(at)
        if given.get("Probability") is None:
            values["Probability"] = float(probability)
    values["IsClosed"], values["IsWon"], values["ForecastCategory"] = closed, won, forecast
    values["ForecastCategoryName"] = _FORECAST_NAMES.get(forecast, forecast)
    amount = values.get("Amount")
    values["ExpectedRevenue"] = None if amount is None else round(amount * (values.get("Probability") or 0) / 100, 2)


def _line(org: Org, values: Values, given: Values, at: datetime) -> None:
    """A line of an opportunity or an order takes product and list price from its price book entry."""
    entry = org.lookup(values.get("PricebookEntryId"))
    if entry is not None:
        values["ListPrice"] = entry.values.get("UnitPrice")
        values["Product2Id"] = entry.values.get("Product2Id")
        if "OpportunityId" in values:
            values["ProductCode"] = entry.values.get("ProductCode")
            values.setdefault("UnitPrice", values["ListPrice"])
    price, quantity = values.get("UnitPrice"), values.get("Quantity")
    share = 1 - (values.get("Discount") or 0) / 100
    values["TotalPrice"] = None if price is None or quantity is None else round(price * quantity * share, 2)


def _task(org: Org, values: Values, given: Values, at: datetime) -> None:
    values["IsClosed"] = values.get("Status") == "Completed"
    values["IsHighPriority"] = values.get("Priority") == "High"
    if "Status" in given:
        values["CompletedDateTime"] = stamp(at) if values["IsClosed"] else None


def _case(org: Org, values: Values, given: Values, at: datetime) -> None:
    values["IsClosed"] = values.get("Status") == "Closed"
    if "Status" in given:
        values["ClosedDate"] = stamp(at) if values["IsClosed"] else None
    values.setdefault("CaseNumber", f"{org.made('Case') + 1001:08d}")


def _numbered(object: str, field: str) -> Callable[[Org, Values, Values, datetime], None]:
    def rule(org: Org, values: Values, given: Values, at: datetime) -> None:
        values.setdefault(field, f"{org.made(object) + 100:08d}")

    return rule


def _member(org: Org, values: Values, given: Values, at: datetime) -> None:
    values["HasResponded"] = values.get("Status") == "Responded"
    if values["HasResponded"]:
        values.setdefault("FirstRespondedDate", at.date().isoformat())


def _entry(org: Org, values: Values, given: Values, at: datetime) -> None:
    product = org.lookup(values.get("Product2Id"))
    if product is not None:
        values["Name"], values["ProductCode"] = product.values.get("Name"), product.values.get("ProductCode")


_RULES: dict[str, Callable[[Org, Values, Values, datetime], None]] = {
    "Account": _account,
    "CampaignMember": _member,
    "Case": _case,
    "Contact": _contact,
    "Contract": _numbered("Contract", "ContractNumber"),
    "Lead": _person,
    "Opportunity": _opportunity,
    "OpportunityLineItem": _line,
    "Order": _numbered("Order", "OrderNumber"),
    "OrderItem": _line,
    "PricebookEntry": _entry,
    "Quote": _numbered("Quote", "QuoteNumber"),
    "Task": _task,
    "User": _person,
}
