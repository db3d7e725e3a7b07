"""What Zendesk keeps: the objects, and which of their fields may be written with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PRIORITIES = ("low", "normal", "high", "urgent")
STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
TYPES = ("problem", "incident", "question", "task")
ROLES = ("end-user", "agent", "admin")


@dataclass(frozen=True, slots=True)
class Kind:
    """One object. `writable`: field -> what it takes: text, boolean, time, list, a choice, or a record (`>users`).

    custom: where its custom fields stand, if it has any. unique: fields whose values are told apart without case.
    """

    name: str
    singular: str
    writable: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    custom: str = ""
    required: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return self.singular.replace("_", " ").title().replace(" ", "")


TICKETS = Kind(
    "tickets",
    "ticket",
    {
        "subject": "text",
        "type": TYPES,
        "priority": PRIORITIES,
        "status": STATUSES,
        "requester_id": ">users",
        "submitter_id": ">users",
        "assignee_id": ">users",
        "organization_id": ">organizations",
        "group_id": ">groups",
        "brand_id": ">brands",
        "ticket_form_id": ">ticket_forms",
        "problem_id": ">tickets",
        "external_id": "text",
        "recipient": "text",
        "due_at": "time",
        "tags": "list",
        "collaborator_ids": "list",
        "follower_ids": "list",
    },
    custom="custom_fields",
)
USERS = Kind(
    "users",
    "user",
    {
        "name": "text",
        "email": "text",
        "external_id": "text",
        "alias": "text",
        "phone": "text",
        "role": ROLES,
        "locale": "text",
        "time_zone": "text",
        "verified": "boolean",
        "suspended": "boolean",
        "notes": "text",
        "details": "text",
        "signature": "text",
        "organization_id": ">organizations",
        "default_group_id": ">groups",
        "tags": "list",
    },
    custom="user_fields",
    required=("name",),
    unique=("email", "external_id"),
)
ORGANIZATIONS = Kind(
    "organizations",
    "organization",
    {
        "name": "text",
        "external_id": "text",
        "details": "text",
        "notes": "text",
        "group_id": ">groups",
        "shared_tickets": "boolean",
        "shared_comments": "boolean",
        "domain_names": "list",
        "tags": "list",
    },
    custom="organization_fields",
    required=("name",),
    unique=("name", "external_id"),
)
GROUPS = Kind(
    "groups",
    "group",
    {"name": "text", "description": "text", "is_public": "boolean"},
    required=("name",),
    unique=("name",),
)
RECORDS = Kind(
    "custom_object_records",
    "custom_object_record",
    {"name": "text", "external_id": "text"},
    custom="custom_object_fields",
    required=("name",),
    unique=("external_id",),
)
# Written by single records and by jobs.
WRITTEN = {kind.name: kind for kind in (TICKETS, USERS, ORGANIZATIONS, GROUPS)}
# Read only here, each as its list shows it. Their paths are their names, but for the policies.
LISTED = {
    "group_memberships": "group_membership",
    "organization_memberships": "organization_membership",
    "brands": "brand",
    "macros": "macro",
    "triggers": "trigger",
    "automations": "automation",
    "views": "view",
    "satisfaction_ratings": "satisfaction_rating",
    "suspended_tickets": "suspended_ticket",
    "ticket_forms": "ticket_form",
    "sla_policies": "sla_policy",
    "articles": "article",
}
FIELDS_OF = {"ticket_fields": "tickets", "user_fields": "users", "organization_fields": "organizations"}
