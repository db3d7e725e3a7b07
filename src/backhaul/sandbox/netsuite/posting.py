"""What entering a transaction makes: its lines, its totals, its impact on the ledger, its links to others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from backhaul.sandbox.netsuite.account import TRANSACTIONS
from backhaul.sandbox.netsuite.books import LINES, LINKS, POSTINGS, Books
from backhaul.sandbox.tables import Row

CENT = Decimal("0.01")
# Seeded accounts by what they are for.
RECEIVABLE, PAYABLE, BANK, INCOME, EXPENSE = 119, 111, 1, 54, 58
# The main line's sign and account; the other lines are its counterweight, so that a transaction's lines add up to 0.
MAIN: dict[str, tuple[int, int]] = {
    "CustInvc": (1, RECEIVABLE),
    "SalesOrd": (1, RECEIVABLE),
    "CustPymt": (1, BANK),
    "CustCred": (-1, RECEIVABLE),
    "VendBill": (-1, PAYABLE),
    "VendCred": (1, PAYABLE),
    "PurchOrd": (-1, PAYABLE),
    "VendPymt": (-1, BANK),
}
NOT_POSTING = frozenset({"SalesOrd", "PurchOrd"})
FIRST_STATUS = {
    "CustInvc": "A",
    "SalesOrd": "B",
    "CustPymt": "C",
    "CustCred": "A",
    "VendBill": "A",
    "VendCred": "A",
    "PurchOrd": "B",
    "VendPymt": "B",
    "Journal": "B",
}
_COUNTERWEIGHT = {
    "CustPymt": RECEIVABLE, "VendPymt": PAYABLE, "VendBill": EXPENSE, "VendCred": EXPENSE, "PurchOrd": EXPENSE,
}  # fmt: skip
LINE_COLUMNS = ("item", "memo", "rate", "department", "class", "location", "createdfrom", "expenseaccount",
                 "custcol_contract_start", "custcol_discount_reason")  # fmt: skip


def amount_of(line: Mapping[str, Any]) -> Decimal:
    """A line's amount as its user sees it: positive for what is sold or bought."""
    if line.get("amount") is not None:
        return Decimal(line["amount"]).quantize(CENT)
    rate, quantity = line.get("rate"), line.get("quantity")
    if rate is None:
        return Decimal("0.00")
    return (Decimal(rate) * Decimal(1 if quantity is None else quantity)).quantize(CENT)


def enter(books: Books, code: str, header: dict[str, Any], lines: Sequence[Mapping[str, Any]], at: datetime) -> Row:
    """A new transaction. `lines` are items (or, in a journal, debits and credits) in the user's own signs."""
    id = books.next_id("transaction")
    name, prefix, _ = TRANSACTIONS[code]
    defaults = {
        "id": id,
        "type": code,
        "recordtype": name,
        "tranid": f"{prefix}{id}",
        "trandate": at.date(),
        "status": FIRST_STATUS[code],
        "currency": 1,
        "exchangerate": Decimal(1),
        "subsidiary": 1,
        "posting": code not in NOT_POSTING,
        "voided": False,
    }
    row = books.insert("transaction", defaults | {k: v for k, v in header.items() if v is not None}, at=at)
    write_lines(books, row, [dict(line) for line in lines], at)
    return row


def write_lines(books: Books, row: Row, lines: Sequence[dict[str, Any]], at: datetime) -> None:
    """Replace a transaction's lines. A line that brings its `line` number keeps it; totals and ledger follow."""
    tx, code = row.id, row.values["type"]
    total = totals(books, row, lines)
    kept = {line["line"] for line in lines if line.get("line") is not None}
    free = iter(n for n in range(1, 10_000) if n not in kept)
    wanted: dict[int, dict[str, Any]] = {}
    if code != "Journal":
        wanted[0] = _main_line(row, total)
    for line in lines:
        number = line["line"] if line.get("line") is not None else next(free)
        wanted[number] = _line(row, line)
    for old in books.of_transaction[LINES].get(tx, ()):
        if old.live and old.values["id"] not in wanted:
            books.tables[LINES].delete(old.id, at)
    for sequence, number in enumerate(sorted(wanted)):
        _put_line(books, tx, number, {**wanted[number], "linesequencenumber": sequence}, at)
    if row.values["posting"]:
        _post(books, tx, at)


def totals(books: Books, row: Row, lines: Sequence[Mapping[str, Any]]) -> Decimal:
    """Set the header's totals from its lines."""
    code, rate = row.values["type"], row.values["exchangerate"]
    if code == "Journal":
        total = sum((Decimal(line.get("debit") or 0) for line in lines), Decimal(0))
    else:
        total = sum((amount_of(line) for line in lines), Decimal(0)) * MAIN[code][0]
    header = {"foreigntotal": total.quantize(CENT), "total": (total * rate).quantize(CENT)}
    if code in ("CustInvc", "VendBill", "CustCred", "VendCred"):
        paid = row.values.get("foreignamountpaid", Decimal("0.00"))
        header |= {"foreignamountpaid": paid, "foreignamountunpaid": (abs(total) - paid).quantize(CENT)}
    if code in ("CustCred", "VendCred"):
        header["foreignpaymentamountunused"] = header["foreignamountunpaid"]
    row.values.update(header)
    return total


def _main_line(row: Row, total: Decimal) -> dict[str, Any]:
    values = row.values
    return {
        "mainline": True,
        "taxline": False,
        "iscogs": False,
        "foreignamount": total.quantize(CENT),
        "netamount": (total * values["exchangerate"]).quantize(CENT),
        "expenseaccount": MAIN[values["type"]][1],
        "memo": values.get("memo"),
        "entity": values.get("entity"),
        "subsidiary": values["subsidiary"],
    }


def _line(row: Row, line: Mapping[str, Any]) -> dict[str, Any]:
    values, code = row.values, row.values["type"]
    if code == "Journal":
        amount, sign = Decimal(line.get("debit") or 0) - Decimal(line.get("credit") or 0), 1
    else:
        amount, sign = amount_of(line), -MAIN[code][0]
    found = {name: line.get(name) for name in LINE_COLUMNS}
    quantity = line.get("quantity")
    default = _COUNTERWEIGHT.get(code, INCOME)
    return {
        **found,
        "mainline": False,
        "taxline": False,
        "iscogs": False,
        "isclosed": False,
        "memo": line.get("memo") or line.get("description"),
        "quantity": None if quantity is None else Decimal(quantity) * sign,
        "foreignamount": (amount * sign).quantize(CENT),
        "netamount": (amount * sign * values["exchangerate"]).quantize(CENT),
        "expenseaccount": line.get("account") or line.get("expenseaccount") or default,
        "entity": values.get("entity"),
        "subsidiary": values["subsidiary"],
    }


def _put_line(books: Books, tx: str, number: int, values: dict[str, Any], at: datetime) -> None:
    key = f"{tx}:{number}"
    old = books.tables[LINES].rows.get(key)
    if old is None:
        present = {name: value for name, value in values.items() if value is not None}
        unique = books.next_id("line")
        books.insert(LINES, {"transaction": int(tx), "id": number, "uniquekey": unique, **present}, at=at, key=key)
        return
    if old.deleted_at is not None:
        books.tables[LINES].restore(key, at)
    if any(old.values.get(name) != value for name, value in values.items()):
        books.update(LINES, key, values, at)


def _post(books: Books, tx: str, at: datetime) -> None:
    """The impact on the ledger: one row a line, in the primary book."""
    for old in books.of_transaction[POSTINGS].get(tx, ()):
        if old.live:
            books.tables[POSTINGS].purge(old.id)
    books.of_transaction[POSTINGS][tx] = []
    for line in books.of_transaction[LINES][tx]:
        if not line.live:
            continue
        amount, number = line.values["netamount"], line.values["id"]
        side = "debit" if amount >= 0 else "credit"
        key = f"{tx}:{number}:1"
        books.tables[POSTINGS].rows.pop(key, None)
        values = {
            "transaction": int(tx),
            "transactionline": number,
            "accountingbook": 1,
            "account": line.values["expenseaccount"],
            "amount": amount,
            side: abs(amount),
            "posting": True,
        }
        books.insert(POSTINGS, values, at=at, key=key)


def link(books: Books, previous: Row, following: Row, kind: str, amount: Decimal, at: datetime, line: int = 0) -> None:
    """Say that one transaction follows from another."""
    values = {
        "previousdoc": previous.values["id"],
        "previousline": line,
        "previoustype": previous.values["type"],
        "nextdoc": following.values["id"],
        "nextline": line,
        "nexttype": following.values["type"],
        "linktype": kind,
        "foreignamount": amount,
    }
    books.insert(LINKS[0], values, at=at, key=str(len(books.tables[LINKS[0]].order) + 1))


def apply_payment(books: Books, payment: Row, invoice: Row, amount: Decimal, at: datetime) -> None:
    """Pay an invoice: its open amount shrinks, and its status follows."""
    link(books, invoice, payment, "Payment", amount, at)
    paid = invoice.values.get("foreignamountpaid", Decimal("0.00")) + amount
    unpaid = abs(invoice.values["foreigntotal"]) - paid
    status = "B" if unpaid <= 0 else "A"
    changed = {"foreignamountpaid": paid, "foreignamountunpaid": unpaid, "status": status}
    if unpaid <= 0:
        changed["closedate"] = payment.values["trandate"]
    books.update("transaction", invoice.id, changed, at)


def void(books: Books, row: Row, at: datetime) -> None:
    """The transaction stays, with its amounts gone, or a journal turns it back: a preference of the account."""
    if books.variants["void"] == "reversing journal":
        amount = abs(row.values["total"])
        lines = [{"account": RECEIVABLE, "credit": amount}, {"account": INCOME, "debit": amount}]
        journal = enter(books, "Journal", {"memo": f"Void of {row.values['tranid']}", "trandate": at.date()}, lines, at)
        link(books, row, journal, "VoidJrnl", amount, at)
        books.update("transaction", row.id, {"foreignamountunpaid": Decimal("0.00"), "status": "B"}, at)
        return
    nothing = Decimal("0.00")
    for line in books.of_transaction[LINES].get(row.id, ()):
        if line.live:
            books.update(LINES, line.id, {"foreignamount": nothing, "netamount": nothing}, at)
    if row.values["posting"]:
        _post(books, row.id, at)
    values = {"voided": True, "status": "V", "memo": "VOID", "foreigntotal": nothing, "total": nothing}
    books.update("transaction", row.id, {**values, "foreignamountunpaid": nothing}, at)
