"""Creating and changing one record: every property checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from backhaul.sandbox.netsuite import posting
from backhaul.sandbox.netsuite.account import PAYMENTS
from backhaul.sandbox.netsuite.answers import invalid_content, user_error
from backhaul.sandbox.netsuite.books import LINES, Books
from backhaul.sandbox.netsuite.catalog import Field, RecordType
from backhaul.sandbox.netsuite.values import BadValue, parsed
from backhaul.sandbox.tables import Row


@dataclass(frozen=True, slots=True)
class Rules:
    """How strict a write is: errors for unknown names and for values that do not fit, or silence."""

    names: bool = True
    values: bool = True
    replace: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a write came to."""

    status: int
    location: str | None


@dataclass(frozen=True, slots=True)
class _Content:
    """A body, checked: columns of the record, and lines where it brought its sublist."""

    values: dict[str, Any]
    lines: list[dict[str, Any]] | None


def create(
    books: Books, record: RecordType, body: Mapping[str, Any], rules: Rules, at: datetime, *, any_case: bool
) -> Row:
    content = _checked(books, record, body, rules, any_case=any_case)
    values = content.values
    _check_external_id(books, record, values.get("externalid"), None)
    values = {name: value for name, value in values.items() if value is not None}
    if record.table.name == "transaction":
        return _enter(books, record, values, content.lines or [], at)
    missing = [f.title for f in record.properties().values() if f.required and f.column not in values]
    if record.named_by and not any(name.lower() in values for name in record.named_by):
        missing.insert(0, "Company Name")
    if missing:
        raise user_error(f"Please enter value(s) for: {', '.join(missing)}")
    complete(books, record, values)
    if record.name == "customer" and any(
        r.values.get("entityid") == values["entityid"] for r in books.rows_of(record) if r.live
    ):
        raise user_error(
            "A customer record with this ID already exists. "
            "You must enter a unique customer ID for each record you create."
        )
    return books.insert(record.table.name, values, at=at)


def complete(books: Books, record: RecordType, values: dict[str, Any]) -> None:
    """What the account fills in by itself."""
    columns = record.table.columns
    person = " ".join(values[name] for name in ("firstname", "lastname") if values.get(name))
    if "entityid" in columns:
        values.setdefault("entityid", values.get("companyname") or person)
    if "altname" in columns:
        values.setdefault("altname", values.get("companyname") or person)
    if "isperson" in columns:
        values.setdefault("isperson", not values.get("companyname"))
    if "fullname" in columns:
        values.setdefault("fullname", values.get("name") or values.get("acctname") or values.get("itemid"))
    if "isinactive" in columns:
        values.setdefault("isinactive", False)
    if "currency" in columns and record.table.name != "account":
        home = books.tables["subsidiary"].get(str(values.get("subsidiary", 1)))
        values.setdefault("currency", home.values["currency"] if home else 1)
    if record.name == "customer":
        values.setdefault("entitystatus", "13")
        stages = {"6": "Lead", "8": "Prospect"}
        values.setdefault("searchstage", stages.get(values["entitystatus"], "Customer"))
    if record.code:
        values[record.code[0]] = record.code[1]


def update(
    books: Books, record: RecordType, row: Row, body: Mapping[str, Any], rules: Rules, at: datetime, *, any_case: bool
) -> None:
    content = _checked(books, record, body, rules, any_case=any_case, row=row)
    values = {name: value for name, value in content.values.items() if name != "id"}
    if "externalid" in values:
        _check_external_id(books, record, values["externalid"], row)
    emptied = [
        f.title for f in record.properties().values() if f.required and f.column in values and values[f.column] is None
    ]
    if emptied:
        raise user_error(f"Please enter value(s) for: {', '.join(emptied)}")
    if content.lines is not None:
        sublist = record.sublist
        replacing = sublist is not None and sublist.name in rules.replace
        lines = content.lines if replacing else _merged(lines_of(books, row), content.lines)
        _check_lines(record, lines)
        books.update(record.table.name, row.id, values, at)
        posting.write_lines(books, row, lines, at)
    elif record.table.name == "transaction" and "exchangerate" in values:
        books.update(record.table.name, row.id, values, at)
        posting.write_lines(books, row, lines_of(books, row), at)
    books.update(record.table.name, row.id, values, at)


def _enter(books: Books, record: RecordType, values: dict[str, Any], lines: list[dict[str, Any]], at: datetime) -> Row:
    assert record.code is not None  # transactions are told apart by their code
    code = record.code[1]
    if code != "Journal":
        if values.get("entity") is None:
            who = "Vendor" if code in ("VendBill", "VendCred", "PurchOrd", "VendPymt") else "Customer"
            raise user_error(f"Please enter value(s) for: {who}")
        entity = next(
            row.values
            for table in ("customer", "vendor")
            if (row := books.tables[table].get(str(values["entity"]))) is not None
        )
        values = {"subsidiary": entity["subsidiary"], "currency": entity.get("currency", 1), **values}
        rate = books.tables["currency"].require(str(values["currency"])).values["exchangerate"]
        values = {"exchangerate": rate, **values}
    _check_lines(record, lines)
    if code not in PAYMENTS:
        return posting.enter(books, code, values, lines, at)
    applied = [(books.tables["transaction"].require(str(line["doc"])), Decimal(line["amount"])) for line in lines]
    for invoice, amount in applied:
        if amount > invoice.values.get("foreignamountunpaid", Decimal(0)):
            raise user_error("The amount applied is more than what is open on the invoice.", "apply.items[0].amount")
    total = sum((amount for _, amount in applied), Decimal(0))
    row = posting.enter(books, code, values, [{"amount": total}], at)
    for invoice, amount in applied:
        posting.apply_payment(books, row, invoice, amount, at)
    return row


def _check_lines(record: RecordType, lines: list[dict[str, Any]]) -> None:
    if not lines:
        raise user_error("You must enter at least one line item for this transaction.")
    if record.name == "journalEntry":
        debit, credit = (
            sum((Decimal(line.get(side) or 0) for line in lines), Decimal(0)) for side in ("debit", "credit")
        )
        if debit != credit:
            raise user_error("Please balance transaction. The amounts of debits and credits differ.")


def lines_of(books: Books, row: Row) -> list[dict[str, Any]]:
    """A transaction's lines in its user's own signs, without the main line."""
    found: list[dict[str, Any]] = []
    sign = -posting.MAIN.get(row.values["type"], (1, 0))[0]
    for line in books.of_transaction[LINES].get(row.id, ()):
        values = line.values
        if not line.live or values.get("mainline"):
            continue
        own = {name: values[name] for name in posting.LINE_COLUMNS if name in values}
        own |= {"line": values["id"], "description": values.get("memo")}
        if row.values["type"] == "Journal":
            side = "debit" if values["foreignamount"] >= 0 else "credit"
            own |= {side: abs(values["foreignamount"]), "account": values["expenseaccount"]}
        else:
            own["amount"] = values["foreignamount"] * sign
            if "quantity" in values:
                own["quantity"] = values["quantity"] * sign
        found.append(own)
    return found


def _merged(held: list[dict[str, Any]], brought: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """PATCH of a sublist: a line with a known `line` is changed, any other is added."""
    by_number = {line["line"]: line for line in held}
    added: list[dict[str, Any]] = []
    for line in brought:
        old = by_number.get(line.get("line"))
        if old is None:
            added.append({name: value for name, value in line.items() if name != "line"})
            continue
        if {"quantity", "rate"} & line.keys() and "amount" not in line:
            old.pop("amount", None)
        old.update(line)
    return [*by_number.values(), *added]


def _check_external_id(books: Books, record: RecordType, external_id: str | None, row: Row | None) -> None:
    if external_id is None:
        return
    holder = books.find_external(record, external_id)
    if holder is not None and holder is not row:
        raise user_error(
            f"This record already exists. The external ID '{external_id}' is used by {holder.id}.", "externalId"
        )


def _checked(
    books: Books, record: RecordType, body: Mapping[str, Any], rules: Rules, *, any_case: bool, row: Row | None = None
) -> _Content:
    properties = record.properties()
    folded = {name.lower(): field for name, field in properties.items()} if any_case else {}
    values: dict[str, Any] = {}
    lines: list[dict[str, Any]] | None = None
    for name, value in body.items():
        field = properties.get(name) or folded.get(name.lower())
        if name == "links":
            continue
        if field is None:
            if rules.names:
                raise invalid_content(f"Unknown property '{name}' of the record '{record.name}'.", name)
            continue
        if field.kind == "id":
            if row is not None and str(value) != row.id:
                raise invalid_content("The id of the body is not the one of the URL.", "id")
            continue
        if field.kind == "sublist" and field is record.sublist:
            lines = _checked_lines(books, field, value, rules, any_case=any_case)
        elif field.read_only or not field.queryable:
            if rules.values:
                raise invalid_content(f"The property '{name}' of the record '{record.name}' is read-only.", name)
        else:
            _take(books, field, name, value, rules, values)
    return _Content(values, lines)


def _checked_lines(books: Books, sublist: Field, value: Any, rules: Rules, *, any_case: bool) -> list[dict[str, Any]]:
    if not isinstance(value, Mapping) or not isinstance(value.get("items"), list):
        raise invalid_content(f"The sublist '{sublist.name}' must be an object with 'items'.", sublist.name)
    fields = {field.name: field for field in sublist.fields}
    folded = {name.lower(): field for name, field in fields.items()} if any_case else {}
    found: list[dict[str, Any]] = []
    for i, item in enumerate(value["items"]):
        place = f"{sublist.name}.items[{i}]"
        if not isinstance(item, Mapping):
            raise invalid_content("A line must be an object.", place)
        line: dict[str, Any] = {}
        for name, one in item.items():
            field = fields.get(name) or folded.get(name.lower())
            if field is None:
                if rules.names and name != "links":
                    raise invalid_content(
                        f"Unknown property '{name}' of the sublist '{sublist.name}'.", f"{place}.{name}"
                    )
                continue
            _take(books, field, f"{place}.{name}", one, rules, line)
        for field in sublist.fields:
            if field.required and line.get(field.column) is None and line.get("line") is None:
                raise user_error(f"Please enter value(s) for: {field.title}", f"{place}.{field.name}")
        found.append({name: one for name, one in line.items() if one is not None})
    return found


def _take(books: Books, field: Field, path: str, value: Any, rules: Rules, into: dict[str, Any]) -> None:
    try:
        if field.kind == "reference" and isinstance(value, Mapping) and "id" not in value and "externalId" in value:
            value = _by_external_id(books, field, str(value["externalId"]))
        taken = parsed(field, value)
    except BadValue as error:
        if rules.values:
            raise invalid_content(f"Invalid value for the property '{field.name}'. Provide {error}.", path) from error
        return
    if field.kind == "reference" and taken is not None and not books.exists(field.to or "", str(taken)):
        raise user_error(f"Invalid Field Value {taken} for the following field: {field.column}", path)
    into[field.column] = taken


def _by_external_id(books: Books, field: Field, external_id: str) -> str:
    for record in books.records.values():
        if record.table.name in (("customer", "vendor") if field.to == "entity" else (field.to,)):
            row = books.find_external(record, external_id)
            if row is not None:
                return row.id
    raise BadValue(f"the external ID of a record, which '{external_id}' is not")
