"""What is done (cases, activities, notes), the customer's own tables, and the labels of choices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from backhaul.sandbox.chance import pick
from backhaul.sandbox.dynamics365.answers import stamp
from backhaul.sandbox.dynamics365.columns import CHOICES
from backhaul.sandbox.dynamics365.ground import MADE, Ground, Values
from backhaul.sandbox.dynamics365.organization import Organization
from backhaul.sandbox.tables import Table
from backhaul.sandbox.world import EPOCH, World

COUNTS = {
    "task": 90,
    "phonecall": 40,
    "appointment": 30,
    "email": 40,
    "incident": 120,
    "annotation": 60,
    "new_subscription": 70,
    "new_reading": 25,
}


class Service:
    def __init__(self, ground: Ground, organization: Organization, world: World) -> None:
        self._ground = ground
        self._organization = organization
        self._world = world
        self._seed = world.seed

    # -- what is done -----------------------------------------------------------------------------------------------

    def incident(self, table: Table) -> None:
        for i in range(COUNTS["incident"]):
            person = self._world.people[(i * 3) % len(self._world.people)]
            state = pick((0, 0, 0, 1, 2), self._seed, 71, i)
            self._ground.put(
                table,
                i,
                {
                    "title": f"Problem {i}",
                    "ticketnumber": f"CAS-{1000 + i:05d}-X{i % 10}",
                    "description": f"It does not work ({i}).",
                    "prioritycode": pick((1, 2, 3), self._seed, 72, i),
                    "caseorigincode": pick((1, 2, 3, 2483), self._seed, 73, i),
                    "statecode": state,
                    "statuscode": {0: 1 + i % 4, 1: 5, 2: 6}[state],
                    **self._ground.to("customerid", "account", person.company.index),
                    **self._ground.to("primarycontactid", "contact", person.index),
                },
                EPOCH - timedelta(days=200 - i),
                8,
            )

    def _activity(self, table: Table, more: Callable[[int, datetime], Values]) -> None:
        kinds = (("account", len(self._world.companies)), ("contact", len(self._world.people)), ("opportunity", 300))
        for i in range(COUNTS[table.name]):
            target, count = kinds[i % 3]
            begins = EPOCH - timedelta(days=90) + timedelta(hours=9 + 17 * i)
            state = pick((0, 1, 1, 2), self._seed, 74, i)
            self._ground.put(
                table,
                i,
                {
                    "subject": f"{table.name.capitalize()} {i}",
                    "description": f"<p>Said {i}</p>",
                    "activitytypecode": table.name,
                    "statecode": state,
                    "statuscode": {0: 1, 1: 5, 2: 6}[state],
                    "scheduledend": stamp(begins + timedelta(hours=1)),
                    "prioritycode": 1,
                    "actualend": stamp(begins + timedelta(hours=2)) if state == 1 else None,
                    **self._ground.to("regardingobjectid", target, (i * 5) % count),
                    **more(i, begins),
                },
                begins - timedelta(days=2),
                9,
            )

    def task(self, table: Table) -> None:
        self._activity(table, lambda i, begins: {"percentcomplete": i % 100})

    def phonecall(self, table: Table) -> None:
        self._activity(
            table,
            lambda i, begins: {
                "directioncode": i % 2 == 0,
                "phonenumber": f"+1 555 {i:04d}",
                "actualstart": stamp(begins),
            },
        )

    def appointment(self, table: Table) -> None:
        self._activity(table, lambda i, begins: {"scheduledstart": stamp(begins), "location": "Room 1"})

    def email(self, table: Table) -> None:
        self._activity(
            table, lambda i, begins: {"directioncode": i % 2 == 0, "senton": stamp(begins), "sender": "a@acme.example"}
        )

    def annotation(self, table: Table) -> None:
        for i in range(COUNTS["annotation"]):
            file = i % 5 == 4
            self._ground.put(
                table,
                i,
                {
                    "subject": f"Note {i}",
                    "notetext": f"Remember {i}",
                    "isdocument": file,
                    "filename": f"file{i}.pdf" if file else None,
                    "mimetype": "application/pdf" if file else None,
                    "filesize": 1000 + i if file else None,
                    **self._ground.to("objectid", *(("account", i) if i % 2 else ("incident", i))),
                },
                EPOCH - timedelta(days=100 - i),
                10,
            )

    # -- what the customer made, and labels -------------------------------------------------------------------------

    def new_subscription(self, table: Table) -> None:
        for i in range(COUNTS["new_subscription"]):
            self._ground.put(
                table,
                i,
                {
                    "new_name": f"Subscription {i}",
                    "new_mrr": float(10 + i * 3),
                    "new_starts": date(2026, 1 + i % 6, 1).isoformat(),
                    "new_seats": 1 + i % 40,
                    "new_code": f"SUB-{i:03d}",
                    **self._ground.to("new_account", "account", i),
                    **self._ground.money(i),
                },
                EPOCH - timedelta(days=300 - i),
                11,
            )

    def new_reading(self, table: Table) -> None:
        for i in range(COUNTS["new_reading"]):
            at = EPOCH - timedelta(hours=100 - i)
            self._ground.put(
                table,
                i,
                {"new_name": f"R{i}", "new_value": i * 1.5, "new_at": stamp(at), "partitionid": f"device-{i % 3}"},
                at,
                12,
            )

    def stringmap(self, table: Table) -> None:
        i = 0
        for definition in self._organization.definitions.values():
            for column in definition.columns.values():
                for place, (value, text) in enumerate(column.options if column.kind in CHOICES else ()):
                    told = {
                        "objecttypecode": definition.name,
                        "attributename": column.name,
                        "attributevalue": value,
                        "value": text,
                        "langid": 1033,
                        "displayorder": place,
                    }
                    self._ground.put(table, i, told, MADE)
                    i += 1
