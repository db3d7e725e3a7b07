"""Pipelines and their stages: what deals, tickets and leads move through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MADE = "2024-01-15T09:00:00.000Z"


@dataclass(frozen=True, slots=True)
class Stage:
    id: str
    label: str
    metadata: tuple[tuple[str, str], ...]

    def shown(self, place: int) -> dict[str, Any]:
        return {
            "label": self.label,
            "displayOrder": place,
            "metadata": dict(self.metadata),
            "id": self.id,
            "createdAt": MADE,
            "updatedAt": MADE,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            "archived": False,
        }


@dataclass(frozen=True, slots=True)
class Pipeline:
    id: str
    label: str
    stages: tuple[Stage, ...]

    def shown(self, place: int) -> dict[str, Any]:
        return {
            "label": self.label,
            "displayOrder": place,
            "id": self.id,
            "stages": [stage.shown(n) for n, stage in enumerate(self.stages)],
            "createdAt": MADE,
            "updatedAt": MADE,
            "archived": False,
        }


def _deal(id: str, label: str, probability: str) -> Stage:
    closed = "true" if probability in ("1.0", "0.0") else "false"
    return Stage(id, label, (("isClosed", closed), ("probability", probability)))


def _ticket(id: str, label: str, state: str) -> Stage:
    return Stage(id, label, (("ticketState", state), ("isClosed", "true" if state == "CLOSED" else "false")))


def _lead(id: str, label: str, state: str) -> Stage:
    return Stage(id, label, (("leadState", state),))


PIPELINES: dict[str, tuple[Pipeline, ...]] = {
    "deals": (
        Pipeline(
            "default",
            "Sales Pipeline",
            (
                _deal("appointmentscheduled", "Appointment Scheduled", "0.2"),
                _deal("qualifiedtobuy", "Qualified To Buy", "0.4"),
                _deal("contractsent", "Contract Sent", "0.9"),
                _deal("closedwon", "Closed Won", "1.0"),
                _deal("closedlost", "Closed Lost", "0.0"),
            ),
        ),
        # Stages of later pipelines have numbers for names.
        Pipeline(
            "75120431",
            "Renewals",
            (
                _deal("143925711", "Up for renewal", "0.5"),
                _deal("143925712", "Renewed", "1.0"),
                _deal("143925713", "Churned", "0.0"),
            ),
        ),
    ),
    "tickets": (
        Pipeline(
            "0",
            "Support Pipeline",
            (
                _ticket("1", "New", "OPEN"),
                _ticket("2", "Waiting on contact", "OPEN"),
                _ticket("3", "Waiting on us", "OPEN"),
                _ticket("4", "Closed", "CLOSED"),
            ),
        ),
    ),
    "leads": (
        Pipeline(
            "lead-pipeline-id",
            "Lead pipeline",
            (
                _lead("new-stage-id", "New", "NEW"),
                _lead("attempting-stage-id", "Attempting", "IN_PROGRESS"),
                _lead("qualified-stage-id", "Qualified", "QUALIFIED"),
                _lead("unqualified-stage-id", "Unqualified", "UNQUALIFIED"),
            ),
        ),
    ),
}


def stage(object: str, id: str | None) -> Stage | None:
    """The stage of that id in any pipeline of the object."""
    return next((one for pipeline in PIPELINES.get(object, ()) for one in pipeline.stages if one.id == id), None)
