"""The fictional world that all simulators share: the same companies, people and trade in every system.

Companies, products and sellers are read from the CSV files in `data/`. People, deals, orders, invoices and
payments are sequences that make row i out of i alone, so that a world of any scale costs nothing until read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Generic, TypeVar, overload

T = TypeVar("T")
# Nothing in the world happened after this; simulators stamp seeded records before it.
EPOCH = datetime(2026, 6, 30, tzinfo=UTC)
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Company:
    index: int
    name: str
    slug: str
    domain: str
    sector: str
    revenue: Decimal  # US dollars a year
    employees: int
    founded: int
    parent: str | None
    street: str
    city: str
    region: str | None
    postal_code: str | None
    country: str
    phone: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    index: int
    first: str
    last: str
    email: str
    title: str
    phone: str
    company: Company
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Seller:
    index: int
    first: str
    last: str
    email: str
    office: str
    manager: str | None


@dataclass(frozen=True, slots=True)
class Product:
    index: int
    name: str
    sku: str
    series: str
    price: Decimal
    discontinued: bool


@dataclass(frozen=True, slots=True)
class Deal:
    index: int
    code: str
    name: str
    company: Company | None
    seller: Seller
    product: Product | None
    product_name: str  # as the pipeline spells it, which is not always as the products do
    stage: str  # Prospecting, Engaging, Won, Lost
    amount: Decimal | None
    created_on: date
    closed_on: date | None


@dataclass(frozen=True, slots=True)
class Line:
    product: Product
    quantity: int
    unit_price: Decimal
    discount: Decimal  # a share: 0.15

    @property
    def amount(self) -> Decimal:
        return (self.unit_price * self.quantity * (1 - self.discount)).quantize(CENT)


@dataclass(frozen=True, slots=True)
class Order:
    index: int
    number: str
    company: Company
    seller: Seller
    ordered_on: date
    required_on: date
    shipped_on: date | None
    freight: Decimal
    lines: tuple[Line, ...]

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))


@dataclass(frozen=True, slots=True)
class Invoice:
    """Invoice i bills order i."""

    index: int
    number: str
    order: Order
    issued_on: date
    due_on: date
    total: Decimal
    paid: Decimal


@dataclass(frozen=True, slots=True)
class Payment:
    index: int
    number: str
    invoice: Invoice
    paid_on: date
    amount: Decimal


class Lazy(Sequence[T], Generic[T]):
    """A sequence whose i-th item is made from i whenever it is asked for."""

    __slots__ = ("_length", "_make")

    def __init__(self, length: int, make: Callable[[int], T]) -> None:
        self._length = length
        self._make = make

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        return map(self._make, range(self._length))

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> list[T]: ...
    def __getitem__(self, place: int | slice) -> T | list[T]:
        if isinstance(place, slice):
            return [self._make(i) for i in range(*place.indices(self._length))]
        if not -self._length <= place < self._length:
            raise IndexError(place)
        return self._make(place % self._length)


@dataclass(frozen=True, slots=True)
class World:
    seed: int
    scale: int
    companies: tuple[Company, ...]
    sellers: tuple[Seller, ...]
    products: tuple[Product, ...]
    people: Sequence[Person]
    deals: Sequence[Deal]
    orders: Sequence[Order]
    invoices: Sequence[Invoice]
    payments: Sequence[Payment]

    @classmethod
    def load(cls, seed: int = 7, scale: int = 1) -> World:
        """The world of this seed; `scale` multiplies people, deals and orders with what follows from them."""
        from backhaul.sandbox.making import Maker  # it needs the types of this module

        return Maker(seed, scale).world()
