"""One company's data: rows with QuickBooks' ids, SyncTokens and stamps, and how a record is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.quickbooks.answers import seconds
from backhaul.sandbox.quickbooks.entities import ENTITIES, NAMESAKES, Entity
from backhaul.sandbox.tables import Row, Table

REALM = "4620816365291273400"
# Names on sales forms: at most three, all text.
CUSTOM_FIELDS = {"1": "Crew", "2": "Region"}
_TRANSACTIONS = "transactions"


class Company:
    """Tables by entity; the only place that changes rows. `SyncToken` stands in the row's values."""

    def __init__(self, clock: Clock, variants: Mapping[str, str], controls: Mapping[str, Any]) -> None:
        self.clock = clock
        self.variants = variants
        self.controls = controls
        self.tables = {name: Table(name) for name in ENTITIES}
        self.custom_fields = dict(CUSTOM_FIELDS)
        self._last: dict[str, int] = {}

    def stamp_now(self) -> datetime:
        """The stamp of a change of people's: `index_lag` seconds ago, as of one that was not shown for so long."""
        return self.clock.now() - timedelta(seconds=float(self.controls["index_lag"]))

    def next_id(self, of: Entity) -> str:
        """Documents share one sequence, each list has its own."""
        family = of.name if of.listed else _TRANSACTIONS
        self._last[family] = self._last.get(family, 0) + 1
        return str(self._last[family])

    def insert(
        self, of: Entity, values: dict[str, Any], *, at: datetime, changed: datetime | None = None, id: str = ""
    ) -> Row:
        given = self._named(of, {name: value for name, value in values.items() if value is not None})
        if of.listed:
            given.setdefault("Active", True)
        return self.tables[of.name].insert(
            {**given, "SyncToken": 0}, id=id or self.next_id(of), at=at, changed_at=changed or at
        )

    def update(self, of: Entity, row: Row, values: Mapping[str, Any], *, at: datetime, sparse: bool = True) -> Row:
        """Change fields; None clears one. Not sparse: every writable field that is not given is cleared."""
        kept = row.values
        if not sparse:
            for name in [each for each in kept if each in of.fields and not of.fields[each].read_only]:
                if name not in values and name != "Active":
                    del kept[name]
        self.tables[of.name].update(row.id, {**self._named(of, values), "SyncToken": kept["SyncToken"] + 1}, at)
        for name in [name for name, value in kept.items() if value is None]:
            del kept[name]
        return row

    def delete(self, of: Entity, row: Row, at: datetime) -> None:
        """A document goes, and only the change feed remembers; a list record becomes inactive."""
        if of.listed:
            self.update(of, row, {"Active": False}, at=at)
        else:
            self.tables[of.name].delete(row.id, at)

    def live(self, of: Entity) -> Iterator[Row]:
        return self.tables[of.name].live()

    def holder_of_name(self, of: Entity, name: str, apart_from: str) -> str | None:
        """The entity that uses the name already; inactive records count."""
        for other in NAMESAKES if of.name in NAMESAKES else (of.name,):
            named_by = ENTITIES[other].named_by
            for row in self.tables[other].live():
                if (other, row.id) != (of.name, apart_from) and row.values.get(named_by, "").lower() == name.lower():
                    return other
        return None

    def _named(self, of: Entity, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values, each reference with the name of what it points at: as it is when the record is saved."""
        named = dict(values)
        for name, value in values.items():
            to = of.fields[name].to if name in of.fields else ""
            if to and value is not None:
                named[name] = {"value": value["value"], "name": value.get("name") or self.name_of(to, value["value"])}
        return named

    def name_of(self, entity: str, id: str) -> str:
        rows = self.tables[entity].rows
        if entity == "CompanyCurrency":
            return next((str(row.values["Name"]) for row in rows.values() if row.values["Code"] == id), "")
        row = rows.get(id)
        return "" if row is None else str(self.shown_name(ENTITIES[entity], row))

    def shown_name(self, of: Entity, row: Row) -> Any:
        name = row.values.get(of.named_by)
        gone = of.listed and not row.values.get("Active", True) and self.variants["inactive_names"] == "suffix"
        return f"{name} (deleted)" if gone and name else name

    def shown(self, of: Entity, row: Row, only: frozenset[str] | None = None) -> dict[str, Any]:
        """A record as the API gives it. only: the fields that were asked for."""
        values = {name: value for name, value in row.values.items() if name != "SyncToken"}
        if of.named_by:
            values[of.named_by] = self.shown_name(of, row)
        if only is not None:
            values = {name: value for name, value in values.items() if name in only}
        shown = {
            **values,
            "domain": "QBO",
            "sparse": only is not None,
            "Id": row.id,
            "SyncToken": str(row.values.get("SyncToken", 0)),
            "MetaData": {"CreateTime": seconds(row.created_at), "LastUpdatedTime": seconds(row.changed_at)},
        }
        return shown if only is None else {name: shown[name] for name in shown if name in {*only, "domain", "sparse"}}

    def gone(self, row: Row) -> dict[str, Any]:
        """What the change feed says of a deleted document."""
        return {
            "domain": "QBO",
            "status": "Deleted",
            "Id": row.id,
            "MetaData": {"LastUpdatedTime": seconds(row.changed_at)},
        }

    # What follows from a document

    def total(self, lines: list[dict[str, Any]]) -> Decimal:
        """What the lines come to: discounts are taken off, subtotals repeat what stands above them."""
        sum_ = Decimal(0)
        for line in lines:
            amount = Decimal(str(line.get("Amount", 0)))
            if line.get("DetailType") == "DiscountLineDetail":
                sum_ -= amount
            elif line.get("DetailType") != "SubTotalLineDetail":
                sum_ += amount
        return sum_

    def apply(self, of: Entity, row: Row, at: datetime, *, back: bool = False) -> None:
        """A payment lowers what its invoices or bills are still owed, which counts as a change of theirs."""
        document = {"Payment": "Invoice", "BillPayment": "Bill"}.get(of.name)
        if document is None:
            return
        for line in row.values.get("Line", []):
            for link in line.get("LinkedTxn", []):
                paid = self.tables[document].get(str(link.get("TxnId")))
                if link.get("TxnType") == document and paid is not None and paid.live:
                    amount = Decimal(str(line.get("Amount", 0)))
                    balance = Decimal(str(paid.values.get("Balance", 0)))
                    changed = {"Balance": balance + amount if back else max(balance - amount, Decimal(0))}
                    self.update(ENTITIES[document], paid, changed, at=at)


def numbered(lines: list[dict[str, Any]], before: list[dict[str, Any]], *, plain: bool) -> list[dict[str, Any]]:
    """Lines with ids: kept where they name one that was there, else the next. plain: of payments, which have none.

    A line of a document also has its number; the sum that QuickBooks adds itself has neither.
    """
    known = {str(line.get("Id")) for line in before}
    taken = {str(line["Id"]) for line in lines if str(line.get("Id")) in known}
    last = max((int(each) for each in known | taken if each.isdecimal()), default=0)
    made: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        if plain or line.get("DetailType") == "SubTotalLineDetail":
            made.append({name: value for name, value in line.items() if name not in ("Id", "LineNum")})
            continue
        id = str(line.get("Id"))
        if id not in taken:
            last += 1
            id = str(last)
        made.append({**line, "Id": id, "LineNum": line.get("LineNum") or number})
    return made
