"""Writes of one record, alone or within a batch: create, full and sparse update, delete, void."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from backhaul.sandbox.quickbooks import answers
from backhaul.sandbox.quickbooks.company import Company, numbered
from backhaul.sandbox.quickbooks.entities import ENTITIES, Entity, Field
from backhaul.sandbox.tables import Row

_OURS = frozenset({"Id", "SyncToken", "MetaData", "domain", "sparse", "status", "AttachableRef", "PrimaryAddr"})
_DETAILS = frozenset(
    {
        "SalesItemLineDetail",
        "ItemBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail",
        "JournalEntryLineDetail",
        "DepositLineDetail",
        "DiscountLineDetail",
        "SubTotalLineDetail",
        "DescriptionOnly",
        "GroupLineDetail",
    }
)
# Within a line's detail: the reference and what it points at.
_WITHIN = {"ItemRef": "Item", "AccountRef": "Account", "ClassRef": "Class", "DepartmentRef": "Department"}


class Writer:
    """Does what a request or an item of a batch asks, or raises Problem."""

    def __init__(self, company: Company, controls: Mapping[str, Any]) -> None:
        self._company = company
        self._controls = controls

    def write(self, of: Entity, body: Any) -> dict[str, Any]:
        """Create where there is no Id, else update."""
        if not of.writable:
            raise answers.unsupported(f"create on {of.name}")
        if not isinstance(body, dict):
            raise answers.malformed("The body is no object")
        return self._update(of, body) if _present(body.get("Id")) else self._create(of, body)

    def delete(self, of: Entity, body: Any) -> dict[str, Any]:
        if of.listed:
            raise answers.unsupported(f"delete on {of.name}")
        row = self._held(of, body)
        self._company.apply(of, row, self._company.clock.now(), back=True)
        self._company.delete(of, row, self._company.clock.now())
        return {"status": "Deleted", "domain": "QBO", "Id": row.id}

    def void(self, of: Entity, body: Any) -> dict[str, Any]:
        """The document stays: its amounts are 0, and its note says so."""
        if not of.voidable:
            raise answers.unsupported(f"void on {of.name}")
        row, now = self._held(of, body), self._company.clock.now()
        self._company.apply(of, row, now, back=True)
        lines = [{**line, "Amount": Decimal(0)} for line in row.values.get("Line", [])]
        zero: dict[str, Any] = {
            name: Decimal(0) for name in ("TotalAmt", "Balance", "UnappliedAmt") if name in row.values
        }
        note = {
            "PrivateNote": " ".join(["Voided", *([row.values["PrivateNote"]] if "PrivateNote" in row.values else [])])
        }
        return self._company.shown(of, self._company.update(of, row, {"Line": lines, **zero, **note}, at=now))

    def _held(self, of: Entity, body: Any) -> Row:
        """The record that a body names, at the version it names."""
        if not isinstance(body, dict) or not _present(body.get("Id")):
            raise answers.missing("Id")
        row = self._company.tables[of.name].get(str(body["Id"]))
        if row is None or not row.live:
            raise answers.not_found()
        if not _present(body.get("SyncToken")):
            raise answers.missing("SyncToken")
        if str(body["SyncToken"]) != str(row.values["SyncToken"]):
            raise answers.stale()
        return row

    def _create(self, of: Entity, body: dict[str, Any]) -> dict[str, Any]:
        given = self._checked(of, body)
        for each in of.fields.values():
            if each.required and not _present(given.get(each.name)):
                raise answers.missing(each.name)
        self._check_unique(of, given, "")
        now = self._company.clock.now()
        row = self._company.insert(of, self._derived(of, given, {}), at=now)
        self._company.apply(of, row, now)
        return self._company.shown(of, row)

    def _update(self, of: Entity, body: dict[str, Any]) -> dict[str, Any]:
        row = self._held(of, body)
        sparse = body.get("sparse") is True or str(body.get("sparse")).lower() == "true"
        given = self._checked(of, body)
        if not sparse:
            for each in of.fields.values():
                if each.required and not _present(given.get(each.name)):
                    raise answers.missing(each.name)
        cleared = (
            {name: None for name, value in body.items() if name in of.fields and not _present(value)} if sparse else {}
        )
        if any(of.fields[name].required for name in cleared):
            raise answers.missing(next(name for name in cleared if of.fields[name].required))
        self._check_unique(of, given, row.id)
        now = self._company.clock.now()
        if of.name in ("Payment", "BillPayment"):
            self._company.apply(of, row, now, back=True)
        changed = {**cleared, **self._derived(of, given, row.values)}
        if row.values.get("Active") is False and changed.get(of.named_by, "").endswith(" (deleted)"):
            changed[of.named_by] = changed[of.named_by].removesuffix(" (deleted)")
        self._company.update(of, row, changed, at=now, sparse=sparse)
        self._company.apply(of, row, now)
        return self._company.shown(of, row)

    def _checked(self, of: Entity, body: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a body that count: known, of the right kind, writable, not empty."""
        given: dict[str, Any] = {}
        for name, value in body.items():
            if name in _OURS and name not in of.fields:
                continue
            if name not in of.fields:
                raise answers.unsupported_property(name)
            known = of.fields[name]
            if known.read_only or not _present(value):
                continue
            given[name] = self._value(known, value)
        if "Line" in given:
            given["Line"] = [self._line(of, line) for line in given["Line"]]
        if "CustomField" in given and isinstance(given["CustomField"], list):
            given["CustomField"] = [self._custom(entry) for entry in given["CustomField"]]
        return given

    def _value(self, of: Field, value: Any) -> Any:
        match of.kind:
            case "number":
                return _number(of.name, value)
            case "boolean":
                if str(value).lower() not in ("true", "false"):
                    raise answers.wrong_value(of.name, "Boolean", value)
                return str(value).lower() == "true"
            case "date":
                try:
                    return date.fromisoformat(str(value)[:10]).isoformat()
                except ValueError:
                    raise answers.wrong_value(of.name, "Date", value) from None
            case "ref":
                return self._reference(of.name, of.to, value)
            case "object":
                if not isinstance(value, dict):
                    raise answers.wrong_value(of.name, "Object", value)
                return value
            case "list":
                if not isinstance(value, list):
                    raise answers.wrong_value(of.name, "List", value)
                return value
        if isinstance(value, dict | list):
            raise answers.wrong_value(of.name, "String", value)
        text = str(value)
        if len(text) > (4000 if of.name in ("PrivateNote", "Notes", "Description") else 500):
            raise answers.too_long(of.name, len(text))
        return text

    def _reference(self, name: str, to: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or not _present(value.get("value")):
            raise answers.invalid_reference(name, str(value))
        id = str(value["value"])
        if to == "CompanyCurrency":
            # currencies are named by their codes
            if id not in {row.values["Code"] for row in self._company.live(ENTITIES[to])}:
                raise answers.invalid_reference(name, id)
            return {"value": id, **({"name": value["name"]} if value.get("name") else {})}
        row = self._company.tables[to].get(id)
        if row is None or not row.live:
            raise answers.invalid_reference(name, id)
        if not row.values.get("Active", True):
            raise answers.not_found()
        return {"value": id}

    def _line(self, of: Entity, line: Any) -> dict[str, Any]:
        if not isinstance(line, dict):
            raise answers.wrong_value("Line", "Object", line)
        held: dict[str, Any] = {name: value for name, value in line.items() if _present(value)}
        return self._paid(held) if of.name in ("Payment", "BillPayment") else self._detailed(held)

    def _paid(self, line: dict[str, Any]) -> dict[str, Any]:
        return {**line, "Amount": _number("Line.Amount", line.get("Amount", 0))}

    def _detailed(self, line: dict[str, Any]) -> dict[str, Any]:
        detail = line.get("DetailType")
        if detail is None:
            raise answers.missing("Line.DetailType")
        if detail not in _DETAILS:
            raise answers.invalid_enumeration("Line.DetailType", detail)
        if detail != "DescriptionOnly":
            if "Amount" not in line:
                raise answers.missing("Amount")
            line["Amount"] = _number("Line.Amount", line["Amount"])
            if detail not in ("SubTotalLineDetail", "GroupLineDetail") and not isinstance(line.get(detail), dict):
                raise answers.missing(detail)
        for name, to in _WITHIN.items():
            inner = line.get(detail)
            if isinstance(inner, dict) and _present(inner.get(name)):
                line[detail] = inner = {**inner, name: self._reference(name, to, inner[name])}
        return line

    def _custom(self, entry: Any) -> dict[str, Any]:
        id = str(entry.get("DefinitionId")) if isinstance(entry, dict) else ""
        if id not in self._company.custom_fields:
            raise answers.business(f"Custom field {id} is not defined", "CustomField")
        if len(str(entry.get("StringValue", ""))) > 31:
            raise answers.business("Custom field values have at most 31 characters", "CustomField")
        held = {"DefinitionId": id, "Name": self._company.custom_fields[id], "Type": "StringType"}
        return {**held, "StringValue": str(entry["StringValue"])} if _present(entry.get("StringValue")) else held

    def _check_unique(self, of: Entity, given: Mapping[str, Any], id: str) -> None:
        name = given.get(of.named_by) if of.named_by else None
        if name is not None:
            held = self._company.holder_of_name(of, str(name), id)
            if held is not None:
                raise answers.duplicate_name(held)
        number = given.get("DocNumber")
        if (
            number
            and self._controls["unique_numbers"]
            and of.name in ("Invoice", "CreditMemo", "SalesReceipt", "Estimate")
        ):
            for row in self._company.live(of):
                if row.id != id and row.values.get("DocNumber") == number:
                    raise answers.duplicate_number(str(number))

    def _derived(self, of: Entity, given: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """What the company works out itself: totals, balances, full names, defaults."""
        now = self._company.clock.now()
        found = dict(given)
        if "TxnDate" in of.fields and "TxnDate" not in before:
            found.setdefault("TxnDate", now.astimezone(answers.ZONE).date().isoformat())
        if "CurrencyRef" in of.fields and "CurrencyRef" not in before:
            found.setdefault("CurrencyRef", {"value": "USD", "name": "United States Dollar"})
        if "Line" in found:
            plain = of.name in ("Payment", "BillPayment")
            found["Line"] = numbered(found["Line"], list(before.get("Line", [])), plain=plain)
            if "TotalAmt" in of.fields and of.fields["TotalAmt"].read_only:
                found["TotalAmt"] = self._company.total(found["Line"])
                if "Balance" in of.fields:
                    paid = before.get("TotalAmt", Decimal(0)) - before.get("Balance", Decimal(0))
                    found["Balance"] = max(found["TotalAmt"] - paid, Decimal(0))
        if "FullyQualifiedName" in of.fields and of.named_by in found:
            parent = found.get("ParentRef") or before.get("ParentRef")
            above = self._company.name_of(of.name, parent["value"]) + ":" if parent else ""
            found["FullyQualifiedName"] = above + str(found[of.named_by])
        return found


def _present(value: Any) -> bool:
    return value not in (None, "", [], {})


def _number(name: str, value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        raise answers.wrong_value(name, "Number", value) from None
    if isinstance(value, bool) or not number.is_finite():
        raise answers.wrong_value(name, "Number", value)
    return number
