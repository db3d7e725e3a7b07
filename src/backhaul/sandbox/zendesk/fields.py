"""Custom fields: how they are defined, shown, and what values they take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from backhaul.sandbox.zendesk.answers import stamp
from backhaul.sandbox.zendesk.kinds import PRIORITIES, STATUSES, TYPES

TYPES_OF_FIELDS = (
    "text", "textarea", "regexp", "partialcreditcard", "checkbox", "integer", "decimal", "date", "tagger", "dropdown",
    "multiselect", "lookup",
)  # fmt: skip
_WHOLE = re.compile(r"-?\d{1,18}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class CustomField:
    """`id` is its name among tickets' fields, `key` elsewhere; `options` are the values that it may have."""

    id: str
    key: str
    type: str
    title: str
    options: tuple[str, ...] = ()
    pattern: str = ""
    target: str = ""
    system: bool = False
    """Comes with every account: shown among the fields, kept in a column of its own."""

    def name(self, of: str) -> str:
        """What a record of this object calls it."""
        return self.id if of == "tickets" else self.key

    def shown(self, of: str, url: str, at: Any) -> dict[str, Any]:
        told: dict[str, Any] = {
            "url": f"{url}/{self.id}.json",
            "id": int(self.id),
            "type": self.type,
            "title": self.title,
            "raw_title": self.title,
            "description": self.title,
            "raw_description": self.title,
            "position": int(self.id) % 1000,
            "active": True,
            "regexp_for_validation": self.pattern or None,
            "created_at": stamp(at),
            "updated_at": stamp(at),
        }
        if of == "tickets":
            told |= {"key": None, "required": False, "removable": not self.system, "agent_description": None}
        else:
            told |= {"key": self.key, "system": self.system}
        if self.type in ("tagger", "dropdown", "multiselect"):
            told["custom_field_options"] = [
                {"id": int(self.id) * 100 + n, "name": each.replace("_", " ").title(), "value": each}
                for n, each in enumerate(self.options)
            ]
        if self.type == "lookup":
            told["relationship_target_type"] = self.target
        return told

    def wrong(self, value: Any) -> str | None:
        """Why the value cannot stand in this field; None where it can."""
        if value is None or value == "":
            return None
        match self.type:
            case "checkbox":
                bad = not isinstance(value, bool)
            case "integer":
                bad = isinstance(value, bool) or not _WHOLE.fullmatch(str(value))
            case "decimal":
                bad = isinstance(value, bool) or not _NUMBER.fullmatch(str(value))
            case "date":
                bad = _day(value) is None
            case "tagger" | "dropdown":
                bad = value not in self.options
            case "multiselect":
                bad = not isinstance(value, list) or not set(value) <= set(self.options)
            case "regexp":
                bad = not isinstance(value, str) or not re.fullmatch(self.pattern, value)
            case _:
                bad = not isinstance(value, str | int) or isinstance(value, bool)
        return f"{self.title}: {value!r} is not valid for the type {self.type}" if bad else None

    def kept(self, value: Any) -> Any:
        """A value that is right, as it is kept."""
        if value is None or value == "":
            return None
        match self.type:
            case "integer":
                return int(value)
            case "decimal":
                return str(value)
            case "date":
                day = _day(value)
                return None if day is None else day.isoformat()
            case "lookup" | "text" | "textarea" | "regexp" | "partialcreditcard":
                return str(value)
            case _:
                return value


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def shown_value(field: CustomField, value: Any, of: str, variants: Mapping[str, str]) -> Any:
    """A kept value as a record shows it."""
    if value is None:
        return False if field.type == "checkbox" else None
    if field.type == "decimal" and variants["decimals"] == "number":
        return float(value)
    if field.type == "date" and of != "tickets" and variants["dates"] == "midnight":
        return f"{value}T00:00:00+00:00"
    return value


def _system(id: int, type: str, title: str, options: tuple[str, ...] = ()) -> CustomField:
    return CustomField(str(id), type, type, title, options, system=True)


SYSTEM_FIELDS = (
    _system(360000000101, "subject", "Subject"),
    _system(360000000102, "description", "Description"),
    _system(360000000103, "status", "Status", STATUSES),
    _system(360000000104, "tickettype", "Type", TYPES),
    _system(360000000105, "priority", "Priority", PRIORITIES),
    _system(360000000106, "group", "Group"),
    _system(360000000107, "assignee", "Assignee"),
)
TICKET_FIELDS = (
    CustomField("360000000201", "tier", "tagger", "Tier", ("tier_gold", "tier_silver", "tier_bronze")),
    CustomField("360000000202", "order", "text", "Order number"),
    CustomField("360000000203", "seats", "integer", "Seats affected"),
    CustomField("360000000204", "refund", "decimal", "Refund"),
    CustomField("360000000205", "escalated", "checkbox", "Escalated"),
    CustomField("360000000206", "promised", "date", "Promised on"),
    CustomField("360000000207", "areas", "multiselect", "Areas", ("area_web", "area_mobile", "area_api")),
)
USER_FIELDS = (
    CustomField("360000000301", "job_title", "text", "Job title"),
    CustomField("360000000302", "vip", "checkbox", "VIP"),
    CustomField("360000000303", "renewal", "date", "Renewal"),
)
ORGANIZATION_FIELDS = (
    CustomField("360000000401", "industry", "text", "Industry"),
    CustomField("360000000402", "arr", "decimal", "ARR"),
    CustomField("360000000403", "plan", "dropdown", "Plan", ("plan_team", "plan_growth", "plan_enterprise")),
    CustomField("360000000404", "health_score", "integer", "Health score"),
    CustomField("360000000405", "renewal", "date", "Renewal"),
)
DEVICE_FIELDS = (
    CustomField("360000000501", "serial", "text", "Serial number"),
    CustomField("360000000502", "warranty", "date", "Warranty until"),
    CustomField("360000000503", "price", "decimal", "Price"),
    CustomField("360000000504", "active", "checkbox", "Active"),
    CustomField("360000000505", "owner", "lookup", "Owner", target="zen:organization"),
)
