"""How the world is made: files read once, and rows that follow from their number."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal

from backhaul.sandbox import atlas
from backhaul.sandbox.chance import mix, pick
from backhaul.sandbox.world import (
    CENT,
    EPOCH,
    Company,
    Deal,
    Invoice,
    Lazy,
    Line,
    Order,
    Payment,
    Person,
    Product,
    Seller,
    World,
)

PEOPLE, ORDERS = 400, 250


class Maker:
    """Reads the files once; each method makes row i out of i."""

    def __init__(self, seed: int, scale: int) -> None:
        self._seed = seed
        self._scale = scale
        self._contacts: dict[int, tuple[str, str]] = {}  # company index -> contact's name and title, where known
        self._by_code: dict[str, int] = {}  # northwind's CustomerID -> company index
        self.companies = self._companies()
        self._by_name = {company.name: company for company in self.companies}
        self.sellers = self._sellers()
        self._seller_by_name = {f"{seller.first} {seller.last}": seller for seller in self.sellers}
        self.products, self._northwind_products = self._products()
        self._product_by_name = {product.name: product for product in self.products}
        self._pipeline = atlas.rows("maven_crm/sales_pipeline.csv")
        self._orders = atlas.rows("northwind/orders.csv")
        self._details: dict[str, list[dict[str, str]]] = {}
        for detail in atlas.rows("northwind/order_details.csv"):
            self._details.setdefault(detail["OrderID"], []).append(detail)

    def world(self) -> World:
        orders = ORDERS * self._scale
        return World(
            seed=self._seed,
            scale=self._scale,
            companies=self.companies,
            sellers=self.sellers,
            products=self.products,
            people=Lazy(PEOPLE * self._scale, self._person),
            deals=Lazy(len(self._pipeline) * self._scale, self._deal),
            orders=Lazy(orders, self._order),
            invoices=Lazy(orders, self._invoice),
            # Four invoices of five have a payment.
            payments=Lazy(orders - orders // 5, self._payment),
        )

    def _companies(self) -> tuple[Company, ...]:
        found: list[Company] = []
        for row in atlas.rows("maven_crm/accounts.csv"):
            i = len(found)
            country = row["office_location"].replace("Philipines", "Philippines")
            city, region, prefix = pick(atlas.CITIES.get(country, atlas.CITIES["United States"]), self._seed, 1, i)
            found.append(
                self._company(
                    i,
                    row["account"],
                    sector=row["sector"],
                    revenue=(Decimal(row["revenue"]) * 1_000_000).quantize(Decimal(1)),
                    employees=int(row["employees"]),
                    founded=int(row["year_established"]),
                    parent=row["subsidiary_of"] or None,
                    street=f"{1 + mix(self._seed, 2, i) % 990} {pick(atlas.STREETS, self._seed, 3, i)}",
                    city=city,
                    region=region or None,
                    postal_code=f"{10000 + mix(self._seed, 4, i) % 89999}",
                    country=country,
                    phone=f"{prefix} 555 {mix(self._seed, 5, i) % 10000:04d}",
                )
            )
        self._with_deals = len(found)
        for row in atlas.rows("northwind/customers.csv"):
            i = len(found)
            self._contacts[i] = (row["ContactName"], row["ContactTitle"])
            self._by_code[row["CustomerID"]] = i
            found.append(
                self._company(
                    i,
                    row["CompanyName"],
                    sector=pick(("food retail", "hospitality", "wholesale"), self._seed, 6, i),
                    revenue=Decimal(400_000 + mix(self._seed, 7, i) % 90_000 * 1000),
                    employees=5 + mix(self._seed, 8, i) % 900,
                    founded=1950 + mix(self._seed, 9, i) % 60,
                    parent=None,
                    street=row["Address"],
                    city=row["City"],
                    region=row["Region"] or None,
                    postal_code=row["PostalCode"] or None,
                    country={"USA": "United States", "UK": "United Kingdom"}.get(row["Country"], row["Country"]),
                    phone=row["Phone"],
                )
            )
        return tuple(found)

    def _company(
        self,
        index: int,
        name: str,
        *,
        sector: str,
        revenue: Decimal,
        employees: int,
        founded: int,
        parent: str | None,
        street: str,
        city: str,
        region: str | None,
        postal_code: str | None,
        country: str,
        phone: str,
    ) -> Company:
        slug = slugged(name)
        created = self._moment(10, index, years=4)
        return Company(
            index, name, slug, f"{slug}.example", sector, revenue, employees, founded, parent,
            street, city, region, postal_code, country, phone, created,
        )  # fmt: skip

    def _sellers(self) -> tuple[Seller, ...]:
        teams = atlas.rows("maven_crm/sales_teams.csv")
        offices = {row["manager"]: row["regional_office"] for row in teams}
        names = [(row["sales_agent"], row["regional_office"], row["manager"]) for row in teams]
        names += [(manager, office, "") for manager, office in offices.items()]
        return tuple(
            Seller(i, first, last, f"{slugged(first)}.{slugged(last)}@mavencomputing.example", office, manager or None)
            for i, (name, office, manager) in enumerate(names)
            for first, _, last in [name.partition(" ")]
        )

    def _products(self) -> tuple[tuple[Product, ...], dict[str, Product]]:
        found = [
            Product(i, name, f"HW-{slugged(name).upper()}", row["series"], Decimal(row["sales_price"]), False)
            for i, row in enumerate(atlas.rows("maven_crm/products.csv"))
            for name in (row["product"],)
        ]
        categories = {row["CategoryID"]: row["CategoryName"] for row in atlas.rows("northwind/categories.csv")}
        by_id: dict[str, Product] = {}
        for row in atlas.rows("northwind/products.csv"):
            by_id[row["ProductID"]] = Product(
                len(found),
                row["ProductName"],
                f"NW-{int(row['ProductID']):03d}",
                categories[row["CategoryID"]],
                Decimal(row["UnitPrice"]),
                row["Discontinued"] == "1",
            )
            found.append(by_id[row["ProductID"]])
        return tuple(found), by_id

    def _person(self, i: int) -> Person:
        seed = self._seed
        company = self.companies[i % len(self.companies)]
        round_ = i // len(self.companies)
        if round_ == 0 and company.index in self._contacts:
            name, title = self._contacts[company.index]
            first, _, last = name.partition(" ")
        else:
            h = mix(seed, 20, i)
            first = atlas.FIRST_NAMES[h % len(atlas.FIRST_NAMES)]
            last = atlas.LAST_NAMES[(h >> 16) % len(atlas.LAST_NAMES)]
            title = atlas.TITLES[(h >> 32) % len(atlas.TITLES)]
        number = str(round_) if round_ else ""
        email = f"{slugged(first)}.{slugged(last)}{number}@{company.domain}"
        phone = f"+1 555 {mix(seed, 21, i) % 10_000_000:07d}"
        return Person(i, first, last, email, title, phone, company, self._moment(22, i, years=3))

    def _deal(self, i: int) -> Deal:
        row = self._pipeline[i % len(self._pipeline)]
        round_ = i // len(self._pipeline)
        company = self._by_name.get(row["account"])
        product = self._product_by_name.get(row["product"].replace("GTXPro", "GTX Pro"))
        closed = _moved(row["close_date"], 8)
        engaged = _moved(row["engage_date"], 8)
        created = engaged or date(2025, 9, 1) + timedelta(days=mix(self._seed, 30, i) % 120)
        amount = Decimal(row["close_value"]) if row["close_value"] else None
        if round_:
            created += timedelta(days=mix(self._seed, 31, i) % 60)
            closed = None if closed is None else max(created, closed) + timedelta(days=mix(self._seed, 32, i) % 60)
            amount = None if amount is None else amount + mix(self._seed, 33, i) % 100
        return Deal(
            index=i,
            code=row["opportunity_id"] + (f"-{round_}" if round_ else ""),
            name=f"{company.name if company else 'Inbound'}: {row['product']}" + (f" #{round_ + 1}" if round_ else ""),
            company=company,
            seller=self._seller_by_name[row["sales_agent"]],
            product=product,
            product_name=row["product"],
            stage=row["deal_stage"],
            amount=amount,
            created_on=created,
            closed_on=closed,
        )

    def _order(self, i: int) -> Order:
        row = self._orders[i % len(self._orders)]
        round_ = i // len(self._orders)
        ordered, required = _moved(row["OrderDate"], 28), _moved(row["RequiredDate"], 28)
        assert ordered is not None  # every order of the file has a date
        # One order of three goes to a company that has deals too.
        buyer = mix(self._seed, 50, i) % self._with_deals if i % 3 == 0 else self._by_code[row["CustomerID"]]
        return Order(
            index=i,
            number=str(10248 + i),
            company=self.companies[buyer],
            seller=self.sellers[int(row["EmployeeID"])],
            ordered_on=ordered,
            required_on=required or ordered + timedelta(days=28),
            shipped_on=_moved(row["ShippedDate"], 28),
            freight=Decimal(row["Freight"]).quantize(CENT),
            lines=tuple(
                Line(
                    self._northwind_products[detail["ProductID"]],
                    int(detail["Quantity"]) + round_ % 7,
                    Decimal(detail["UnitPrice"]).quantize(CENT),
                    Decimal(detail["Discount"]).quantize(CENT),
                )
                for detail in self._details[row["OrderID"]]
            ),
        )

    def _invoice(self, i: int) -> Invoice:
        order = self._order(i)
        issued = order.shipped_on or order.ordered_on + timedelta(days=7)
        total = order.total
        paid = Decimal(0) if i % 5 == 4 else (total / 2).quantize(CENT) if i % 10 == 3 else total
        return Invoice(i, f"INV{order.number}", order, issued, issued + timedelta(days=30), total, paid)

    def _payment(self, i: int) -> Payment:
        invoice = self._invoice(i + i // 4)
        paid_on = invoice.issued_on + timedelta(days=5 + mix(self._seed, 40, i) % 40)
        return Payment(i, f"PAY{10000 + i}", invoice, paid_on, invoice.paid)

    def _moment(self, salt: int, i: int, *, years: int) -> datetime:
        """A time in the years before EPOCH, to the millisecond."""
        return EPOCH - timedelta(milliseconds=1 + mix(self._seed, salt, i) % (years * 365 * 86_400_000))


def slugged(name: str) -> str:
    """Letters and digits only: `Alfreds Futterkiste` -> `alfredsfutterkiste`."""
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower())


def _moved(text: str, years: int) -> date | None:
    if not text:
        return None
    day = date.fromisoformat(text)
    # Only a leap day has no twin in a year that is not a leap year.
    return day.replace(year=day.year + years, day=28 if (day.month, day.day) == (2, 29) else day.day)
