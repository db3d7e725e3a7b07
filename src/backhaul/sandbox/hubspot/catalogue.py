"""The portal's object types and their properties, as a portal of middling age has them."""

from __future__ import annotations

from collections.abc import Iterable

from backhaul.sandbox.hubspot.shapes import ObjectType, Property

PORTAL_ID = 48291034
SUBSCRIPTION = f"p{PORTAL_ID}_subscription"
SUBSCRIPTION_ID = "2-3465404"


def text(name: str, *, searchable: bool = False, custom: bool = False, unique: bool = False) -> Property:
    return Property(name, searchable=searchable, custom=custom, unique=unique)


def area(name: str) -> Property:
    return Property(name, field_type="textarea")


def number(name: str, *, custom: bool = False, calculated: bool = False) -> Property:
    return Property(name, "number", "number", custom=custom, calculated=calculated)


def moment(name: str, *, read_only: bool = False, required: bool = False) -> Property:
    return Property(name, "datetime", "date", read_only=read_only, required=required)


def day(name: str, *, custom: bool = False) -> Property:
    return Property(name, "date", "date", custom=custom)


def flag(name: str, *, custom: bool = False, calculated: bool = False) -> Property:
    options = (("True", "true"), ("False", "false"))
    return Property(name, "bool", "booleancheckbox", options=options, custom=custom, calculated=calculated)


def choice(name: str, *values: str, custom: bool = False, many: bool = False) -> Property:
    options = tuple((value.replace("_", " ").capitalize(), value) for value in values)
    return Property(name, "enumeration", "checkbox" if many else "select", options=options, custom=custom)


def elsewhere(name: str, external: str, references: str | None = None) -> Property:
    return Property(name, "enumeration", "select", external=external, references=references)


OWNER = elsewhere("hubspot_owner_id", "owners", "OWNER")
MERGED = Property("hs_merged_object_ids", "enumeration", "checkbox", read_only=True)
LIFECYCLE = choice(
    "lifecyclestage", "subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer"
)


def kind(
    name: str,
    singular: str,
    type_id: str,
    properties: Iterable[Property],
    *,
    scope: str | None = None,
    created: str = "createdate",
    changed: str = "hs_lastmodifieddate",
    default: tuple[str, ...] = (),
    upsert: bool = True,
) -> ObjectType:
    system = (Property("hs_object_id", "number", "number", read_only=True), moment(created, read_only=True))
    every = (*system, moment(changed, read_only=True), *properties, OWNER, MERGED)
    return ObjectType(
        name, singular, type_id, scope or name, {prop.name: prop for prop in every}, created, changed, default, upsert
    )


def activity(name: str, singular: str, type_id: str, *properties: Property) -> ObjectType:
    return kind(
        name,
        singular,
        type_id,
        (moment("hs_timestamp", required=True), *properties, text("hs_attachment_ids")),
        scope="contacts",
        created="hs_createdate",
    )


def object_types() -> list[ObjectType]:
    """Fresh ones: a simulator may add properties to its own."""
    return [
        kind(
            "contacts",
            "CONTACT",
            "0-1",
            (
                text("email", unique=True, searchable=True),
                text("firstname", searchable=True),
                text("lastname", searchable=True),
                Property("phone", "phone_number", "phonenumber", searchable=True),
                text("jobtitle"),
                text("company", searchable=True),
                text("address"),
                text("city"),
                text("zip"),
                text("country"),
                LIFECYCLE,
                choice("hs_lead_status", "NEW", "OPEN", "IN_PROGRESS", "UNQUALIFIED"),
                Property("associatedcompanyid", "number", "number", external="companies", references="COMPANY"),
                flag("hs_email_optout"),
                choice("interests", "hardware", "software", "services", "training", custom=True, many=True),
                number("lead_score", custom=True),
            ),
            changed="lastmodifieddate",
            default=("email", "firstname", "lastname"),
        ),
        kind(
            "companies",
            "COMPANY",
            "0-2",
            (
                text("name", searchable=True),
                text("domain", searchable=True),
                text("website", searchable=True),
                text("industry"),
                number("annualrevenue"),
                number("numberofemployees"),
                Property("phone", "phone_number", "phonenumber", searchable=True),
                text("address"),
                text("city"),
                text("state"),
                text("zip"),
                text("country"),
                text("founded_year"),
                area("description"),
                choice("type", "PROSPECT", "PARTNER", "RESELLER", "VENDOR", "OTHER"),
                LIFECYCLE,
                Property("hs_parent_company_id", "number", "number", read_only=True, references="COMPANY"),
                number("arr__c", custom=True),
                choice("tier__c", "Gold", "Silver", "Bronze", custom=True),
                number("health_score", custom=True),
                number("ai_score", custom=True),
                day("renewal_date", custom=True),
            ),
            default=("domain", "name"),
        ),
        kind(
            "deals",
            "DEAL",
            "0-3",
            (
                text("dealname", searchable=True),
                number("amount"),
                elsewhere("dealstage", "stages"),
                elsewhere("pipeline", "pipelines"),
                moment("closedate"),
                choice("dealtype", "newbusiness", "existingbusiness"),
                choice("deal_currency_code", "USD", "EUR"),
                choice("hs_priority", "low", "medium", "high"),
                text("hs_next_step"),
                area("description"),
                flag("hs_is_closed", calculated=True),
                flag("hs_is_closed_won", calculated=True),
                number("hs_deal_stage_probability", calculated=True),
                choice("product_line", "GTX", "MG", "GTK", custom=True),
                day("contract_start", custom=True),
                text("opportunity_code", custom=True, unique=True),
            ),
            default=("amount", "closedate", "dealname", "dealstage", "pipeline"),
        ),
        kind(
            "tickets",
            "TICKET",
            "0-5",
            (
                text("subject", searchable=True),
                area("content"),
                elsewhere("hs_pipeline", "pipelines"),
                elsewhere("hs_pipeline_stage", "stages"),
                choice("hs_ticket_priority", "LOW", "MEDIUM", "HIGH", "URGENT"),
                choice("hs_ticket_category", "PRODUCT_ISSUE", "BILLING_ISSUE", "FEATURE_REQUEST", "GENERAL_INQUIRY"),
                choice("source_type", "CHAT", "EMAIL", "FORM", "PHONE"),
                moment("closed_date"),
            ),
            default=(
                "content",
                "hs_pipeline",
                "hs_pipeline_stage",
                "hs_ticket_category",
                "hs_ticket_priority",
                "subject",
            ),
        ),
        kind(
            "products",
            "PRODUCT",
            "0-7",
            (
                text("name", searchable=True),
                text("hs_sku", searchable=True),
                number("price"),
                number("hs_cost_of_goods_sold"),
                area("description"),
                choice("hs_status", "active", "inactive"),
            ),
            default=("description", "name", "price"),
        ),
        kind(
            "line_items",
            "LINE_ITEM",
            "0-8",
            (
                text("name"),
                text("hs_sku"),
                Property("hs_product_id", "number", "number", external="products", references="PRODUCT"),
                number("quantity"),
                number("price"),
                number("discount"),
                number("amount", calculated=True),
            ),
            default=("quantity",),
            upsert=False,
        ),
        kind(
            "quotes",
            "QUOTE",
            "0-14",
            (
                text("hs_title", searchable=True),
                moment("hs_expiration_date"),
                choice("hs_status", "DRAFT", "APPROVAL_NOT_NEEDED", "PENDING_APPROVAL"),
                number("hs_quote_amount", calculated=True),
            ),
            created="hs_createdate",
            default=("hs_expiration_date", "hs_status", "hs_title"),
        ),
        kind(
            "leads",
            "LEAD",
            "0-136",
            (
                text("hs_lead_name", searchable=True),
                choice("hs_lead_type", "NEW_BUSINESS", "UPSELL", "RE_ATTEMPTING"),
                choice("hs_lead_label", "HOT", "WARM", "COLD"),
                elsewhere("hs_pipeline", "pipelines"),
                elsewhere("hs_pipeline_stage", "stages"),
            ),
            created="hs_createdate",
            default=("hs_lead_name",),
            upsert=False,
        ),
        activity("notes", "NOTE", "0-46", Property("hs_note_body", field_type="html")),
        activity(
            "tasks",
            "TASK",
            "0-27",
            text("hs_task_subject"),
            Property("hs_task_body", field_type="html"),
            choice("hs_task_status", "NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED"),
            choice("hs_task_priority", "NONE", "LOW", "MEDIUM", "HIGH"),
            choice("hs_task_type", "TODO", "EMAIL", "CALL"),
        ),
        activity(
            "calls",
            "CALL",
            "0-48",
            text("hs_call_title"),
            Property("hs_call_body", field_type="html"),
            number("hs_call_duration"),
            choice("hs_call_direction", "INBOUND", "OUTBOUND"),
            choice("hs_call_status", "COMPLETED", "NO_ANSWER", "BUSY", "FAILED"),
        ),
        activity(
            "meetings",
            "MEETING_EVENT",
            "0-47",
            text("hs_meeting_title"),
            Property("hs_meeting_body", field_type="html"),
            text("hs_meeting_location"),
            moment("hs_meeting_start_time"),
            moment("hs_meeting_end_time"),
            choice("hs_meeting_outcome", "SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED"),
        ),
        activity(
            "emails",
            "EMAIL",
            "0-49",
            text("hs_email_subject"),
            Property("hs_email_text", field_type="textarea"),
            choice("hs_email_direction", "EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL"),
            choice("hs_email_status", "SENT", "BOUNCED", "FAILED", "SCHEDULED", "SENDING"),
        ),
        activity(
            "communications",
            "COMMUNICATION",
            "0-18",
            choice("hs_communication_channel_type", "SMS", "WHATS_APP", "LINKEDIN_MESSAGE"),
            Property("hs_communication_body", field_type="html"),
        ),
        subscription(),
    ]


def subscription() -> ObjectType:
    """The portal's own object: what each company subscribes to."""
    made = kind(
        SUBSCRIPTION,
        "SUBSCRIPTION",
        SUBSCRIPTION_ID,
        (
            Property("subscription_name", custom=True, searchable=True, required=True),
            choice("plan", "starter", "team", "enterprise", custom=True),
            number("mrr", custom=True),
            number("seats", custom=True),
            day("starts_on", custom=True),
            Property("renews_at", "datetime", "date", custom=True),
            flag("active", custom=True),
            text("external_id", custom=True, unique=True),
        ),
        scope="custom",
        created="hs_createdate",
    )
    made.labels = ("Subscription", "Subscriptions")
    made.custom = True
    made.primary = "subscription_name"
    made.associated = ("0-2",)
    return made
