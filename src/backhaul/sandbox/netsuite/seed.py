"""The account filled from the shared world: customers are its companies, invoices follow from its orders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from backhaul.sandbox.netsuite import posting
from backhaul.sandbox.netsuite.account import SUBSCRIPTION
from backhaul.sandbox.netsuite.books import Books
from backhaul.sandbox.tables import Row
from backhaul.sandbox.world import EPOCH, Company, Order, World

# Subsidiary -> currency; the parent keeps its books in US dollars.
SUBSIDIARIES = ((1, "Maven Computing Inc.", "US", 1), (2, "Maven Computing Europe BV", "NL", 2),
                (3, "Maven Computing UK Ltd", "GB", 3))  # fmt: skip
CURRENCIES = ((1, "US Dollar", "USD", "1"), (2, "Euro", "EUR", "1.0875"), (3, "British Pound", "GBP", "1.2710"))
ACCOUNTS = ((1, "1000", "Checking", "Bank"), (posting.RECEIVABLE, "1100", "Accounts Receivable", "AcctRec"),
            (posting.PAYABLE, "2000", "Accounts Payable", "AcctPay"), (posting.INCOME, "4000", "Sales", "Income"),
            (posting.EXPENSE, "6000", "Operating Expenses", "Expense"), (60, "5000", "Cost of Goods Sold",
            "COGS"))  # fmt: skip
TERMS = ((1, "Net 15", 15), (2, "Net 30", 30), (3, "Net 60", 60))
BRITISH = frozenset({"United Kingdom", "Ireland"})
EUROPEAN = frozenset(
    {"Germany", "France", "Spain", "Italy", "Belgium", "Austria", "Portugal", "Finland", "Netherlands", "Norway",
     "Sweden", "Denmark", "Poland", "Switzerland", "Romania"}
)  # fmt: skip
OPENED = datetime(2022, 1, 3, 17, 0, tzinfo=UTC)


def seed(books: Books, world: World) -> None:
    """Fill empty books. The same world makes the same books, ids included."""
    _Seeding(books, world).run()


def _moment(day: date, n: int) -> datetime:
    """A time of a working day, before the world's end."""
    return min(datetime.combine(day, time(14, n * 7 % 60, n * 13 % 60), UTC), EPOCH - timedelta(seconds=1 + n % 3600))


class _Seeding:
    def __init__(self, books: Books, world: World) -> None:
        self._books = books
        self._world = world
        self._customers: list[Row] = []
        self._employees: list[Row] = []
        self._items: list[Row] = []
        self._homes: list[tuple[int, int]] = []

    def run(self) -> None:
        self._lists()
        self._people_of_ours()
        self._goods()
        self._companies()
        self._contacts()
        self._vendors()
        self._trade()
        self._subscriptions()

    def _put(self, table: str, at: datetime = OPENED, **values: Any) -> Row:
        present: Mapping[str, Any] = {name.rstrip("_"): value for name, value in values.items() if value is not None}
        return self._books.insert(table, dict(present), at=at)

    def _lists(self) -> None:
        for id, name, symbol, rate in CURRENCIES:
            self._put("currency", id=id, name=name, symbol=symbol, exchangerate=Decimal(rate), isbasecurrency=id == 1,
                      currencyprecision=2, isinactive=False)  # fmt: skip
        for id, name, country, currency in SUBSIDIARIES:
            full = name if id == 1 else f"{SUBSIDIARIES[0][1]} : {name}"
            self._put("subsidiary", id=id, name=name, fullname=full, country=country, currency=currency,
                      parent=None if id == 1 else 1, iselimination=False, isinactive=False)  # fmt: skip
        for id, number, name, kind in ACCOUNTS:
            self._put("account", id=id, acctnumber=number, acctname=name, fullname=name, accttype=kind,
                      accountsearchdisplayname=f"{number} {name}", isinactive=False)  # fmt: skip
        for table, names in (("department", ("Sales", "Services", "Finance")), ("location", ("Central", "East",
        "West")),
                             ("classification", ("Hardware", "Food", "Services"))):  # fmt: skip
            for name in names:
                self._put(table, name=name, fullname=name, isinactive=False)
        for id, name, days in TERMS:
            self._put("term", id=id, name=name, daysuntilnetdue=days, isinactive=False)
        for year in (2024, 2025, 2026):
            whole = self._period(f"FY {year}", date(year, 1, 1), date(year, 12, 31), None)
            for month in range(1, 13):
                start = date(year, month, 1)
                end = (start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
                self._period(f"{start:%b %Y}", start, end, whole.values["id"])
        # New records of these lists come after those with a well-known id.
        for table in ("currency", "subsidiary", "account", "term"):
            for _ in range(120):
                self._books.next_id(table)

    def _period(self, name: str, start: date, end: date, parent: int | None) -> Row:
        return self._put("accountingperiod", periodname=name, startdate=start, enddate=end, isyear=parent is None,
                         isquarter=False, isadjust=False, closed=end < date(2026, 4, 1), parent=parent,
                         isinactive=False)  # fmt: skip

    def _people_of_ours(self) -> None:
        ids: dict[str, int] = {}
        for seller in self._world.sellers:
            name = f"{seller.first} {seller.last}".strip()
            row = self._put("employee", entityid=name, firstname=seller.first, lastname=seller.last,
            email=seller.email,
                            title="Sales Representative" if seller.manager else "Sales Manager", department=1,
                            location={"Central": 1, "East": 2}.get(seller.office, 3), subsidiary=1, issalesrep=True,
                            hiredate=date(2021, 1 + seller.index % 12, 1), isinactive=False)  # fmt: skip
            ids[name] = row.values["id"]
            self._employees.append(row)
        for seller, row in zip(self._world.sellers, self._employees, strict=True):
            if seller.manager in ids:
                row.values["supervisor"] = ids[seller.manager]

    def _goods(self) -> None:
        for product in self._world.products:
            self._items.append(
                self._put("item", itemid=product.sku, fullname=product.sku, displayname=product.name,
                itemtype="InvtPart",
                          description=product.name, baseprice=product.price, class_=1 if product.sku[0] == "H" else 2,
                          incomeaccount=posting.INCOME, isinactive=product.discontinued,
                          custitem_series=product.series)
            )  # fmt: skip
        for sku, name, price in (("SV-ONBOARD", "Onboarding", "1200"), ("SV-SUPPORT", "Support, by the hour", "140")):
            self._put("item", itemid=sku, fullname=sku, displayname=name, itemtype="Service", description=name,
                      baseprice=Decimal(price), incomeaccount=posting.INCOME, isinactive=False, class_=3)  # fmt: skip

    def _home(self, company: Company) -> tuple[int, int]:
        """The subsidiary that serves a company, and its currency."""
        home = 3 if company.country in BRITISH else 2 if company.country in EUROPEAN else 1
        return home, SUBSIDIARIES[home - 1][3]

    def _companies(self) -> None:
        by_name: dict[str, Row] = {}
        for company in self._world.companies:
            i = company.index
            home, currency = self._home(company)
            self._homes.append((home, currency))
            row = self._put(
                "customer", at=company.created_at, entityid=f"CUST{1000 + i}", altname=company.name,
                companyname=company.name,
                isperson=False, searchstage="Customer", email=f"accounts@{company.domain}", phone=company.phone,
                url=f"https://{company.domain}",
                subsidiary=home, currency=currency, entitystatus="16" if i % 17 == 16 else "13",
                salesrep=self._employees[i % len(self._employees)].values["id"], terms=1 + i % 3,
                creditlimit=(company.revenue / 100).quantize(Decimal("0.01")), isinactive=i % 17 == 16,
                comments="Überweisung, \"2 % Skonto\"\nbitte prüfen" if i % 23 == 5 else None,
                custentity_arr=None if i % 5 == 4 else (company.revenue / 5000).quantize(Decimal("0.01")),
                custentity_tier=None if i % 7 == 6 else str(1 + i % 3),
                custentity_health_score=None if i % 4 == 3 else i * 7 % 101,
                custentity_renewal_date=None if i % 6 == 5 else date(2026, 7, 1) + timedelta(days=i),
            )  # fmt: skip
            by_name[company.name] = row
            self._customers.append(row)
        for company, row in zip(self._world.companies, self._customers, strict=True):
            if company.parent in by_name:
                row.values["parent"] = by_name[company.parent].values["id"]

    def _contacts(self) -> None:
        for person in self._world.people:
            customer = self._customers[person.company.index].values
            self._put("contact", at=person.created_at, entityid=f"{person.first} {person.last}",
            firstname=person.first,
                      lastname=person.last or None, email=person.email, phone=person.phone, title=person.title,
                      company=customer["id"], subsidiary=customer["subsidiary"], isinactive=False)  # fmt: skip

    def _vendors(self) -> None:
        for i, name in enumerate(
            ("Exotic Liquids", "Tokyo Traders", "Harbor Freight Lines", "Northern Paper", "Cloud & Co.")
        ):
            slug = "".join(c for c in name.lower() if c.isalnum())
            self._put("vendor", entityid=f"VEND{100 + i}", altname=name, companyname=name,
            url=f"https://{slug}.example", isperson=False,
            email=f"billing@{slug}.example",
                      subsidiary=1, currency=1, terms=2, isinactive=False)  # fmt: skip

    def _trade(self) -> None:
        """Order by order, so that ids rise with time as they do in a living account."""
        books, payments = self._books, iter(self._world.payments)
        payment = next(payments, None)
        for order, invoice in zip(self._world.orders, self._world.invoices, strict=True):
            i = order.index
            at, billed_at = _moment(order.ordered_on, i), _moment(invoice.issued_on, i + 3)
            header, lines = self._header(order), self._lines(order)
            sold = posting.enter(books, "SalesOrd", {
                **header, "tranid": f"SO{order.number}", "trandate": order.ordered_on,
                "status": "G" if order.shipped_on else "B", "shipdate": order.shipped_on}, lines, at)  # fmt: skip
            billed = posting.enter(books, "CustInvc", {
                **header, "tranid": invoice.number, "trandate": invoice.issued_on, "duedate": invoice.due_on,
                "createdfrom": sold.values["id"], "postingperiod": self._period_of(invoice.issued_on)},
                [{**line, "createdfrom": sold.values["id"]} for line in lines], billed_at)  # fmt: skip
            posting.link(books, sold, billed, "OrdBill", billed.values["foreigntotal"], billed_at, line=1)
            if payment is not None and payment.invoice.index == i:
                paid_at = _moment(payment.paid_on, i + 5)
                paid = posting.enter(books, "CustPymt", {
                    **header, "tranid": payment.number, "trandate": payment.paid_on,
                    "postingperiod": self._period_of(payment.paid_on)}, [{"amount": payment.amount}],
                    paid_at)  # fmt: skip
                posting.apply_payment(books, paid, billed, payment.amount, paid_at)
                payment = next(payments, None)
            elif i % 50 == 4:
                posting.void(books, billed, billed_at + timedelta(days=2))
            if i % 25 == 7:
                part = (invoice.total / 10).quantize(posting.CENT)
                posting.enter(books, "CustCred", {**header, "trandate": invoice.due_on, "memo": "Goodwill"},
                              [{**lines[0], "quantity": 1, "rate": part, "amount": part}],
                              billed_at + timedelta(days=9))  # fmt: skip
            if i % 20 == 11:
                self._purchase(i, order.ordered_on, billed_at)

    def _header(self, order: Order) -> dict[str, Any]:
        home, currency = self._homes[order.company.index]
        return {
            "entity": self._customers[order.company.index].values["id"],
            "subsidiary": home,
            "currency": currency,
            "exchangerate": Decimal(CURRENCIES[currency - 1][3]),
            "employee": self._employees[order.seller.index].values["id"],
            "terms": 2,
            "memo": f"Order {order.number}" if order.index % 3 else None,
            "otherrefnum": f"PO-{order.number}",
            "custbody_po_ref": None if order.index % 4 == 0 else f"{order.company.slug[:6].upper()}-{order.number}",
        }

    def _lines(self, order: Order) -> list[dict[str, Any]]:
        return [
            {
                "item": self._items[line.product.index].values["id"],
                "quantity": line.quantity,
                "rate": line.unit_price,
                "amount": line.amount,
                "memo": line.product.name,
                "department": 1,
                "class": 1 if line.product.sku[0] == "H" else 2,
                "custcol_discount_reason": "volume" if line.discount else None,
            }
            for line in order.lines
        ]

    def _period_of(self, day: date) -> int:
        """Periods were made in order: a year, then its months."""
        return (day.year - 2024) * 13 + 1 + day.month

    def _purchase(self, i: int, day: date, at: datetime) -> None:
        vendor = str(101 + len(self._employees) + len(self._customers) + len(self._world.people) + i % 5)
        header = {"entity": int(vendor), "trandate": day, "memo": "Restocking"}
        line = {"item": self._items[i % len(self._items)].values["id"], "quantity": 40, "rate": Decimal("7.25")}
        bought = posting.enter(self._books, "PurchOrd", header, [line], at)
        bill = posting.enter(self._books, "VendBill", {**header, "duedate": day + timedelta(days=30)}, [line], at)
        posting.link(self._books, bought, bill, "OrdBill", abs(bill.values["foreigntotal"]), at, line=1)
        if i % 40 == 11:
            amount = abs(bill.values["foreigntotal"])
            payment = {**header, "trandate": day + timedelta(days=20)}
            paid = posting.enter(self._books, "VendPymt", payment, [{"amount": amount}], at)
            posting.apply_payment(self._books, paid, bill, amount, at)
        entries = [
            {"account": posting.EXPENSE, "debit": Decimal("120.00")},
            {"account": posting.BANK, "credit": Decimal("120.00")},
        ]
        posting.enter(self._books, "Journal", {"trandate": day, "memo": "Bank charges"}, entries, at)

    def _subscriptions(self) -> None:
        plans = (("Starter", 5), ("Team", 25), ("Enterprise", 200))
        for i, customer in enumerate(self._customers):
            if i % 3 == 2:
                continue
            plan, seats = plans[i % len(plans)]
            self._put(SUBSCRIPTION, name=f"SUB-{5000 + i}", isinactive=False,
            custrecord_sub_customer=customer.values["id"],
                      custrecord_sub_plan=plan, custrecord_sub_mrr=Decimal(seats * 19) + Decimal(i % 100) / 100,
                      custrecord_sub_seats=seats, custrecord_sub_start=date(2025, 1, 1) + timedelta(days=i * 3),
                      custrecord_sub_auto_renew=i % 4 != 0)  # fmt: skip
