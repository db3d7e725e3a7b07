"""The objects of a company, their fields, and what values fields take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field that the company made. `code` is the hash that records keep its value under."""

    code: str
    name: str
    type: str
    options: tuple[str, ...] = ()
    """Labels; an option's id is its place from 1."""

    def shown(self) -> dict[str, Any]:
        options = [{"id": n, "label": label} for n, label in enumerate(self.options, 1)] or None
        return {
            "field_name": self.name,
            "field_code": self.code,
            "description": None,
            "field_type": self.type,
            "options": options,
            "subfields": None,
            "is_custom_field": True,
            "is_optional_response_field": False,
        }

    def fits(self, value: Any) -> bool:
        """Version 2 coerces nothing."""
        if value is None:
            return True
        match self.type:
            case "varchar" | "varchar_auto" | "text" | "phone":
                return isinstance(value, str)
            case "int":
                return isinstance(value, int) and not isinstance(value, bool)
            case "double":
                return _number(value)
            case "boolean":
                return isinstance(value, bool)
            case "date":
                return _day(value)
            case "enum":
                return isinstance(value, int) and 1 <= value <= len(self.options)
            case "set":
                return isinstance(value, list) and all(each in range(1, len(self.options) + 1) for each in value)
            case "monetary":
                return (
                    isinstance(value, dict) and _number(value.get("value")) and isinstance(value.get("currency"), str)
                )
            case "address":
                return isinstance(value, dict) and isinstance(value.get("value"), str)
        return False


@dataclass(frozen=True, slots=True)
class Kind:
    """One object. `writable`: field -> what it takes: text, number, boolean, date, list, object, a choice, or a record.

    times: how many lists it has by time (`updated_since`). fields: what its custom fields are called in paths.
    """

    name: str
    one: str
    writable: Mapping[str, str | tuple[str, ...]]
    required: str
    fields: str = ""
    by_time: bool = True
    filters: tuple[str, ...] = ("owner_id",)
    sorts: tuple[str, ...] = ("id", "update_time", "add_time")
    empty: Mapping[str, Any] = field(default_factory=dict)


DEALS = Kind(
    "deals",
    "Deal",
    {
        "title": "text",
        "owner_id": ">users",
        "person_id": ">persons",
        "org_id": ">organizations",
        "pipeline_id": ">pipelines",
        "stage_id": ">stages",
        "value": "number",
        "currency": "text",
        "status": ("open", "won", "lost"),
        "probability": "number",
        "lost_reason": "text",
        "expected_close_date": "date",
        "label_ids": "list",
        "visible_to": "number",
        "is_archived": "boolean",
    },
    "title",
    "dealFields",
    filters=("owner_id", "person_id", "org_id", "pipeline_id", "stage_id"),
    empty={
        "person_id": None, "org_id": None, "pipeline_id": 1, "stage_id": 1, "value": 0, "currency": "USD",
        "status": "open", "probability": None, "lost_reason": None, "expected_close_date": None, "label_ids": [],
        "visible_to": 3, "is_archived": False, "stage_change_time": None, "close_time": None, "won_time": None,
        "lost_time": None,
    },
)  # fmt: skip
PERSONS = Kind(
    "persons",
    "Person",
    {"name": "text", "owner_id": ">users", "org_id": ">organizations", "emails": "list", "phones": "list",
     "job_title": "text", "label_ids": "list", "visible_to": "number"},
    "name",
    "personFields",
    filters=("owner_id", "org_id"),
    empty={"first_name": None, "last_name": None, "org_id": None, "emails": [], "phones": [], "job_title": None,
           "label_ids": [], "visible_to": 3},
)  # fmt: skip
ORGANIZATIONS = Kind(
    "organizations",
    "Organization",
    {"name": "text", "owner_id": ">users", "address": "object", "label_ids": "list", "visible_to": "number",
     "website": "text"},
    "name",
    "organizationFields",
    empty={"address": None, "label_ids": [], "visible_to": 3, "website": None},
)  # fmt: skip
PRODUCTS = Kind(
    "products",
    "Product",
    {"name": "text", "owner_id": ">users", "code": "text", "unit": "text", "tax": "number", "prices": "list",
     "description": "text", "visible_to": "number"},
    "name",
    "productFields",
    by_time=False,
    sorts=("id", "update_time", "add_time", "name"),
    empty={"code": None, "unit": None, "tax": 0, "prices": [], "description": None, "visible_to": 3},
)  # fmt: skip
ACTIVITIES = Kind(
    "activities",
    "Activity",
    {"subject": "text", "type": "text", "owner_id": ">users", "deal_id": ">deals", "person_id": ">persons",
     "org_id": ">organizations", "due_date": "date", "due_time": "text", "duration": "text", "done": "boolean",
     "note": "text"},
    "subject",
    filters=("owner_id", "deal_id", "person_id", "org_id", "done"),
    sorts=("id", "update_time", "add_time", "due_date"),
    empty={"type": "task", "deal_id": None, "person_id": None, "org_id": None, "lead_id": None, "due_date": None,
           "due_time": None, "duration": None, "done": False, "note": None, "marked_as_done_time": None},
)  # fmt: skip
PIPELINES = Kind("pipelines", "Pipeline", {"name": "text"}, "name", by_time=False, filters=())
STAGES = Kind(
    "stages", "Stage", {"name": "text", "pipeline_id": ">pipelines", "deal_probability": "number"}, "name",
    by_time=False, filters=("pipeline_id",),
)  # fmt: skip
KINDS = {kind.name: kind for kind in (DEALS, PERSONS, ORGANIZATIONS, PRODUCTS, ACTIVITIES, PIPELINES, STAGES)}
# Only version 1 has these.
OLD = ("users", "leads", "notes")

TIER = CustomField("dcf558aac1ae4e8c4f849ba5e668430d8df9be12", "Tier", "enum", ("Gold", "Silver", "Bronze"))
BUDGET = CustomField("9dc80c50d78a15643bfc4ca79d76156a73a1ca0e", "Budget", "monetary")
SIGNED = CustomField("56c7a8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f", "Signed on", "date")
ARR = CustomField("b4d1c9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2", "ARR", "double")
HEALTH = CustomField("0a1b2c3d4e5f60718293a4b5c6d7e8f901234567", "Health score", "int")
AREAS = CustomField("77aa88bb99cc00dd11ee22ff33004411552266aa", "Areas", "set", ("Web", "Mobile", "API"))
LANGUAGE = CustomField("1f2e3d4c5b6a79880716253443526170f9e8d7c6", "Language", "varchar")
CUSTOM: Mapping[str, tuple[CustomField, ...]] = {
    "deals": (TIER, BUDGET, SIGNED),
    "organizations": (ARR, HEALTH, AREAS),
    "persons": (LANGUAGE,),
    "products": (),
}


def takes(rule: str | tuple[str, ...], value: Any) -> bool:
    """Whether a field of the object's own takes the value; records are looked up by whoever asks."""
    if value is None:
        return True
    if isinstance(rule, tuple):
        return value in rule
    match rule:
        case "text":
            return isinstance(value, str)
        case "number":
            return _number(value)
        case "boolean":
            return isinstance(value, bool)
        case "date":
            return _day(value)
        case "list":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _day(value: Any) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value) is not None
    except ValueError:
        return False
