"""What people do at the vendor between a kill and the resume: create, edit, delete, restore, merge, move children."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tests.crash.simulator import Simulator
from tests.truth import key_of

OBJECTS: dict[str, dict[str, Any]] = {
    "hubspot": {
        "companies": {},
        "contacts": {},
        "deals": {},
        "owners": {},
        "pipelines": {},
        "pipeline_stages": {},
        "contacts_companies": {},
        "deals_companies": {},
        "deals_contacts": {},
    },
    "salesforce": {name: {} for name in ("Account", "Contact", "Opportunity", "Task", "User", "Subscription__c")},
    "netsuite": {
        name: {}
        for name in (
            "customer",
            "contact",
            "item",
            "invoice",
            "invoice_lines",
            "salesOrder",
            "salesOrder_lines",
            "currency",
        )
    },
}
COMPARED = {source: [name for name in objects if "pipeline" not in name] for source, objects in OBJECTS.items()}
_LINKS = {"deals": ("companies", "contacts"), "contacts": ("companies",)}


class Changes:
    """Changes to one simulator, the same for the same seed and the same state."""

    def __init__(self, simulator: Simulator, chance: random.Random) -> None:
        self._simulator = simulator
        self._chance = chance
        self._made = 0

    def some(self, least: int, most: int) -> int:
        """Do a few; returns how many the vendor took."""
        done = 0
        act: Callable[[], object] = getattr(self, f"_{self._simulator.source}")
        for _ in range(self._chance.randint(least, most)):
            with suppress(ValueError):  # what the vendor would not let anyone do was not done
                act()
                done += 1
        return done

    def _text(self) -> str:
        self._made += 1
        return f"Changed {self._made} {self._chance.randrange(10**6)}"

    def _any(self, object: str, *, deleted: bool = False) -> dict[str, Any]:
        found = [
            each
            for each in self._simulator.dump(object)
            if bool(each.get("_deleted")) is deleted and not (deleted and each.get("_merged_into"))
        ]
        if not found:
            raise ValueError(f"no {object} is {'deleted' if deleted else 'live'}")
        return self._chance.choice(found)

    def _id(self, object: str, *, deleted: bool = False) -> str:
        return key_of(self._any(object, deleted=deleted), object)

    def _op(self, **weights: int) -> str:
        return self._chance.choices(list(weights), list(weights.values()))[0]

    # -- by vendor ---------------------------------------------------------------------------------------------------

    def _hubspot(self) -> None:
        mutate = self._simulator.mutate
        object = self._chance.choice(("companies", "contacts", "deals"))
        field = {"companies": "name", "contacts": "lastname", "deals": "dealname"}[object]
        match self._op(create=20, update=35, delete=15, restore=10, merge=5, purge=3, link=12):
            case "create":
                made = mutate("create", object, None, {field: self._text()})["id"]
                for to in _LINKS.get(object, ()):
                    mutate("associate", object, made, {"to": to, "to_id": self._id(to)})
            case "update":
                mutate("update", object, self._id(object), {field: self._text()})
            case "delete":
                self._gone(object, self._id(object), "delete")
            case "restore":
                self._gone(object, self._id(object, deleted=True), "restore")
            case "merge" if object != "deals":
                winner, loser = self._id(object), self._id(object)
                if winner != loser:
                    linked = self._linked(object, loser)
                    mutate("merge", object, winner, {"loser": loser})
                    self._touch(linked)
            case "purge":
                self._gone(object, self._id(object), "purge")
            case _:
                to = self._chance.choice(_LINKS.get(object) or _LINKS["deals"])
                object = object if object in _LINKS else "deals"
                id = self._id(object)
                held = [each for each in self._simulator.dump(f"{object}_{to}") if each["from_id"] == id]
                if held and self._chance.random() < 0.5:
                    mutate("dissociate", object, id, {"to": to, "to_id": self._chance.choice(held)["to_id"]})
                else:
                    mutate("associate", object, id, {"to": to, "to_id": self._id(to)})
                self._touch([(object, id)])

    def _linked(self, object: str, id: str) -> list[tuple[str, str]]:
        """Records that list this one among their links."""
        return [
            (from_, each["from_id"])
            for from_, tos in _LINKS.items()
            if object in tos
            for each in self._simulator.dump(f"{from_}_{object}")
            if str(each["to_id"]) == id
        ]

    def _gone(self, object: str, id: str, op: str) -> None:
        """A link goes and comes with its record, and the vendor stamps no other record for it: so somebody edits it."""
        linked = self._linked(object, id)
        self._simulator.mutate(op, object, id)
        self._touch(linked or self._linked(object, id))

    def _touch(self, records: list[tuple[str, str]]) -> None:
        for object, id in records:
            with suppress(ValueError):  # it may itself be gone
                field = {"contacts": "lastname", "deals": "dealname"}[object]
                self._simulator.mutate("update", object, id, {field: self._text()})

    def _salesforce(self) -> None:
        mutate = self._simulator.mutate
        object, field = self._chance.choice(
            (("Account", "Name"), ("Contact", "LastName"), ("Task", "Subject"), ("Subscription__c", "Name"))
        )
        match self._op(create=20, update=40, delete=15, restore=10, merge=8, purge=4):
            case "create":
                mutate("create", object, None, {field: self._text()})
            case "update":
                mutate("update", object, self._id(object), {field: self._text()})
            case "delete":
                mutate("delete", object, self._id(object))
            case "restore":
                mutate("restore", object, self._id(object, deleted=True))
            case "merge" if object in ("Account", "Contact"):
                mutate("merge", object, self._id(object), {"loser": self._id(object)})
            case "purge":
                id = self._id(object)
                mutate("delete", object, id)
                mutate("purge", object, id)

    def _netsuite(self) -> None:
        mutate = self._simulator.mutate
        object = self._chance.choice(("customer", "contact", "invoice", "salesOrder"))
        if object in ("customer", "contact"):
            field = {"customer": "companyname", "contact": "lastname"}[object]
            match self._op(create=20, update=45, delete=15, untracked=4, merge=6):
                case "create":
                    mutate("create", object, None, {field: self._text(), "entityid": self._text()})
                case "update":
                    mutate("update", object, self._id(object), {field: self._text()})
                case "delete":
                    mutate("delete", object, self._id(object))
                case "untracked":
                    mutate("delete", object, self._id(object), {"untracked": True})
                case "merge" if object == "customer":
                    winner, loser = self._id(object), self._id(object)
                    if winner != loser:
                        mutate("merge", object, winner, {"loser": loser})
            return
        match self._op(create=20, update=25, relined=30, line=15, delete=10):
            case "create":
                mutate("create", object, None, {"entity": self._id("customer"), "lines": self._lines()})
            case "update":
                mutate("update", object, self._id(object), {"memo": self._text()})
            case "relined":
                mutate("update", object, self._id(object), {"memo": self._text(), "lines": self._lines()})
            case "line":
                line = self._any(f"{object}_lines")
                mutate("update", f"{object}_lines", str(line["_key"]), {"memo": self._text()})
            case "delete":
                mutate("delete", object, self._id(object))

    def _lines(self) -> list[dict[str, Any]]:
        items = [each["id"] for each in self._simulator.dump("item") if not each.get("_deleted")]
        return [
            {"item": self._chance.choice(items), "quantity": self._chance.randint(1, 9), "rate": 10 * place}
            for place in range(1, self._chance.randint(2, 6))
        ]
