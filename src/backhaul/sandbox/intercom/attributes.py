"""A workspace's own fields: of contacts, companies and conversations, and of each type of ticket."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from backhaul.sandbox.intercom.answers import invalid

# data_type -> what its values are.
_PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "float": (int, float),
    "decimal": (int, float),
    "boolean": (bool,),
    "date": (int,),
    "datetime": (int,),
    "list": (str,),
    "files": (list,),
    "relationship": (list,),
}


@dataclass(slots=True)
class Attribute:
    """One field. writable: by the API. object_type: which custom object a relationship leads to."""

    id: int
    name: str
    type: str
    label: str
    options: tuple[str, ...] = ()
    writable: bool = True
    archived: bool = False
    required: bool = False
    object_type: str | None = None

    def check(self, value: Any) -> None:
        """Raises Refused where a value does not fit."""
        if value is None:
            return
        fits = isinstance(value, _PYTHON[self.type]) and (self.type == "boolean" or not isinstance(value, bool))
        if not fits:
            invalid(f"{self.name} must be of type {self.type}", self.name)
        if self.options and value not in self.options:
            invalid(f"{value!r} is not an option of {self.name}", self.name)


CONTACTS = (
    Attribute(12001, "job_title", "string", "Job title"),
    Attribute(12002, "language", "string", "Language", ("en", "de", "fr")),
    Attribute(12003, "seats", "integer", "Seats"),
    Attribute(12004, "score", "float", "Score"),
    Attribute(12005, "vip", "boolean", "VIP"),
    Attribute(12006, "renews_at", "date", "Renews at"),
    Attribute(12007, "Favourite Colour", "string", "Favourite Colour"),
    Attribute(12008, "old_plan", "string", "Old plan", archived=True),
    Attribute(12009, "computed_risk", "float", "Risk", writable=False),
)
COMPANIES = (
    Attribute(12101, "segment", "string", "Segment"),
    Attribute(12102, "arr", "float", "ARR"),
    Attribute(12103, "health_score", "integer", "Health score"),
    Attribute(12104, "signed_at", "date", "Signed at"),
    Attribute(12105, "key_account", "boolean", "Key account"),
)
CONVERSATIONS = (
    Attribute(3, "topic", "list", "Topic", ("renewal", "delivery", "invoice", "other")),
    Attribute(4, "root_cause", "string", "Root cause"),
    Attribute(5, "minutes", "integer", "Minutes"),
    Attribute(6, "subscriptions", "relationship", "Subscriptions", object_type="Subscription"),
)
TITLE, DESCRIPTION = "_default_title_", "_default_description_"
TICKETS = {
    "81": (
        Attribute(196, TITLE, "string", "Title"),
        Attribute(197, DESCRIPTION, "string", "Description"),
        Attribute(198, "severity", "list", "Severity", ("low", "high")),
        Attribute(199, "order_number", "string", "Order"),
        Attribute(200, "refund", "decimal", "Refund"),
    ),
    "82": (
        Attribute(206, TITLE, "string", "Title"),
        Attribute(207, DESCRIPTION, "string", "Description"),
        Attribute(208, "due", "datetime", "Due"),
        Attribute(209, "affected", "integer", "Affected"),
        Attribute(210, "confirmed", "boolean", "Confirmed"),
        Attribute(211, "screenshots", "files", "Screenshots"),
    ),
}


class Attributes:
    """Those of each model, by name; of tickets by their type."""

    def __init__(self) -> None:
        self.of: dict[str, dict[str, Attribute]] = {
            "contact": _by_name(CONTACTS),
            "company": _by_name(COMPANIES),
            "conversation": _by_name(CONVERSATIONS),
            **{f"ticket {type}": _by_name(each) for type, each in TICKETS.items()},
        }

    def checked(self, model: str, given: Any, *, field: str = "custom_attributes") -> dict[str, Any]:
        """Values that may be written. Raises Refused."""
        if given is None:
            return {}
        if not isinstance(given, dict):
            invalid(f"{field} must be an object", field)
        for name, value in given.items():
            found = self.of[model].get(name)
            if found is None or found.archived:
                invalid(f"Custom attribute '{name}' does not exist", name)
            if not found.writable:
                invalid(f"Custom attribute '{name}' is not writable via the API", name)
            found.check(value)
        return dict(given)

    def add(self, model: str, name: str, type: str, options: tuple[str, ...] = ()) -> Attribute:
        number = max(each.id for held in self.of.values() for each in held.values()) + 1
        self.of[model][name] = made = Attribute(number, name, type, name, options)
        return made


def _by_name(attributes: tuple[Attribute, ...]) -> dict[str, Attribute]:
    return {each.name: replace(each) for each in attributes}
