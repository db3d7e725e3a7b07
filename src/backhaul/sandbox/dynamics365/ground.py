"""What seeding rests on: ids that follow from a table and a number, rows with their times, lookups."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from backhaul.sandbox.chance import mix
from backhaul.sandbox.dynamics365.organization import Organization
from backhaul.sandbox.tables import Table
from backhaul.sandbox.world import EPOCH, World

MADE = datetime(2023, 1, 9, 8, tzinfo=UTC)
Values = dict[str, Any]


class Ground:
    def __init__(self, organization: Organization, world: World) -> None:
        self._organization = organization
        self._world = world
        self._seed = world.seed
        self._names = list(organization.definitions)

    def id(self, name: str, i: int) -> str:
        """Their order is not that of the rows."""
        high = mix(self._seed, 90, self._names.index(name), i)
        return str(
            uuid.UUID(int=(high << 64 | 0x8000 << 48 | self._names.index(name) << 32 | i) & ~(0xF << 76) | (0x4 << 76))
        )

    def put(self, table: Table, i: int, values: Values, made: datetime, salt: int = 0) -> None:
        definition = self._organization.definitions[table.name]
        made = min(made, EPOCH - timedelta(days=2)).replace(microsecond=0)
        changed = min(
            made + timedelta(seconds=mix(self._seed, 80, salt, i) % (40 * 86_400)), EPOCH - timedelta(seconds=1)
        )
        whole: Values = {each.read_as: None for each in definition.reads().values()}
        for name in ("versionnumber", "createdon", "modifiedon", definition.key):
            whole.pop(name, None)
        if "ownerid" in definition.columns:
            whole |= {
                "_ownerid_value": self.id("systemuser", i % len(self._world.sellers)),
                "_ownerid_value@target": "systemuser",
            }
        if "statecode" in definition.columns:
            whole |= {"statecode": 0, "statuscode": definition.columns["statuscode"].options[0][0]}
        if "merged" in definition.columns:
            whole["merged"] = False
        row = table.insert(
            whole | values, id=self.id(table.name, i), at=made, changed_at=changed.replace(microsecond=0)
        )
        self._organization.follow(definition, row)

    def to(self, column: str, target: str, i: int | None) -> Values:
        """A lookup, with the table that it points at."""
        if i is None:
            return {f"_{column}_value": None}
        return {f"_{column}_value": self.id(target, i), f"_{column}_value@target": target}

    def money(self, i: int) -> Values:
        return self.to("transactioncurrencyid", "transactioncurrency", 1 if i % 7 == 0 else 0)


def at(day: date) -> datetime:
    return datetime.combine(day, time(9), UTC)
