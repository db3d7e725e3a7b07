"""One company's data: rows with Intacct's keys and stamps, the audit trail, and what follows from documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.sage_intacct.kinds import KINDS, Field, Kind
from backhaul.sandbox.tables import Row, Table

CENT = Decimal("0.01")
DAY, MOMENT = "%m/%d/%Y", "%m/%d/%Y %H:%M:%S"
USER = "xml_gateway"
# The object of a payment's lines -> the objects that they may pay.
PAYS = {"ARPYMTDETAIL": ("ARINVOICE", "ARADJUSTMENT"), "APPYMTDETAIL": ("APBILL",)}


class Company:
    """Tables by object; the only place that changes rows."""

    def __init__(self, clock: Clock, variants: Mapping[str, str], controls: Mapping[str, Any]) -> None:
        self.clock = clock
        self.variants = variants
        self.controls = controls
        self.kinds = {name: replace(kind, fields=dict(kind.fields)) for name, kind in KINDS.items()}
        self.tables = {name: Table(name) for name in self.kinds}
        self._made: dict[str, int] = defaultdict(int)
        self._lines: dict[tuple[str, str], list[str]] = defaultdict(list)

    @property
    def zone(self) -> ZoneInfo:
        """In which times are told and asked for."""
        return ZoneInfo("America/New_York" if self.variants["times"] == "company" else "UTC")

    def kind(self, name: str) -> Kind | None:
        """The object of this name; the names of standard ones are told in any case."""
        return self.kinds.get(name) or self.kinds.get(name.upper())

    def stamp_now(self) -> datetime:
        """The stamp of a change of people's: `index_lag` seconds ago, as of one that was not shown for so long."""
        return self.clock.now() - timedelta(seconds=float(self.controls["index_lag"]))

    @property
    def state(self) -> tuple[dict[str, Table], dict[str, int], dict[tuple[str, str], list[str]]]:
        """All that a transaction may change; to be put back where it fails."""
        return self.tables, self._made, self._lines

    @state.setter
    def state(self, before: tuple[dict[str, Table], dict[str, int], dict[tuple[str, str], list[str]]]) -> None:
        tables, self._made, self._lines = before
        # the dict stays the one that others hold
        self.tables.update(tables)

    # -- rows --------------------------------------------------------------------------------------------------------

    def insert(self, kind: Kind, values: Mapping[str, Any], *, at: datetime, changed: datetime | None = None) -> Row:
        # documents and payments of one family are numbered together, as they are one table there
        family = _FAMILY.get(kind.name, kind.name)
        self._made[family] += 1
        number = self._made[family] + (10_000 if kind.custom else 0)
        present = {name: value for name, value in values.items() if value not in (None, "")}
        row = self.tables[kind.name].insert(present, id=str(number), at=at, changed_at=changed or at)
        if kind.parent is not None:
            self._lines[kind.name, str(present[kind.parent[0]])].append(row.id)
        if at >= self._opened:
            self._audit(kind, row, "C", at)
        return row

    def update(self, kind: Kind, row: Row, values: Mapping[str, Any], *, at: datetime) -> None:
        """Change fields; None and "" clear one."""
        self.tables[kind.name].update(row.id, values, at)
        for name in [name for name, value in row.values.items() if value in (None, "")]:
            del row.values[name]
        self._audit(kind, row, "M", at)

    def delete(self, kind: Kind, row: Row, *, at: datetime, told: bool = True) -> None:
        """Gone for good; the audit trail says so where it is told."""
        for line in list(self.lines_of(kind, row)):
            self._paid(self.kinds[kind.lines], line, at, back=True)
            self.tables[kind.lines].delete(line.id, at)
        self.tables[kind.name].delete(row.id, at)
        if told:
            self._audit(kind, row, "D", at)

    def replace_lines(self, kind: Kind, row: Row, lines: Iterable[Mapping[str, Any]], *, at: datetime) -> None:
        """The lines of a document: those there were go, these come."""
        of = self.kinds[kind.lines]
        assert of.parent is not None  # lines have a header
        for line in list(self.lines_of(kind, row)):
            self._paid(of, line, at, back=True)
            self.tables[of.name].delete(line.id, at)
        for number, values in enumerate(lines, 1):
            numbered = {**values, of.parent[0]: int(row.id)}
            if "LINE_NO" in of.fields:
                numbered["LINE_NO"] = number
            made = self.insert(of, numbered, at=at)
            self._paid(of, made, at)
        self._total(kind, row)

    def lines_of(self, kind: Kind, row: Row) -> Iterator[Row]:
        if kind.lines:
            table = self.tables[kind.lines]
            found = (table.get(id) for id in self._lines[kind.lines, row.id])
            yield from (line for line in found if line is not None and line.live)

    def rows(self, kind: Kind) -> Iterator[Row]:
        return self.tables[kind.name].live()

    def named(self, kind: Kind, id: str) -> Row | None:
        """The record of this id of people's."""
        return next((row for row in self.rows(kind) if str(row.values.get(kind.id, "")) == id), None)

    _opened = datetime(2026, 6, 30, tzinfo=UTC)

    def _audit(self, kind: Kind, row: Row, mode: str, at: datetime) -> None:
        """An entry of the audit trail. Lines have none of their own."""
        if kind.parent is not None or (self.variants["audit_trail"] == "off" and mode == "D"):
            return
        table = self.tables["AUDITHISTORY"]
        entry = {
            "OBJECTTYPE": kind.name.lower(),
            "OBJECTKEY": self.value(kind, row, kind.audit),
            "USERID": USER, "ACCESSTIME": at, "ACCESSMODE": mode, "SOURCE": "ui", "IPADDRESS": "192.0.2.7",
        }  # fmt: skip
        table.insert({name: value for name, value in entry.items() if value}, id=str(len(table.order) + 1), at=at)

    # -- what follows ------------------------------------------------------------------------------------------------

    def _total(self, kind: Kind, row: Row) -> None:
        """The totals of a document from its lines."""
        if "TOTALENTERED" not in kind.fields:
            return
        lines = [line.values for line in self.lines_of(kind, row)]
        for prefix in ("", "TRX_"):
            field = f"{prefix}PAYMENTAMOUNT" if kind.name in ("ARPYMT", "APPYMT") else f"{prefix}AMOUNT"
            total = sum((line.get(field, Decimal(0)) for line in lines), Decimal(0))
            paid = total if field.endswith("PAYMENTAMOUNT") else row.values.get(f"{prefix}TOTALPAID", Decimal(0))
            row.values |= {
                f"{prefix}TOTALENTERED": total, f"{prefix}TOTALPAID": paid, f"{prefix}TOTALDUE": total - paid,
            }  # fmt: skip

    def _paid(self, of: Kind, line: Row, at: datetime, *, back: bool = False) -> None:
        """A payment's line pays a document, or no longer does; the document's stamp moves."""
        for name in PAYS.get(of.name, ()):
            document = self.tables[name].get(str(line.values.get("RECORDKEY", "")))
            if document is None or not document.live:
                continue
            for prefix in ("", "TRX_"):
                amount = line.values.get(f"{prefix}PAYMENTAMOUNT", Decimal(0)) * (-1 if back else 1)
                document.values[f"{prefix}TOTALPAID"] = document.values.get(f"{prefix}TOTALPAID", Decimal(0)) + amount
                document.values[f"{prefix}TOTALDUE"] = document.values.get(f"{prefix}TOTALDUE", Decimal(0)) - amount
            left = document.values["TRX_TOTALDUE"]
            state = "Paid" if left <= 0 else "Partially Paid" if document.values["TRX_TOTALPAID"] else "Posted"
            paid_on = line.values.get("PAYMENTDATE") if state == "Paid" else None
            document.values |= {"STATE": state, "WHENPAID": paid_on}
            if paid_on is None:
                del document.values["WHENPAID"]
            if at >= self._opened:
                self.tables[name].update(document.id, {}, at)
            return

    # -- how it is shown ---------------------------------------------------------------------------------------------

    def value(self, kind: Kind, row: Row, name: str) -> Any:
        if name == kind.key:
            return int(row.id)
        if name == kind.modified:
            return row.changed_at.replace(microsecond=0)
        if name == kind.created:
            return row.created_at.replace(microsecond=0)
        return row.values.get(name)

    def written(self, kind: Kind, row: Row, field: Field) -> str:
        """A value as an answer spells it; "" where there is none."""
        return self.spelt(self.value(kind, row, field.name))

    def spelt(self, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, datetime):
            return value.astimezone(self.zone).strftime(MOMENT)
        if isinstance(value, date):
            return value.strftime(DAY)
        return format(value, "f") if isinstance(value, Decimal) else str(value)

    def record(self, kind: Kind, row: Row) -> dict[str, Any]:
        """The truth of a record: days and moments as ISO has them."""
        found: dict[str, Any] = {}
        for name in kind.fields:
            value = self.value(kind, row, name)
            found[name] = value.isoformat() if isinstance(value, date) else str(value) if type(value) is int else value
            if isinstance(value, Decimal):
                found[name] = format(value, "f")
        return {**found, "_deleted": not row.live, "_merged_into": None}


_FAMILY = {
    **dict.fromkeys(("ARINVOICE", "ARADJUSTMENT", "ARPYMT", "APBILL", "APPYMT"), "PRRECORD"),
    **dict.fromkeys(("ARINVOICEITEM", "ARADJUSTMENTITEM", "APBILLITEM"), "PRENTRY"),
}
"""Objects that share one table, and one sequence of keys, behind the API."""


def read_value(field: Field, text: str, zone: ZoneInfo) -> Any:
    """A value as a request spells it. Raises ValueError with what is wrong."""
    if text == "":
        return None
    wrong = ValueError(f"The value '{text}' is not valid for the field {field.name}")
    if field.words and text not in field.words:
        raise wrong
    try:
        match field.type:
            case "INTEGER":
                return int(text)
            case "DECIMAL" | "CURRENCY" | "PERCENT":
                # words such as NaN are no numbers
                amount = Decimal(text) + 0 * int(Decimal(text))
                # the vendor rounds amounts by itself
                return amount.quantize(CENT) if field.type == "CURRENCY" else amount
            case "BOOLEAN":
                return {"true": True, "false": False, "t": True, "f": False}[text.lower()]
            case "DATE":
                return datetime.strptime(text[:10], DAY).date()  # noqa: DTZ007  a day has no zone
            case "TIMESTAMP":
                shape = MOMENT if len(text) > 10 else DAY
                return datetime.strptime(text, shape).replace(tzinfo=zone).astimezone(UTC)
            case _:
                return text
    except (ValueError, ArithmeticError, KeyError):
        raise wrong from None
