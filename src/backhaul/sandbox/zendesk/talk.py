"""What happens on a ticket: its comments, and the audits that tell of every change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from typing import Any

from backhaul.sandbox.tables import Row
from backhaul.sandbox.zendesk.account import Account
from backhaul.sandbox.zendesk.answers import stamp


def ticket_values(**given: Any) -> dict[str, Any]:
    """All fields of a new ticket, those that are not given empty."""
    return {
        "external_id": None,
        "via": {"channel": "api", "source": {"from": {}, "to": {}, "rel": None}},
        "type": None,
        "subject": None,
        "description": None,
        "priority": None,
        "status": "new",
        "recipient": None,
        "requester_id": None,
        "submitter_id": None,
        "assignee_id": None,
        "organization_id": None,
        "group_id": None,
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": [],
        "satisfaction_rating": None,
        "sharing_agreement_ids": [],
        "custom_status_id": None,
        "followup_ids": [],
        "ticket_form_id": None,
        "brand_id": None,
        "allow_channelback": False,
        "allow_attachments": True,
        "custom": {},
        **given,
    }


def audit(account: Account, ticket: Row, author: str, events: Sequence[dict[str, Any]], at: datetime) -> Row:
    """One entry of the ticket's history; with it an event of the ticket's metrics."""
    table = account.tables["ticket_audits"]
    id = account.next_id("ticket_audits")
    numbered = [{"id": int(id) * 1000 + n, **event} for n, event in enumerate(events)]
    values = {
        "ticket_id": int(ticket.id),
        "author_id": int(author),
        "events": numbered,
        "metadata": {"system": {}, "custom": {}},
        "via": ticket.values["via"],
        "_generated": at,
    }
    metric = "reply_time" if any(event["type"] == "Comment" for event in events) else "agent_work_time"
    account.insert(
        "ticket_metric_events",
        {"ticket_id": int(ticket.id), "metric": metric, "instance_id": 1, "type": "activate", "time": stamp(at)},
        at,
    )
    return table.insert(values, id=id, at=at)


def comment(
    account: Account,
    ticket: Row,
    author: str,
    body: str,
    at: datetime,
    *,
    public: bool = True,
    first: bool = False,
    html: str | None = None,
    changes: Sequence[dict[str, Any]] = (),
) -> Row:
    """Somebody writes on a ticket, and may change it in the same act."""
    said = {
        "type": "Comment",
        "author_id": int(author),
        "body": body,
        "html_body": html or f'<div class="zd-comment"><p dir="auto">{escape(body)}</p></div>',
        "plain_body": body,
        "public": public,
        "attachments": [],
    }
    begun = [{"type": "Create", "field_name": "subject", "value": ticket.values["subject"]}] if first else []
    entry = audit(account, ticket, author, [said, *begun, *changes], at)
    event = entry.values["events"][0]
    values = {name: value for name, value in event.items() if name != "id"}
    values |= {"audit_id": int(entry.id), "ticket_id": int(ticket.id), "via": entry.values["via"], "_generated": at}
    return account.tables["ticket_comments"].insert(values, id=str(event["id"]), at=at)


def metrics(account: Account, ticket: Row) -> dict[str, Any]:
    """The figures that Zendesk keeps of a ticket."""
    answers = [
        row
        for row in account.of_ticket("ticket_comments", ticket.id)
        if row.values["author_id"] != ticket.values["requester_id"] and row.values["public"]
    ]
    minutes = None if not answers else int((answers[0].created_at - ticket.created_at) / timedelta(minutes=1))
    solved = ticket.values["status"] in ("solved", "closed")
    return {
        "id": int(ticket.id) + 360030000000,
        "ticket_id": int(ticket.id),
        "url": f"{account.url}/api/v2/ticket_metrics/{int(ticket.id) + 360030000000}.json",
        "group_stations": 1,
        "assignee_stations": 0 if ticket.values["assignee_id"] is None else 1,
        "reopens": 0,
        "replies": len(answers),
        "solved_at": stamp(ticket.changed_at) if solved else None,
        "reply_time_in_minutes": {"calendar": minutes, "business": minutes},
        "full_resolution_time_in_minutes": {"calendar": None, "business": None},
        "created_at": stamp(ticket.created_at),
        "updated_at": stamp(ticket.changed_at),
    }
