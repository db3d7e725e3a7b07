"""The objects of the made-up org: standard ones, and what its administrators added."""

from __future__ import annotations

from backhaul.sandbox.salesforce.describe import Field, SObject
from backhaul.sandbox.salesforce.kinds import (
    address,
    area,
    day,
    derived,
    double,
    email,
    flag,
    history,
    moment,
    money,
    owner,
    percent,
    person_name,
    phone,
    pick,
    refer,
    sobject,
    text,
    url,
    whole,
)

INDUSTRIES = (
    "Banking", "Communications", "Consulting", "Education", "Electronics", "Finance", "Food & Beverage", "Healthcare",
    "Hospitality", "Manufacturing", "Media", "Not For Profit", "Retail", "Technology", "Telecommunications", "Other",
)  # fmt: skip
STAGES: tuple[tuple[str, float, bool, bool, str], ...] = (
    # name, probability, closed, won, forecast category
    ("Prospecting", 10, False, False, "Pipeline"),
    ("Qualification", 10, False, False, "Pipeline"),
    ("Needs Analysis", 20, False, False, "Pipeline"),
    ("Value Proposition", 50, False, False, "Pipeline"),
    ("Id. Decision Makers", 60, False, False, "Pipeline"),
    ("Perception Analysis", 70, False, False, "Pipeline"),
    ("Proposal/Price Quote", 75, False, False, "BestCase"),
    ("Negotiation/Review", 90, False, False, "BestCase"),
    ("Closed Won", 100, True, True, "Closed"),
    ("Closed Lost", 0, True, False, "Omitted"),
)
FORECASTS = ("Omitted", "Pipeline", "BestCase", "Forecast", "Closed")
SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
PLANS = ("Starter", "Team", "Business", "Enterprise")
TIERS = ("Bronze", "Silver", "Gold", "Platinum")
ACTIVITIES = ("Account", "Opportunity", "Case", "Campaign", "Order", "Quote", "Contract", "Subscription__c")

FILED_UNDER = ("Account", "Contact", "Lead", "Opportunity", "Case", "Order", "Task", "Event")
# Object -> its history, the history's key prefix and field of the record, and the fields that are tracked.
TRACKED: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "Account": ("AccountHistory", "017", "AccountId", ("Name", "OwnerId", "Type", "Tier__c")),
    "Case": ("CaseHistory", "01H", "CaseId", ("Status", "Priority", "OwnerId")),
    "Opportunity": (
        "OpportunityFieldHistory",
        "02h",
        "OpportunityId",
        ("StageName", "Amount", "CloseDate", "OwnerId"),
    ),
}


def external(length: int = 64, *, name: str = "External_Id__c", unique: bool = True) -> Field:
    return text(name, length, external_id=True, unique=unique)


def catalogue() -> dict[str, SObject]:
    """A fresh set of objects by name; each simulator may change its own."""
    found = [*_people(), *_sales(), *_trade(), *_service(), *_hidden(), *_remembered()]
    return {one.name: one for one in found}


def _people() -> list[SObject]:
    return [
        sobject(
            "Account", "001",
            text("Name", nillable=False),
            pick("Type", "Prospect", "Customer - Direct", "Customer - Channel", "Partner", "Other"),
            refer("ParentId", "Account"),
            address("BillingAddress"), address("ShippingAddress"),
            phone("Phone"), phone("Fax"), text("AccountNumber", 40), url("Website"),
            pick("Industry", *INDUSTRIES), money("AnnualRevenue"), whole("NumberOfEmployees"), area("Description"),
            pick("Rating", "Hot", "Warm", "Cold"), owner(), pick("AccountSource", *SOURCES),
            derived(day("LastActivityDate")),
            money("ARR__c"), pick("Tier__c", *TIERS, restricted=True),
            double("Health_Score__c", 5, 2, help="0 to 100"), double("AI_Score__c", 5, 2),
            external(),
            derived(double("Revenue_Per_Employee__c"), "AnnualRevenue / NumberOfEmployees"),
            merges=True, cascade=(("Contact", "AccountId"), ("Opportunity", "AccountId")),
        ),
        sobject(
            "Contact", "003",
            refer("AccountId", "Account"), person_name(),
            pick("Salutation", "Mr.", "Ms.", "Dr.", "Prof.", length=40),
            address("OtherAddress"), address("MailingAddress"),
            phone("Phone"), phone("MobilePhone"), email("Email", id_lookup=True),
            text("Title", 128), text("Department", 80), pick("LeadSource", *SOURCES), day("Birthdate"),
            area("Description"), owner(), flag("HasOptedOutOfEmail"), flag("DoNotCall"),
            derived(day("LastActivityDate")), moment("EmailBouncedDate"), refer("ReportsToId", "Contact"),
            external(), pick("Persona__c", "Champion", "Decision maker", "User", "Blocker"),
            pick("Interests__c", "Hardware", "Software", "Training", "Support", type="multipicklist", length=4099),
            double("Engagement_Score__c", 5, 2),
            derived(text("Account_Tier__c", 1300), "TEXT(Account.Tier__c)"),
            merges=True,
        ),
        sobject(
            "Lead", "00Q",
            person_name(), pick("Salutation", "Mr.", "Ms.", "Dr.", "Prof.", length=40),
            text("Title", 128), text("Company", 255, nillable=False), address("Address"),
            phone("Phone"), phone("MobilePhone"), email("Email", id_lookup=True), url("Website"), area("Description"),
            pick("LeadSource", *SOURCES),
            pick("Status", "Open - Not Contacted", "Working - Contacted", "Closed - Converted",
                 "Closed - Not Converted", nillable=False, defaulted=True, filled="Open - Not Contacted"),
            pick("Industry", *INDUSTRIES), pick("Rating", "Hot", "Warm", "Cold"), money("AnnualRevenue"),
            whole("NumberOfEmployees"), owner(), flag("HasOptedOutOfEmail"),
            derived(flag("IsConverted")), derived(day("ConvertedDate")),
            derived(refer("ConvertedAccountId", "Account")), derived(refer("ConvertedContactId", "Contact")),
            derived(refer("ConvertedOpportunityId", "Opportunity")),
            # Not unique on purpose: an upsert by it may meet several.
            external(name="Legacy_Id__c", unique=False),
            merges=True,
        ),
        sobject(
            "User", "005",
            text("Username", 80, nillable=False, id_lookup=True), person_name(), email("Email", nillable=False),
            text("Alias", 8, nillable=False), text("CompanyName", 80), text("Division", 80), text("Department", 80),
            text("Title", 80), address("Address"), phone("Phone"), flag("IsActive", True),
            refer("ManagerId", "User"), text("EmployeeNumber", 20),
            pick("UserType", "Standard", "PowerPartner", "AutomatedProcess", "CloudIntegrationUser"),
            pick("TimeZoneSidKey", "America/Los_Angeles", "America/New_York", "Europe/Amsterdam", nillable=False),
            pick("LanguageLocaleKey", "en_US", "nl_NL", nillable=False), moment("LastLoginDate"),
            external(name="FederationIdentifier"),
            deletes=False, deletable=False, replicateable=True,
        ),
    ]  # fmt: skip


def _sales() -> list[SObject]:
    return [
        sobject(
            "Opportunity", "006",
            refer("AccountId", "Account"), flag("IsPrivate"), text("Name", 120, nillable=False), area("Description"),
            pick("StageName", *(stage[0] for stage in STAGES), nillable=False), money("Amount"),
            percent("Probability"), derived(money("ExpectedRevenue")), double("TotalOpportunityQuantity"),
            day("CloseDate", nillable=False), pick("Type", "New Customer", "Existing Customer - Upgrade"),
            text("NextStep", 255), pick("LeadSource", *SOURCES), derived(flag("IsClosed")), derived(flag("IsWon")),
            pick("ForecastCategory", *FORECASTS, createable=False, updateable=False),
            pick("ForecastCategoryName", "Omitted", "Pipeline", "Best Case", "Commit", "Closed"),
            refer("CampaignId", "Campaign"), derived(flag("HasOpportunityLineItem")),
            refer("Pricebook2Id", "Pricebook2"), owner(), derived(day("LastActivityDate")),
            moment("LastStageChangeDate", createable=False, updateable=False),
            refer("ContactId", "Contact", updateable=False), external(),
            cascade=(("OpportunityLineItem", "OpportunityId"), ("OpportunityContactRole", "OpportunityId")),
        ),
        sobject(
            "OpportunityStage", "01J",
            text("MasterLabel"), text("ApiName"), flag("IsActive", True), whole("SortOrder"), flag("IsClosed"),
            flag("IsWon"), pick("ForecastCategory", *FORECASTS), text("ForecastCategoryName"),
            percent("DefaultProbability"), text("Description"),
            deletes=False, writable=False, deletable=False, replicateable=False,
        ),
        sobject(
            "OpportunityLineItem", "00k",
            refer("OpportunityId", "Opportunity", nillable=False, updateable=False), whole("SortOrder"),
            refer("PricebookEntryId", "PricebookEntry", updateable=False), derived(refer("Product2Id", "Product2")),
            derived(text("ProductCode")), derived(text("Name", 376)), double("Quantity", nillable=False),
            derived(money("TotalPrice")), money("UnitPrice"), derived(money("ListPrice")), percent("Discount"),
            day("ServiceDate"), text("Description", 255),
        ),
        sobject(
            "OpportunityContactRole", "00K",
            refer("OpportunityId", "Opportunity", nillable=False, updateable=False),
            refer("ContactId", "Contact", nillable=False),
            pick("Role", "Decision Maker", "Economic Buyer", "Evaluator", "Influencer", "Other"), flag("IsPrimary"),
        ),
        sobject(
            "Campaign", "701",
            text("Name", 80, nillable=False), pick("Type", "Conference", "Webinar", "Email", "Other"),
            pick("Status", "Planned", "In Progress", "Completed", "Aborted"), day("StartDate"), day("EndDate"),
            money("BudgetedCost"), money("ActualCost"), double("NumberSent"), flag("IsActive"), area("Description"),
            refer("ParentId", "Campaign"), owner(),
            cascade=(("CampaignMember", "CampaignId"),),
        ),
        sobject(
            "CampaignMember", "00v",
            refer("CampaignId", "Campaign", nillable=False, updateable=False),
            refer("LeadId", "Lead", updateable=False), refer("ContactId", "Contact", updateable=False),
            pick("Status", "Sent", "Responded"), derived(flag("HasResponded")), derived(day("FirstRespondedDate")),
        ),
        sobject(
            "Subscription__c", "a00",
            text("Name", 80), refer("Account__c", "Account"), pick("Plan__c", *PLANS), money("MRR__c"),
            day("Start_Date__c"), double("Seats__c", 18, 0), flag("Active__c"), external(), owner(),
            label="Subscription",
        ),
    ]  # fmt: skip


def _trade() -> list[SObject]:
    return [
        sobject(
            "Product2", "01t",
            text("Name", nillable=False), text("ProductCode"), text("Description", 4000), flag("IsActive"),
            pick("Family", "GTX", "MG", "GTK", "Food", "None"), text("StockKeepingUnit", 180), url("DisplayUrl"),
            pick("QuantityUnitOfMeasure", "Each", "Box"), flag("IsArchived", createable=False, updateable=False),
            external(),
            label="Product",
        ),
        sobject(
            "Pricebook2", "01s",
            text("Name", nillable=False), flag("IsActive"), flag("IsStandard", createable=False, updateable=False),
            text("Description"), label="Price Book",
        ),
        sobject(
            "PricebookEntry", "01u",
            derived(text("Name")), refer("Pricebook2Id", "Pricebook2", nillable=False, updateable=False),
            refer("Product2Id", "Product2", nillable=False, updateable=False), money("UnitPrice", nillable=False),
            flag("IsActive"), flag("UseStandardPrice"), derived(text("ProductCode")),
            label="Price Book Entry", plural="Price Book Entries",
        ),
        sobject(
            "Quote", "0Q0",
            text("Name", nillable=False), refer("OpportunityId", "Opportunity", nillable=False, updateable=False),
            derived(text("QuoteNumber", 30)), pick("Status", "Draft", "Presented", "Accepted", "Denied"),
            day("ExpirationDate"), money("Tax"), derived(money("GrandTotal")), refer("AccountId", "Account"), owner(),
        ),
        sobject(
            "Contract", "800",
            refer("AccountId", "Account", nillable=False), derived(text("ContractNumber", 30)), day("StartDate"),
            day("EndDate", createable=False, updateable=False), whole("ContractTerm"),
            pick("Status", "Draft", "In Approval Process", "Activated", nillable=False, defaulted=True, filled="Draft"),
            area("Description"), owner(),
        ),
        sobject(
            "Order", "801",
            refer("AccountId", "Account", nillable=False), derived(text("OrderNumber", 30)),
            day("EffectiveDate", nillable=False), day("EndDate"), pick("Status", "Draft", "Activated", nillable=False),
            pick("Type", "New", "Renewal"), derived(money("TotalAmount")), refer("OpportunityId", "Opportunity"),
            refer("Pricebook2Id", "Pricebook2"), text("Description", 255), text("PoNumber", 80), owner(),
            address("BillingAddress"), derived(pick("StatusCode", "Draft", "Activated")), external(),
            cascade=(("OrderItem", "OrderId"),),
        ),
        sobject(
            "OrderItem", "802",
            refer("OrderId", "Order", nillable=False, updateable=False), refer("Product2Id", "Product2"),
            refer("PricebookEntryId", "PricebookEntry", updateable=False), derived(text("OrderItemNumber", 30)),
            double("Quantity", nillable=False), money("UnitPrice", nillable=False), derived(money("ListPrice")),
            derived(money("TotalPrice")), day("ServiceDate"), text("Description", 255),
            label="Order Product",
        ),
    ]  # fmt: skip


def _service() -> list[SObject]:
    return [
        sobject(
            "Task", "00T",
            refer("WhoId", "Contact", "Lead"), refer("WhatId", *ACTIVITIES), text("Subject", type="combobox"),
            day("ActivityDate"),
            pick("Status", "Not Started", "In Progress", "Completed", nillable=False, defaulted=True,
                 filled="Not Started"),
            pick("Priority", "High", "Normal", "Low", nillable=False, defaulted=True, filled="Normal"),
            derived(flag("IsHighPriority")), owner(), area("Description"), derived(refer("AccountId", "Account")),
            derived(flag("IsClosed")), derived(flag("IsArchived")), whole("CallDurationInSeconds"),
            pick("CallType", "Inbound", "Outbound", "Internal"),
            pick("TaskSubtype", "Task", "Email", "Call", updateable=False),
            derived(moment("CompletedDateTime")),
        ),
        sobject(
            "Event", "00U",
            refer("WhoId", "Contact", "Lead"), refer("WhatId", *ACTIVITIES), text("Subject", type="combobox"),
            text("Location"), flag("IsAllDayEvent"), moment("ActivityDateTime"), day("ActivityDate"),
            whole("DurationInMinutes"), moment("StartDateTime"), moment("EndDateTime"), area("Description"),
            derived(refer("AccountId", "Account")), owner(), flag("IsPrivate"),
            pick("ShowAs", "Busy", "OutOfOffice", "Free"), derived(flag("IsArchived")),
        ),
        sobject(
            "Case", "500",
            derived(text("CaseNumber", 30, nillable=False)), refer("ContactId", "Contact"),
            refer("AccountId", "Account"), refer("ParentId", "Case"), text("SuppliedName", 80), email("SuppliedEmail"),
            pick("Type", "Mechanical", "Electrical", "Electronic", "Structural", "Other"),
            pick("Status", "New", "Working", "Escalated", "Closed", defaulted=True, filled="New"),
            pick("Reason", "Installation", "Performance", "Breakdown", "Other"),
            pick("Origin", "Phone", "Email", "Web"), text("Subject"),
            pick("Priority", "High", "Medium", "Low", defaulted=True, filled="Medium"), area("Description"),
            derived(flag("IsClosed")), derived(moment("ClosedDate")), flag("IsEscalated"), owner(),
            merges=True, cascade=(("CaseComment", "ParentId"), ("Attachment", "ParentId")),
        ),
        sobject(
            "CaseComment", "00a",
            refer("ParentId", "Case", nillable=False, updateable=False), flag("IsPublished"), area("CommentBody", 4000),
        ),
        sobject(
            "Attachment", "00P",
            refer("ParentId", *FILED_UNDER, nillable=False, updateable=False), text("Name", nillable=False),
            flag("IsPrivate"), text("ContentType", 120), derived(whole("BodyLength")),
            Field("Body", "base64", nillable=False, filterable=False, sortable=False), owner(),
            area("Description", 500),
        ),
    ]  # fmt: skip


def _remembered() -> list[SObject]:
    """Histories of tracked fields."""
    return [history(name, prefix, parent, reference) for parent, (name, prefix, reference, _) in TRACKED.items()]


def _hidden() -> list[SObject]:
    """Objects that a reader must step round: one that no query may name, a retired one, and one outside Bulk."""
    return [
        sobject(
            "CaseStatus", "02c", text("MasterLabel"), text("ApiName"), whole("SortOrder"), flag("IsClosed"),
            deletes=False, writable=False, deletable=False, replicateable=False, bulk=False,
            plural="Case Status Values",
        ),
        sobject(
            "AccountChangeEvent", "", text("ReplayId"), deletes=False, queryable=False, writable=False, deletable=False,
            replicateable=False,
        ),
        sobject("UserAppMenuItem", "0DS", text("Label"), deletes=False, hidden=True, writable=False, deletable=False),
    ]  # fmt: skip
