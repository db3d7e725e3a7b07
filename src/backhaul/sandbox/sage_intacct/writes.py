"""Functions that write: create, update and delete, and what is wrong with a record in Intacct's words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from backhaul.sandbox.sage_intacct.answers import DOUBLE, NO_READ, NO_RECORD, Failed, Fault, Outcome
from backhaul.sandbox.sage_intacct.company import Company, read_value
from backhaul.sandbox.sage_intacct.kinds import Kind
from backhaul.sandbox.sage_intacct.reads import no_record
from backhaul.sandbox.sage_intacct.sessions import Session
from backhaul.sandbox.sage_intacct.xmlish import Element, tag, text_of
from backhaul.sandbox.tables import Row

JOURNALS = ("GJ", "APJ", "ARJ", "PYRJ", "CDJ", "CRJ")
_ACTIONS = {"": "Posted", "Submit": "Posted", "Draft": "Draft"}
# Field -> the object whose own id it holds.
_POINTS = {
    "CUSTOMERID": "CUSTOMER", "VENDORID": "VENDOR", "PROJECTID": "PROJECT", "DEPARTMENTID": "DEPARTMENT",
    "LOCATIONID": "LOCATION", "ITEMID": "ITEM", "ACCOUNTNO": "GLACCOUNT", "CLASSID": "CLASS", "EMPLOYEEID": "EMPLOYEE",
    "LOCATION": "LOCATION", "DEPARTMENT": "DEPARTMENT",
}  # fmt: skip
# Object -> objects of which a record that names it keeps it from going.
_HELD_BY = {
    "CUSTOMER": (("ARINVOICE", "CUSTOMERID"), ("ARPYMT", "CUSTOMERID")),
    "VENDOR": (("APBILL", "VENDORID"), ("APPYMT", "VENDORID")),
    "GLACCOUNT": (("GLENTRY", "ACCOUNTNO"), ("ARINVOICEITEM", "ACCOUNTNO"), ("APBILLITEM", "ACCOUNTNO")),
    "ITEM": (("SODOCUMENTENTRY", "ITEMID"), ("ARINVOICEITEM", "ITEMID")),
}


@dataclass(slots=True)
class Sent:
    """One record as a request spells it."""

    values: dict[str, Any] = field(default_factory=dict)
    lines: list[dict[str, Any]] | None = None
    action: str = ""


class Writes:
    """Handlers of one company's writing functions."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._handlers: dict[str, Callable[[Element, Session, Outcome], None]] = {
            "create": self._create,
            "update": self._update,
            "delete": self._delete,
        }

    @property
    def functions(self) -> dict[str, Callable[[Element, Session, Outcome], None]]:
        return self._handlers

    def _each(self, asked: Element, mode: str) -> Iterator[tuple[Kind, Element]]:
        if not len(asked):
            raise Failed(Fault(NO_READ, f"{mode} holds no object"))
        for element in asked:
            yield self._kind(element.tag, mode), element

    def _kind(self, name: str, mode: str) -> Kind:
        kind = self._company.kind(name)
        if kind is None:
            raise Failed(Fault(NO_READ, f"Object definition {name} not found"))
        if mode not in kind.writes:
            raise Failed(
                Fault("API operation", f"The operation {mode} is not supported on objects of type {kind.name}")
            )
        return kind

    # -- modes -------------------------------------------------------------------------------------------------------

    def _create(self, asked: Element, session: Session, told: Outcome) -> None:
        made = [(kind, self._made(kind, element)) for kind, element in self._each(asked, "create")]
        self._tell(told, made)

    def _made(self, kind: Kind, element: Element) -> Row:
        sent = self._sent(kind, element)
        values = {name: value for name, value in sent.values.items() if value is not None}
        absent = [each.name for each in kind.fields.values() if each.required and each.name not in values]
        if absent and not (sent.action == "Draft" and kind.name == "APBILL"):
            raise Failed(*(Fault(NO_RECORD, f"Required field {name} is missing in {kind.name}") for name in absent))
        holder = self._company.named(kind, str(values.get(kind.id, ""))) if kind.id else None
        if holder is not None:
            raise Failed(
                Fault(DOUBLE, f"Another {kind.label} with the given value(s) {values[kind.id]} already exists",
                      f"{kind.label} exists", "Use a unique value instead."),
                Fault(NO_RECORD, f"Could not create {kind.label} record!"),
            )  # fmt: skip
        self._check(kind, values, sent.lines, new=True)
        now = self._company.clock.now()
        row = self._company.insert(kind, self._completed(kind, values, sent), at=now)
        if kind.lines and kind.wrapper:
            lines = [self._line(kind, row, each) for each in sent.lines or ()]
            self._company.replace_lines(kind, row, lines, at=now)
        return row

    def _update(self, asked: Element, session: Session, told: Outcome) -> None:
        changed = [(kind, self._changed(kind, element)) for kind, element in self._each(asked, "update")]
        self._tell(told, changed)

    def _changed(self, kind: Kind, element: Element) -> Row:
        key, name = text_of(element, kind.key), text_of(element, kind.id) if kind.id else None
        row = self._company.tables[kind.name].get(key) if key else self._company.named(kind, name or "")
        if row is None or not row.live:
            raise no_record(kind, key or name or "")
        sent = self._sent(kind, element)
        sent.values.pop(kind.key, None)
        for each, value in sent.values.items():
            if value is None and kind.fields[each].required:
                raise Failed(Fault(NO_RECORD, f"Required field {each} is missing in {kind.name}"))
        if kind.id in sent.values and sent.values[kind.id] != row.values.get(kind.id):
            raise Failed(Fault(NO_RECORD, f"The field {kind.id} cannot be changed"))
        self._check(kind, sent.values, sent.lines, new=False)
        now = self._company.clock.now()
        if sent.lines is not None:
            if row.values.get("TRX_TOTALPAID"):
                raise Failed(Fault("BL03000018", f"The lines of a paid {kind.label} cannot be changed"))
            lines = [self._line(kind, row, each) for each in sent.lines]
            self._company.replace_lines(kind, row, lines, at=now)
        self._company.update(kind, row, sent.values, at=now)
        return row

    def _delete(self, asked: Element, session: Session, told: Outcome) -> None:
        kind = self._kind(text_of(asked, "object") or "", "delete")
        keys = [each.strip() for each in (text_of(asked, "keys") or "").split(",") if each.strip()]
        rows = []
        for key in keys:
            row = self._company.tables[kind.name].get(key)
            if row is None or not row.live:
                raise no_record(kind, key)
            self._may_go(kind, row)
            rows.append(row)
        if not rows:
            raise Failed(Fault(NO_READ, "delete names no keys"))
        for row in rows:
            self._company.delete(kind, row, at=self._company.clock.now())

    def _may_go(self, kind: Kind, row: Row) -> None:
        if kind.name in ("ARINVOICE", "APBILL") and row.values.get("TRX_TOTALPAID"):
            raise Failed(Fault("BL03000018", f"{kind.label} {row.id} has payments, and cannot be deleted"))
        for name, field_name in _HELD_BY.get(kind.name, ()):
            id = row.values.get(kind.id)
            if any(each.values.get(field_name) == id for each in self._company.rows(self._company.kinds[name])):
                raise Failed(Fault("BL03000018", f"{kind.label} {id} is in use, and cannot be deleted"))

    def _tell(self, told: Outcome, written: list[tuple[Kind, Row]]) -> None:
        records = []
        for kind, row in written:
            named = [tag(kind.id, str(row.values[kind.id]))] if kind.id else []
            records.append(tag(kind.name.lower(), tag(kind.key, row.id), *named))
        told.data = tag("data", *records, listtype="objects", count=len(records))

    # -- what was sent -----------------------------------------------------------------------------------------------

    def _sent(self, kind: Kind, element: Element) -> Sent:
        """Raises Failed."""
        sent = Sent()
        for each in element:
            if each.tag == kind.wrapper:
                of = self._company.kinds[kind.lines]
                if stranger := next((line.tag for line in each if line.tag != of.name), None):
                    raise Failed(Fault(NO_READ, f"Unknown element {stranger} in {kind.wrapper}"))
                sent.lines = [dict(self._values(of, line)) for line in each]
            elif each.tag == "ACTION" and kind.wrapper:
                sent.action = (each.text or "").strip()
                if sent.action not in _ACTIONS:
                    raise Failed(Fault(NO_RECORD, f"The action {sent.action} is none of Draft, Submit"))
            else:
                sent.values.update(self._valued(kind, each, ""))
        return sent

    def _values(self, kind: Kind, element: Element) -> Iterator[tuple[str, Any]]:
        for each in element:
            yield from self._valued(kind, each, "")

    def _valued(self, kind: Kind, element: Element, path: str) -> Iterator[tuple[str, Any]]:
        """A field of the record; what stands within an element is called by its path."""
        name = f"{path}{element.tag}"
        if len(element):
            for each in element:
                yield from self._valued(kind, each, f"{name}.")
            return
        found = kind.fields.get(name)
        if found is None:
            if self._company.variants["unknown_element"] == "refused":
                raise Failed(Fault(NO_READ, f"The field {name} is not valid for {kind.name}"))
            return
        if found.read_only and name != kind.key:
            raise Failed(Fault(NO_RECORD, f"The field {name} cannot be set in {kind.name}"))
        try:
            yield name, read_value(found, (element.text or "").strip(), self._company.zone)
        except ValueError as wrong:
            raise Failed(
                Fault(NO_RECORD, str(wrong), "Invalid value"), Fault(NO_RECORD, f"Could not save {kind.label}")
            ) from None

    def _check(self, kind: Kind, values: Mapping[str, Any], lines: list[dict[str, Any]] | None, *, new: bool) -> None:
        self._points(kind, values)
        if kind.name == "GLBATCH" and values.get("JOURNAL", "GJ") not in JOURNALS:
            raise Failed(Fault(NO_RECORD, f"The journal {values['JOURNAL']} does not exist"))
        if not kind.wrapper or (lines is None and not new):
            return
        of = self._company.kinds[kind.lines]
        if not lines:
            raise Failed(Fault(NO_RECORD, f"A {kind.label} must have at least one {of.label}"))
        for line in lines:
            self._points(of, line)
            if absent := next((e.name for e in of.fields.values() if e.required and line.get(e.name) is None), None):
                raise Failed(Fault(NO_RECORD, f"Required field {absent} is missing in {of.name}"))
        if kind.name == "GLBATCH":
            left = sum((line["AMOUNT"] * line["TR_TYPE"] for line in lines), Decimal(0))
            if left:
                raise Failed(
                    Fault("BL03000018", f"Transactions do not balance: {left} USD", "Debits and credits differ")
                )
        if kind.name == "APBILL" and any(not line.get("ACCOUNTNO") or line.get("TRX_AMOUNT") is None for line in lines):
            raise Failed(Fault(NO_RECORD, "A bill line needs ACCOUNTNO and TRX_AMOUNT"))

    def _points(self, kind: Kind, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            of = _POINTS.get(name)
            if value is None or of is None or name == kind.id:
                continue
            if self._company.named(self._company.kinds[of], str(value)) is None:
                raise Failed(
                    Fault(NO_RECORD, f"The {of.lower()} {value} of {kind.name} does not exist", f"Invalid {name}")
                )

    def _completed(self, kind: Kind, values: Mapping[str, Any], sent: Sent) -> dict[str, Any]:
        """What a new record has without being told."""
        made: dict[str, Any] = dict(values)
        if "STATUS" in kind.fields:
            made.setdefault("STATUS", "active")
        if kind.name in ("CUSTOMER", "VENDOR"):
            made.setdefault("DISPLAYCONTACT.CONTACTNAME", f"{made['NAME']}({made[kind.id]})")
            made["TOTALDUE"] = Decimal("0.00")
        for party in ("CUSTOMER", "VENDOR"):
            if f"{party}NAME" in kind.fields and made.get(f"{party}ID"):
                holder = self._company.named(self._company.kinds[party], made[f"{party}ID"])
                made[f"{party}NAME"] = holder.values["NAME"] if holder is not None else None
        if kind.name == "GLBATCH":
            made |= {"BATCHNO": len(self._company.tables["GLBATCH"].order) + 1, "STATE": _ACTIONS[sent.action],
                     "MODULE": "2.GL", "ADJ": False}  # fmt: skip
        elif kind.wrapper:
            made |= {"STATE": "Complete" if kind.name.endswith("PYMT") else _ACTIONS[sent.action]}
            made.setdefault("CURRENCY", "USD")
            made.setdefault("BASECURR", "USD")
            made.setdefault("EXCHANGE_RATE", Decimal(1))
        return made

    def _line(self, kind: Kind, row: Row, line: Mapping[str, Any]) -> dict[str, Any]:
        """A line with what follows from its header and its account."""
        head, made = row.values, {name: value for name, value in line.items() if value is not None}
        rate = made.setdefault("EXCHANGE_RATE", head.get("EXCHANGE_RATE", Decimal(1)))
        made.setdefault("CURRENCY", head.get("CURRENCY", "USD"))
        account = self._company.named(self._company.kinds["GLACCOUNT"], str(made.get("ACCOUNTNO", "")))
        if account is not None:
            made |= {"ACCOUNTKEY": int(account.id), "ACCOUNTTITLE": account.values["TITLE"]}
        if kind.name == "GLBATCH":
            made |= {"ENTRY_DATE": head["BATCH_DATE"], "STATE": head["STATE"], "BASECURR": "USD"}
            made.setdefault("TRX_AMOUNT", made["AMOUNT"])
        elif kind.name == "APBILL":
            made |= {"AMOUNT": (made["TRX_AMOUNT"] * rate).quantize(Decimal("0.01")), "STATE": head["STATE"],
                     "BASECURR": "USD"}  # fmt: skip
        else:
            made.pop("EXCHANGE_RATE")
            amount = made.get("TRX_PAYMENTAMOUNT", Decimal(0))
            made |= {"PAYMENTAMOUNT": (amount * rate).quantize(Decimal("0.01")), "PAYMENTDATE": head["PAYMENTDATE"],
                     "STATE": "Complete"}  # fmt: skip
        return made
