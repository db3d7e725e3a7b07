"""Writes of one element: create, update, archive, void, delete; what is wrong with it in Xero's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from backhaul.sandbox.tables import Row
from backhaul.sandbox.xero.answers import Invalid
from backhaul.sandbox.xero.kinds import KINDS, Kind
from backhaul.sandbox.xero.organisation import CENT, Organisation, is_guid, totals

_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# State of a document -> what it may become.
MOVES = {
    "DRAFT": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "SUBMITTED": {"SUBMITTED", "AUTHORISED", "DRAFT", "DELETED"},
    "AUTHORISED": {"AUTHORISED", "VOIDED"},
}
_JOURNAL_MOVES = {"DRAFT": {"DRAFT", "POSTED", "DELETED"}, "POSTED": {"POSTED", "VOIDED"}}
_BANK_MOVES = {"AUTHORISED": {"AUTHORISED", "DELETED", "VOIDED"}}
_ORDER_MOVES = {
    "DRAFT": {"DRAFT", "SUBMITTED", "AUTHORISED", "BILLED", "DELETED"},
    "SUBMITTED": {"DRAFT", "SUBMITTED", "AUTHORISED", "BILLED", "DELETED"},
    "AUTHORISED": {"AUTHORISED", "BILLED", "DELETED"},
    "BILLED": {"BILLED", "DELETED"},
}
_QUOTE_MOVES = {
    "DRAFT": {"DRAFT", "SENT", "DELETED"},
    "SENT": {"SENT", "ACCEPTED", "DECLINED", "DELETED", "INVOICED"},
    "ACCEPTED": {"ACCEPTED", "INVOICED", "DECLINED", "SENT", "DELETED"},
    "DECLINED": {"DECLINED", "SENT", "ACCEPTED", "DELETED"},
    "INVOICED": {"INVOICED", "SENT", "ACCEPTED", "DELETED"},
}
_STATES = {
    "Invoices": MOVES, "CreditNotes": MOVES, "ManualJournals": _JOURNAL_MOVES, "BankTransactions": _BANK_MOVES,
    "PurchaseOrders": _ORDER_MOVES, "Quotes": _QUOTE_MOVES,
}  # fmt: skip
_FIRST = {"BankTransactions": "AUTHORISED"}
# Of a document on which money was paid these alone may still be edited.
_WHEN_PAID = frozenset({"Reference", "DueDate", "InvoiceNumber", "BrandingThemeID", "Url", "PlannedPaymentDate",
                        "ExpectedPaymentDate", "SentToContact", "Status"})  # fmt: skip
_NUMBERS = {"Invoices": "InvoiceNumber", "CreditNotes": "CreditNoteNumber", "PurchaseOrders": "PurchaseOrderNumber",
            "Quotes": "QuoteNumber"}  # fmt: skip
_UNCLEARED = frozenset({"Name", "Type", "Contact", "Narration", "Code", "Status", "ContactStatus", "Amount", "Account"})


class Writer:
    """Does what an element asks, or raises Invalid."""

    def __init__(self, organisation: Organisation) -> None:
        self._org = organisation
        self._checks: dict[str, Callable[[Kind, dict[str, Any], Row | None], None]] = {
            "Contacts": self._contact, "Items": self._item, "Accounts": self._account, "Payments": self._payment,
            "ManualJournals": self._journal,
        }  # fmt: skip

    def write(self, of: Kind, element: Mapping[str, Any], *, creates: bool, id: str = "", places: int = 4) -> Row:
        """creates: a new record whatever it holds. id: the one that the path names."""
        row = None if creates else self._meant(of, element, id)
        given = {name: value for name, value in element.items() if name != of.id and not of.fields[name].read_only}
        for name, value in given.items():
            words = of.fields[name].words
            if words and value not in (None, "") and value not in words:
                raise Invalid(f"{name} '{value}' is not valid. It is one of {', '.join(words)}")
        if row is None:
            return self._create(of, given, places)
        return self._update(of, row, given, places)

    def remove(self, of: Kind, row: Row) -> None:
        """DELETE of one record: an account is marked, the others vanish."""
        now = self._org.clock.now()
        if of.name == "Accounts":
            if self._org.state(of, row) == "DELETED" or row.values.get("SystemAccount"):
                raise Invalid("This account cannot be deleted as it is a system account, or in use.")
            self._org.update(of, row, {"Status": "DELETED"}, at=now)
        else:
            self._org.tables[of.name].delete(row.id, now)

    def _meant(self, of: Kind, element: Mapping[str, Any], id: str) -> Row | None:
        """The record that an element is about; None where it is a new one."""
        table = self._org.tables[of.name]
        name = id or element.get(of.id) or ""
        if name:
            row = table.get(str(name).lower()) if is_guid(name) else None
            if row is None or not row.live:
                raise Invalid(f"The {of.name[:-1]} with {of.id} {name} could not be found")
            return row
        if self._org.variants["matched_by"] == "id alone":
            return None
        for field in {"Contacts": ("ContactNumber", "Name"), "Items": ("Code",)}.get(of.name, ()):
            row = self._org.find(of, field, element[field]) if element.get(field) else None
            if row is not None and self._org.state(of, row) not in of.gone:
                return row
        return None

    def _create(self, of: Kind, given: dict[str, Any], places: int) -> Row:
        given = {name: value for name, value in given.items() if value not in (None, "")}
        absent = [each.name for each in of.fields.values() if each.required and given.get(each.name) in (None, [], {})]
        if absent:
            raise Invalid(*(f"{name} is required" for name in absent))
        first = _FIRST.get(of.name, "DRAFT" if of.name in _STATES else "")
        if of.name in _STATES:
            state = given.setdefault("Status", first)
            if state not in {first} | _STATES[of.name][first] or state == "DELETED":
                raise Invalid(f"{of.name[:-1]} not of valid status for creation")
        self._check(of, given, None, places)
        now = self._org.clock.now()
        row = self._org.insert(of, self._derived(of, given, {}), at=now)
        self._follow(of, row, "")
        return row

    def _update(self, of: Kind, row: Row, given: dict[str, Any], places: int) -> Row:
        cleared = [name for name, value in given.items() if value in (None, "") and name in _UNCLEARED]
        if cleared:
            raise Invalid(f"{cleared[0]} must not be empty")
        before = self._org.state(of, row)
        if of.name == "Payments":
            if set(given) - {"Status"} or given.get("Status") != "DELETED":
                raise Invalid("Payments can only be deleted")
            if before == "DELETED":
                raise Invalid("Payment has already been deleted")
        moves = _STATES.get(of.name)
        if moves is not None:
            self._move(of, row, given, before, moves)
        self._check(of, given, row, places)
        self._org.update(of, row, self._derived(of, given, row.values), at=self._org.clock.now())
        self._follow(of, row, before)
        return row

    def _move(self, of: Kind, row: Row, given: Mapping[str, Any], before: str, moves: Mapping[str, set[str]]) -> None:
        after = given.get("Status", before)
        if before == "PAID" or (_paid(row) and before == "AUTHORISED"):
            other = set(given) - _WHEN_PAID
            if after != before or other:
                raise Invalid(f"{of.name[:-1]} not of valid status for modification")
        elif after not in moves.get(before, set()):
            raise Invalid(f"{of.name[:-1]} not of valid status for modification")

    def _follow(self, of: Kind, row: Row, before: str) -> None:
        """What else changes with it: paid documents, contacts' parts, the ledger."""
        org, now, state = self._org, self._org.clock.now(), self._org.state(of, row)
        if of.name == "Payments" and state != before:
            org.settle(row, now, back=state == "DELETED")
        if of.name == "Invoices":
            contact = org.tables["Contacts"].require(row.values["Contact"]["ContactID"])
            part = "IsCustomer" if row.values["Type"] == "ACCREC" else "IsSupplier"
            contact.values[part] = True  # which does not move its stamp
        if of.name == "Invoices" and state == "AUTHORISED" != before:
            lines = [
                {"AccountCode": line.get("AccountCode", ""), "NetAmount": line["LineAmount"],
                 "GrossAmount": line["LineAmount"], "TaxAmount": Decimal(0), "Description": line.get("Description", "")}
                for line in row.values["LineItems"]
            ]  # fmt: skip
            org.post(str(row.values.get("Reference", "")), row, row.values["Type"], row.values["Date"], lines, now)

    # What is checked

    def _check(self, of: Kind, given: dict[str, Any], row: Row | None, places: int) -> None:
        if "Contact" in given:
            given["Contact"] = self._pointed_contact(of, given["Contact"])
        if of.lines == "LineItems" and "LineItems" in given:
            given["LineItems"] = self._lines(of, given, row, places)
        number = _NUMBERS.get(of.name)
        if number and given.get(number) and self._is_taken(of, number, given, row):
            raise Invalid(f"{of.name[:-1]} # must be unique.")
        if "BankAccount" in given:
            given["BankAccount"] = self._account_of(given["BankAccount"], bank=True)
        if of.name in self._checks:
            self._checks[of.name](of, given, row)

    def _is_taken(self, of: Kind, number: str, given: Mapping[str, Any], row: Row | None) -> bool:
        """Bills may share a number: it is the vendor's."""
        type = given.get("Type") or (row.values.get("Type") if row is not None else "")
        holder = self._org.find(of, number, given[number])
        return (
            type != "ACCPAY" and holder is not None and holder is not row and self._org.state(of, holder) != "DELETED"
        )

    def _pointed_contact(self, of: Kind, value: Mapping[str, Any]) -> dict[str, Any]:
        contacts = KINDS["Contacts"]
        row = self._org.tables["Contacts"].get(str(value.get("ContactID", "")).lower())
        if row is None and value.get("Name") and "ContactID" not in value:
            row = self._org.find(contacts, "Name", value["Name"])
            if row is None and of.name != "PurchaseOrders":
                row = self._org.insert(
                    contacts,
                    {"Name": value["Name"], "ContactStatus": "ACTIVE", "IsCustomer": False, "IsSupplier": False},
                    at=self._org.clock.now(),
                )  # fmt: skip
        if row is None:
            raise Invalid("A Contact must be specified for this type of transaction")
        if self._org.state(contacts, row) != "ACTIVE":
            raise Invalid("The contact is archived, and cannot be used in transactions")
        return {"ContactID": row.id}

    def _account_of(self, value: Mapping[str, Any], *, bank: bool = False) -> dict[str, Any]:
        accounts = KINDS["Accounts"]
        row = self._org.tables["Accounts"].get(str(value.get("AccountID", "")).lower())
        row = row or (self._org.find(accounts, "Code", value["Code"]) if value.get("Code") else None)
        if row is None or self._org.state(accounts, row) != "ACTIVE":
            raise Invalid("Account could not be found")
        if bank and row.values["Type"] != "BANK":
            raise Invalid("The account is no bank account")
        return {"AccountID": row.id}

    def _lines(self, of: Kind, given: Mapping[str, Any], row: Row | None, places: int) -> list[dict[str, Any]]:
        if not given["LineItems"]:
            raise Invalid("One or more line items must be specified")
        approved = (given.get("Status") or (self._org.state(of, row) if row is not None else "")) == "AUTHORISED"
        return [self._line(line, approved=approved, places=places) for line in given["LineItems"]]

    def _line(self, line: dict[str, Any], *, approved: bool, places: int) -> dict[str, Any]:
        if not line.get("Description") and not line.get("ItemCode"):
            raise Invalid("Description must be specified")
        if line.get("ItemCode") and self._org.find(KINDS["Items"], "Code", line["ItemCode"]) is None:
            raise Invalid(f"Item code '{line['ItemCode']}' is not valid")
        code = line.get("AccountCode")
        if code and self._org.find(KINDS["Accounts"], "Code", code) is None:
            raise Invalid(f"Account code '{code}' is not a valid code for this document.")
        if approved and not code:
            raise Invalid("Account code must be specified")
        line = {"Tracking": [], "TaxType": "NONE", "TaxAmount": Decimal(0), **line}
        if "UnitAmount" in line:
            line["UnitAmount"] = line["UnitAmount"].quantize(Decimal(1).scaleb(-places))
            line.setdefault("Quantity", Decimal(1))
            off = 1 - line.get("DiscountRate", Decimal(0)) / 100
            expected = (line["Quantity"] * line["UnitAmount"] * off - line.get("DiscountAmount", 0)).quantize(CENT)
            if abs(line.setdefault("LineAmount", expected) - expected) > CENT:
                raise Invalid(f"The line total {line['LineAmount']} does not match the expected line total {expected}")
        line.setdefault("LineAmount", Decimal(0))
        return line

    def _contact(self, of: Kind, given: dict[str, Any], row: Row | None) -> None:
        for name in ("Name", "FirstName", "LastName", "EmailAddress"):
            if len(str(given.get(name, ""))) > 255:
                raise Invalid(f"The {name} field must be a string with a maximum length of 255.")
        if given.get("EmailAddress") and not _MAIL.fullmatch(given["EmailAddress"]):
            raise Invalid("Email address must be valid.")
        for name, said in (("Name", "contact name"), ("ContactNumber", "contact number")):
            holder = self._org.find(of, name, given[name]) if given.get(name) else None
            if holder is not None and holder is not row and self._org.state(of, holder) == "ACTIVE":
                raise Invalid(
                    f"The {said} {given[name]} is already assigned to another contact. The {said} must be unique "
                    "across all active contacts."
                )
        if row is None:
            given.setdefault("ContactStatus", "ACTIVE")

    def _item(self, of: Kind, given: dict[str, Any], row: Row | None) -> None:
        holder = self._org.find(of, "Code", given["Code"]) if given.get("Code") else None
        if holder is not None and holder is not row:
            raise Invalid(f"Price List Item with Code '{given['Code']}' already exists")
        if len(str(given.get("Name", ""))) > 50:
            raise Invalid("The Name field must be a string with a maximum length of 50.")

    def _account(self, of: Kind, given: dict[str, Any], row: Row | None) -> None:
        holder = self._org.find(of, "Code", given["Code"]) if given.get("Code") else None
        if holder is not None and holder is not row:
            raise Invalid("Please enter a unique Code.")
        if row is None:
            given.setdefault("Status", "ACTIVE")
        if given.get("Status") == "ARCHIVED" and set(given) != {"Status"}:
            raise Invalid("An account cannot be archived and edited in one request")

    def _payment(self, of: Kind, given: dict[str, Any], row: Row | None) -> None:
        if row is not None:
            return
        given["Account"] = self._account_of(given["Account"])
        name = next((each for each in ("Invoice", "CreditNote") if given.get(each)), None)
        if name is None:
            raise Invalid("Payment must be made against a document")
        paid = KINDS[f"{name}s"]
        document = self._org.tables[paid.name].get(str(given[name].get(paid.id, "")).lower())
        if document is None:
            raise Invalid(f"{name} could not be found")
        due = Decimal(str(document.values.get("AmountDue" if name == "Invoice" else "RemainingCredit", 0)))
        if self._org.state(paid, document) != "AUTHORISED":
            raise Invalid("Payments can only be made against Authorised documents")
        if given["Amount"] > due:
            raise Invalid("Payment amount exceeds the amount outstanding on this document")
        given[name] = {paid.id: document.id}
        sold = str(document.values["Type"])
        given["PaymentType"] = {
            "ACCREC": "ACCRECPAYMENT",
            "ACCPAY": "ACCPAYPAYMENT",
            "ACCRECCREDIT": "ARCREDITPAYMENT",
        }.get(sold, "APCREDITPAYMENT")
        given.setdefault("CurrencyRate", document.values.get("CurrencyRate", Decimal(1)))
        given |= {"Status": "AUTHORISED", "BankAmount": given["Amount"], "HasAccount": True}

    def _journal(self, of: Kind, given: dict[str, Any], row: Row | None) -> None:
        if "JournalLines" not in given:
            return
        for line in given["JournalLines"]:
            if self._org.find(KINDS["Accounts"], "Code", line.get("AccountCode", "")) is None:
                raise Invalid(f"Account code '{line.get('AccountCode', '')}' is not a valid code for this document.")
            line.setdefault("LineAmount", Decimal(0))
        debits = sum((each["LineAmount"] for each in given["JournalLines"] if each["LineAmount"] > 0), Decimal(0))
        credits = sum((each["LineAmount"] for each in given["JournalLines"] if each["LineAmount"] < 0), Decimal(0))
        if debits + credits:
            raise Invalid(f"The total debits ({debits:.2f}) must equal total credits ({credits:.2f})")

    def _derived(self, of: Kind, given: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """What Xero works out itself: dates, numbers, totals, what is still owed."""
        found = dict(given)
        if not before:
            if "Date" in of.fields:
                found.setdefault("Date", self._org.clock.now().date().isoformat())
            if "CurrencyCode" in of.fields and of.lines:
                found.setdefault("CurrencyCode", "USD")
                found.setdefault("CurrencyRate", Decimal(1))
            if "LineAmountTypes" in of.fields:
                found.setdefault("LineAmountTypes", "NoTax" if of.name == "ManualJournals" else "Exclusive")
            if (number := _NUMBERS.get(of.name)) and found.get("Type") != "ACCPAY" and not found.get(number):
                found[number] = f"{number[:3].upper()}-{len(self._org.tables[of.name].order) + 1:04d}"
            if of.name == "Contacts":
                found |= {"IsCustomer": False, "IsSupplier": False}
        if of.lines == "LineItems" and "LineItems" in found:
            found |= totals(
                found["LineItems"], found.get("LineAmountTypes") or before.get("LineAmountTypes", "Exclusive")
            )
            if of.name == "Invoices":
                found |= {"AmountDue": found["Total"], "AmountPaid": Decimal(0), "AmountCredited": Decimal(0)}
            if of.name == "CreditNotes":
                found |= {"RemainingCredit": found["Total"]}
        return found


def _paid(row: Row) -> bool:
    held = (row.values.get(name, 0) for name in ("AmountPaid", "AmountCredited", "AppliedAmount"))
    return any(Decimal(str(each)) > 0 for each in held)
