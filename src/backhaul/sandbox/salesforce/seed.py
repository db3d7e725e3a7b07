"""The world as this org holds it: a filler for each table, run when the table is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from backhaul.sandbox.salesforce.ground import Maker
from backhaul.sandbox.salesforce.seed_people import People
from backhaul.sandbox.salesforce.seed_sales import Sales
from backhaul.sandbox.salesforce.seed_trade import Trade
from backhaul.sandbox.salesforce.values import stamp
from backhaul.sandbox.tables import Table
from backhaul.sandbox.world import World

UNDELETABLE = ("User", "OpportunityStage", "CaseStatus")


class Seed:
    """Fills the tables of a world."""

    def __init__(self, world: World) -> None:
        self._parts = (People(world), Sales(world), Trade(world))
        self.user = self._parts[0].user

    def fillers(self) -> Mapping[str, Callable[[Table], None]]:
        return {name: self._filler(name, make) for part in self._parts for name, make in part.makers().items()}

    def _filler(self, object: str, make: Maker) -> Callable[[Table], None]:
        part, deletes = self._parts[0], object not in UNDELETABLE

        def fill(table: Table) -> None:
            for number, (values, created, changed) in enumerate(make()):
                id = part.id(object, number)
                whole = {"Id": id, **{name: value for name, value in values.items() if value is not None}}
                if deletes:
                    whole["IsDeleted"] = False
                text = stamp(changed)
                whole["CreatedDate"] = stamp(created)
                whole["CreatedById"] = whole["LastModifiedById"] = self.user
                whole["LastModifiedDate"] = whole["SystemModstamp"] = text
                table.insert(whole, id=id, at=created, changed_at=changed)

        return fill
