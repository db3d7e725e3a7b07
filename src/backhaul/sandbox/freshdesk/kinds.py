"""The objects of a help desk: what may be written of each, and what a list of it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from backhaul.sandbox.freshdesk.answers import error, moment_of, one_of

STATUSES = {2: "Open", 3: "Pending", 4: "Resolved", 5: "Closed", 6: "Waiting on Customer", 7: "Waiting on Third Party"}
PRIORITIES = (1, 2, 3, 4)
SOURCES = (1, 2, 3, 5, 6, 7, 9, 11, 100, 101)
STATES = ("blocked", "deleted", "unverified", "verified")


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field that the help desk made. `choices`: of a dropdown; of a nested field the first level."""

    name: str
    label: str
    type: str
    choices: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()
    """The names of the lower levels of a nested field."""

    def fault(self, value: Any) -> dict[str, Any] | None:
        """What is wrong with a value; None where it fits."""
        if value is None:
            return None
        match self.type:
            case "custom_number":
                return mismatch(self.name, value, "Integer", isinstance(value, int) and not isinstance(value, bool))
            case "custom_decimal":
                return mismatch(self.name, value, "Number", isinstance(value, int | float | str) and _number(value))
            case "custom_checkbox":
                return mismatch(self.name, value, "Boolean", isinstance(value, bool))
            case "custom_date":
                return (
                    None if _day(value) else error(self.name, "It should be in the 'yyyy-mm-dd' format", "invalid_date")
                )
            case "custom_dropdown" | "nested_field":
                return None if value in self.choices else one_of(self.name, self.choices)
        return mismatch(self.name, value, "String", isinstance(value, str))


def mismatch(name: str, value: Any, wanted: str, fits: bool) -> dict[str, Any] | None:
    if fits:
        return None
    said = {"str": "String", "int": "Integer", "bool": "Boolean", "list": "Array", "dict": "Key/Value pair"}
    kind = said.get(type(value).__name__, type(value).__name__)
    return error(name, f"Value set is of type {kind}.It should be a/an {wanted}", "datatype_mismatch")


@dataclass(frozen=True, slots=True)
class Kind:
    """One object. `writable`: field -> its rule, of `Writes`; `>contacts` is the id of one."""

    name: str
    path: str
    writable: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    updatable: Mapping[str, str] | None = None
    """Where not all that may be made may be changed."""
    filters: tuple[str, ...] = ()
    empty: Mapping[str, Any] = field(default_factory=dict)
    unique: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    """Fields that only a record read by itself shows."""


def fault(rule: str, name: str, value: Any) -> dict[str, Any] | None:
    """What is wrong with a value by its rule, but for records that it names; None where it fits."""
    match rule:
        case "text":
            return mismatch(name, value, "String", isinstance(value, str))
        case "text?":
            return mismatch(name, value, "String", value is None or isinstance(value, str))
        case "boolean":
            return mismatch(name, value, "Boolean", isinstance(value, bool))
        case "integer" | "integer?":
            fits = isinstance(value, int) and not isinstance(value, bool)
            return mismatch(name, value, "Integer", fits or (value is None and rule.endswith("?")))
        case "list":
            return mismatch(name, value, "Array", isinstance(value, list))
        case "time":
            fits = value is None or moment_of(value) is not None
            return (
                None
                if fits
                else error(name, "It should be in the 'combined date and time ISO8601' format", "invalid_date")
            )
        case "status":
            return None if _whole(value) and value in STATUSES else one_of(name, list(STATUSES))
        case "priority":
            return None if _whole(value) and value in PRIORITIES else one_of(name, PRIORITIES)
        case "source":
            return None if _whole(value) and value in SOURCES else one_of(name, SOURCES)
        case "duration":
            fits = isinstance(value, str) and len(value) == 5 and value[2] == ":"
            return None if fits else error(name, "It should be in the 'hh:mm' format", "invalid_value")
    fits = value is None or (_whole(value) and value > 0)
    return mismatch(name, value, "Positive Integer", fits)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, bool)


def _day(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) == 10 and bool(date.fromisoformat(value))
    except ValueError:
        return False


_TICKET = {"subject": "text", "description": "text", "type": "text?", "status": "status", "priority": "priority",
           "source": "source", "requester_id": ">contacts", "responder_id": ">agents", "company_id": ">companies",
           "group_id": ">groups", "product_id": ">products", "email_config_id": ">email_configs",
           "internal_agent_id": ">agents", "internal_group_id": ">groups", "tags": "list", "due_by": "time",
           "fr_due_by": "time", "email": "text", "phone": "text", "name": "text", "twitter_id": "text",
           "facebook_id": "text", "unique_external_id": "text"}  # fmt: skip
_CONTACT = {"name": "text", "email": "text?", "phone": "text?", "mobile": "text?", "unique_external_id": "text?",
            "company_id": ">companies", "job_title": "text?", "address": "text?", "description": "text?",
            "language": "text?", "time_zone": "text?", "twitter_id": "text?", "tags": "list", "other_emails": "list",
            "other_companies": "list", "view_all_tickets": "boolean"}  # fmt: skip
_COMPANY = {"name": "text", "description": "text?", "note": "text?", "domains": "list", "industry": "text?",
            "account_tier": "text?", "health_score": "text?", "renewal_date": "time"}  # fmt: skip
_GROUP = {"name": "text", "description": "text?", "escalate_to": ">agents", "unassigned_for": "text?",
          "agent_ids": "list", "auto_ticket_assign": "integer"}  # fmt: skip
_TIME = {"agent_id": ">agents", "note": "text?", "time_spent": "duration", "billable": "boolean",
         "timer_running": "boolean", "executed_at": "time", "start_time": "time"}  # fmt: skip

KINDS: dict[str, Kind] = {
    each.name: each
    for each in (
        Kind(
            "tickets",
            "/tickets",
            writable={**_TICKET, "cc_emails": "list"},
            updatable=_TICKET,
            required=("subject", "description", "status", "priority"),
            filters=("filter", "requester_id", "email", "unique_external_id", "company_id", "updated_since", "order_by",
                     "order_type", "include"),
            empty={"type": None, "source": 2, "responder_id": None, "company_id": None, "group_id": None,
                   "product_id": None, "email_config_id": None, "internal_agent_id": None, "internal_group_id": None,
                   "form_id": 51000013, "support_email": None, "to_emails": None, "cc_emails": [], "fwd_emails": [],
                   "reply_cc_emails": [], "tags": [], "spam": False, "is_escalated": False, "fr_escalated": False,
                   "due_by": None, "fr_due_by": None, "association_type": None},
        ),
        Kind(
            "contacts",
            "/contacts",
            writable=_CONTACT,
            required=("name",),
            filters=("email", "phone", "mobile", "company_id", "state", "contact_type", "updated_since",
                     "_updated_since", "unique_external_id"),
            empty={"email": None, "phone": None, "mobile": None, "unique_external_id": None, "company_id": None,
                   "job_title": None, "address": None, "description": None, "language": "en",
                   "time_zone": "Eastern Time",
                   "twitter_id": None, "facebook_id": None, "visitor_id": None, "active": False,
                   "blocked": False,
                   "preferred_source": "email", "csat_rating": None, "tags": [], "other_emails": [],
                   "other_companies": [], "view_all_tickets": False},
            unique=("email", "unique_external_id"),
            hidden=("tags", "other_emails", "other_companies", "view_all_tickets"),
        ),
        Kind(
            "companies",
            "/companies",
            writable=_COMPANY,
            required=("name",),
            empty=dict.fromkeys(_COMPANY) | {"domains": []},
            unique=("name",),
        ),
        Kind(
            "agents",
            "/agents",
            filters=("email", "mobile", "phone", "state", "type"),
        ),
        Kind(
            "groups",
            "/groups",
            writable=_GROUP,
            required=("name",),
            empty={"description": None, "escalate_to": None, "unassigned_for": None, "business_hour_id": None,
                   "group_type": "support_agent_group", "agent_ids": [], "auto_ticket_assign": 0},
            unique=("name",),
        ),
        Kind(
            "time_entries",
            "/time_entries",
            writable=_TIME,
            filters=("company_id", "agent_id", "executed_after", "executed_before", "billable"),
            empty={"note": None, "time_spent": "00:00", "billable": True, "timer_running": False, "executed_at": None,
                   "start_time": None, "company_id": None},
        ),
        Kind("satisfaction_ratings", "/surveys/satisfaction_ratings", filters=("created_since", "user_id")),
        Kind("solution_categories", "/solutions/categories"),
        *(
            Kind(name, f"/{name}")
            for name in ("products", "roles", "business_hours", "email_configs", "sla_policies", "surveys",
                         "canned_response_folders")
        ),
    )
}  # fmt: skip
# Told with their parent: name -> (path of the parent's list, the field that names the parent).
NESTED: dict[str, tuple[str, str]] = {
    "conversations": ("/tickets/{id}/conversations", "ticket_id"),
    "canned_responses": ("/canned_response_folders/{id}/responses", "folder_id"),
    "solution_folders": ("/solutions/categories/{id}/folders", "category_id"),
    "solution_articles": ("/solutions/folders/{id}/articles", "folder_id"),
}
PARENTS = {"conversations": "tickets", "canned_responses": "canned_response_folders",
           "solution_folders": "solution_categories", "solution_articles": "solution_folders"}  # fmt: skip
CUSTOM: dict[str, tuple[CustomField, ...]] = {
    "tickets": (
        CustomField("cf_tier", "Tier", "custom_dropdown", ("Gold", "Silver", "Bronze")),
        CustomField("cf_order_number", "Order number", "custom_text"),
        CustomField("cf_minutes", "Minutes", "custom_number"),
        CustomField("cf_refund", "Refund", "custom_decimal"),
        CustomField("cf_escalated", "Escalated", "custom_checkbox"),
        CustomField("cf_promised", "Promised", "custom_date"),
        CustomField("cf_area", "Area", "nested_field", ("Web", "API"), ("cf_part", "cf_detail")),
    ),
    "contacts": (
        CustomField("cf_vip", "VIP", "custom_checkbox"),
        CustomField("cf_birthday", "Birthday", "custom_date"),
    ),
    "companies": (
        CustomField("cf_arr", "ARR", "custom_decimal"),
        CustomField("cf_health", "Health", "custom_number"),
        CustomField("cf_plan", "Plan", "custom_dropdown", ("Team", "Growth", "Enterprise")),
    ),
}
