"""One organisation's data: rows with Xero's ids and stamps, how a record is shown, and what follows from documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.tables import Row, Table
from backhaul.sandbox.xero.answers import day, encoded, moment
from backhaul.sandbox.xero.kinds import CREATED, KINDS, UPDATED, Kind

TENANT = "70784a63-d24b-46a9-a4db-0e70a274b056"
ORGANISATION = "b2c885a9-4bb9-4a00-9b6e-6c2bf60b1a2b"
CENT = Decimal("0.01")
_TWINS = frozenset({"Date", "DueDate", "DeliveryDate", "ExpiryDate"})
_POINTED = {"Contact": "Contacts", "Account": "Accounts", "BankAccount": "Accounts"}
_PAID = {"Invoice": "Invoices", "CreditNote": "CreditNotes"}
_SHOWN_OF = {"Contacts": ("Name",), "Accounts": ("Code", "Name")}


class Organisation:
    """Tables by endpoint; the only place that changes rows."""

    def __init__(self, clock: Clock, variants: Mapping[str, str], controls: Mapping[str, Any], seed: int) -> None:
        self.clock = clock
        self.variants = variants
        self.controls = controls
        self.tables = {name: Table(name) for name in KINDS}
        self._space = uuid5(NAMESPACE_URL, f"backhaul sandbox xero {seed}")
        self._made: dict[str, int] = defaultdict(int)
        self._paid: dict[str, list[str]] = defaultdict(list)  # document's id -> payments

    def stamp_now(self) -> datetime:
        """The stamp of a change of people's: `index_lag` seconds ago, as of one that was not shown for so long."""
        return self.clock.now() - timedelta(seconds=float(self.controls["index_lag"]))

    def new_id(self, of: str) -> str:
        self._made[of] += 1
        return str(uuid5(self._space, f"{of} {self._made[of]}"))

    def insert(
        self, of: Kind, values: Mapping[str, Any], *, at: datetime, changed: datetime | None = None, id: str = ""
    ) -> Row:
        present = {name: value for name, value in values.items() if value is not None}
        given = self._numbered(of, self._named(present), ())
        if of.name == "Journals":
            given["JournalNumber"] = len(self.tables["Journals"].order) + 1
        row = self.tables[of.name].insert(given, id=id or self.new_id(of.name), at=at, changed_at=changed or at)
        if of.name == "Payments":
            for name in ("Invoice", "CreditNote"):
                if name in given:
                    self._paid[given[name][KINDS[f"{name}s"].id]].append(row.id)
        return row

    def update(self, of: Kind, row: Row, values: Mapping[str, Any], *, at: datetime) -> Row:
        """Change fields; None and "" clear one."""
        given = self._numbered(of, self._named(values), row.values.get(of.lines, ()) if of.lines else ())
        self.tables[of.name].update(row.id, given, at)
        for name in [name for name, value in row.values.items() if value in (None, "")]:
            del row.values[name]
        return row

    def _named(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values, each reference with what is shown of what it points at: as it is when the record is saved."""
        named = dict(values)
        for name, value in values.items():
            if value and name in _POINTED:
                named[name] = self._pointed(name, value)
            elif value and name in _PAID:
                named[name] = self._document(_PAID[name], value)
        return named

    def _numbered(self, of: Kind, values: dict[str, Any], before: Any) -> dict[str, Any]:
        """The values, each line with an id: its own where it names one that is there, else a new one."""
        if of.lines != "LineItems" or "LineItems" not in values:
            return values
        known = {line["LineItemID"] for line in before}
        lines = [
            line if line.get("LineItemID") in known else {**line, "LineItemID": self.new_id("LineItems")}
            for line in values["LineItems"]
        ]
        return {**values, "LineItems": lines}

    def rows(self, of: Kind) -> Iterator[Row]:
        """Those that were not removed for good."""
        return self.tables[of.name].live()

    def find(self, of: Kind, field: str, value: Any) -> Row | None:
        """The one that holds this value, whatever its case."""
        wanted = str(value).casefold()
        return next((row for row in self.rows(of) if str(row.values.get(field, "")).casefold() == wanted), None)

    def state(self, of: Kind, row: Row) -> str:
        return str(row.values.get(of.status, ""))

    # How a record is shown

    def record(self, of: Kind, row: Row) -> dict[str, Any]:
        """A record as filters and orders see it."""
        return {**row.values, of.id: row.id, UPDATED: row.changed_at, CREATED: row.created_at}

    def shown(self, of: Kind, row: Row, *, whole: bool = True, places: int = 4) -> dict[str, Any]:
        """A record as the API gives it. whole: with its lines; places: of unit amounts."""
        shown: dict[str, Any] = {of.id: row.id}
        for name, known in of.fields.items():
            value = row.values.get(name)
            if value is None:
                if known.kind == "list":
                    shown[name] = []
                continue
            if known.kind == "date":
                shown[name] = day(value)
                if name in _TWINS and of.lines == "LineItems":
                    shown[f"{name}String"] = f"{value}T00:00:00"
            else:
                shown[name] = value
        if of.lines and not whole:
            shown[of.lines] = []
        elif of.lines == "LineItems":
            shown["LineItems"] = [_line(line, places) for line in shown["LineItems"]]
        if of.stamp:
            shown[of.stamp] = moment(row.changed_at if of.stamp == UPDATED else row.created_at)
        if of.told_as_text and self.variants["stamps_as_text"] == "present":
            shown["UpdatedDateUTCString"] = f"{row.changed_at:%Y-%m-%dT%H:%M:%SZ}"
        if of.name in ("Invoices", "CreditNotes"):
            shown["Payments"] = self._payments(row) if whole else []
            shown["HasErrors"] = False
        if "Contact" in shown or of.name == "Contacts":
            shown["HasValidationErrors"] = False
        return shown

    def _pointed(self, name: str, value: Mapping[str, Any]) -> dict[str, Any]:
        """A reference, with what is shown of the record that it points at."""
        of = KINDS[_POINTED[name]]
        row = self.tables[of.name].get(str(value.get(of.id)))
        if row is None:
            return dict(value)
        named = {each: row.values[each] for each in _SHOWN_OF[of.name] if each in row.values}
        return {of.id: row.id, **named}

    def _document(self, endpoint: str, value: Mapping[str, Any]) -> dict[str, Any]:
        """The document that a payment pays, in short."""
        of = KINDS[endpoint]
        row = self.tables[endpoint].get(str(value.get(of.id)))
        if row is None:
            return dict(value)
        number = endpoint[:-1] + "Number"
        short = {name: row.values[name] for name in ("Type", number, "CurrencyCode") if name in row.values}
        return {of.id: row.id, **short, "Contact": self._pointed("Contact", row.values["Contact"]), "LineItems": []}

    def _payments(self, row: Row) -> list[dict[str, Any]]:
        found = (self.tables["Payments"].get(id) for id in self._paid.get(row.id, ()))
        return [
            {"PaymentID": each.id, "Date": day(each.values["Date"]), "Amount": each.values["Amount"],
             "CurrencyRate": each.values.get("CurrencyRate", 1), "HasAccount": False, "HasValidationErrors": False}
            for each in found
            if each is not None and each.live and each.values.get("Status") != "DELETED"
        ]  # fmt: skip

    def truth(self, of: Kind, row: Row) -> dict[str, Any]:
        """A record for comparison: as it is shown, its own days and moments as ISO."""
        shown: dict[str, Any] = msgspec.json.decode(encoded(self.shown(of, row)))
        for name, known in of.fields.items():
            if known.kind == "date" and name in shown:
                shown[name] = row.values[name]
        if of.stamp:
            shown[of.stamp] = (row.changed_at if of.stamp == UPDATED else row.created_at).isoformat()
        deleted = not row.live or self.state(of, row) in of.gone
        if self.state(of, row) in ("VOIDED", "DELETED"):
            shown["_locked"] = True
        return {**shown, "_deleted": deleted, "_merged_into": row.values.get("MergedToContactID")}

    # What follows from documents

    def settle(self, payment: Row, at: datetime, *, back: bool = False) -> None:
        """A payment lowers what its document is still owed, which counts as a change of it."""
        sign = -1 if back else 1
        amount = sign * Decimal(str(payment.values["Amount"]))
        if "Invoice" in payment.values:
            of, row = self._paid_document("Invoices", payment.values["Invoice"])
            if row is not None:
                due, paid = _money(row, "AmountDue") - amount, _money(row, "AmountPaid") + amount
                values: dict[str, Any] = {"AmountDue": due, "AmountPaid": paid}
                self.update(of, row, {**values, **_paid(due, payment)}, at=at)
        elif "CreditNote" in payment.values:
            of, row = self._paid_document("CreditNotes", payment.values["CreditNote"])
            if row is not None:
                left = _money(row, "RemainingCredit") - amount
                self.update(of, row, {"RemainingCredit": left, **_paid(left, payment)}, at=at)

    def _paid_document(self, endpoint: str, value: Mapping[str, Any]) -> tuple[Kind, Row | None]:
        of = KINDS[endpoint]
        return of, self.tables[endpoint].get(str(value.get(of.id)))

    def post(self, source: str, row: Row, type: str, on: str, lines: list[dict[str, Any]], at: datetime) -> Row:
        """A journal in the ledger: appended, never changed. source: what it is of, in words."""
        values = {"JournalDate": on, "Reference": source, "SourceID": row.id, "SourceType": type}
        made = [{"JournalLineID": self.new_id("JournalLines"), **line, "TrackingCategories": []} for line in lines]
        return self.insert(KINDS["Journals"], {**values, "JournalLines": made}, at=at)


def _money(row: Row, name: str) -> Decimal:
    return Decimal(str(row.values.get(name, 0)))


def _paid(left: Decimal, payment: Row) -> dict[str, Any]:
    if left <= 0:
        return {"Status": "PAID", "FullyPaidOnDate": payment.values["Date"]}
    return {"Status": "AUTHORISED", "FullyPaidOnDate": None}


def _line(line: Mapping[str, Any], places: int) -> dict[str, Any]:
    if "UnitAmount" not in line:
        return dict(line)
    return {**line, "UnitAmount": Decimal(str(line["UnitAmount"])).quantize(Decimal(1).scaleb(-places))}


def totals(lines: list[dict[str, Any]], types: str) -> dict[str, Decimal]:
    """What a document's lines come to. types: whether tax is within the amounts, beside them, or none."""
    net = sum((Decimal(str(line.get("LineAmount", 0))) for line in lines), Decimal(0))
    tax = (
        sum((Decimal(str(line.get("TaxAmount", 0))) for line in lines), Decimal(0)) if types != "NoTax" else Decimal(0)
    )
    total = net if types == "Inclusive" else net + tax
    return {"SubTotal": (total - tax).quantize(CENT), "TotalTax": tax.quantize(CENT), "Total": total.quantize(CENT)}


def is_guid(text: object) -> bool:
    try:
        UUID(str(text))
    except ValueError:
        return False
    return True
