"""Fills a company from the shared world: record i of a table follows from i alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from backhaul.sandbox.chance import mix, pick
from backhaul.sandbox.pipedrive.answers import stamp
from backhaul.sandbox.pipedrive.company import Company
from backhaul.sandbox.pipedrive.shapes import (
    ACTIVITIES,
    AREAS,
    ARR,
    BUDGET,
    DEALS,
    HEALTH,
    LANGUAGE,
    ORGANIZATIONS,
    PERSONS,
    PRODUCTS,
    SIGNED,
    TIER,
)
from backhaul.sandbox.tables import Table
from backhaul.sandbox.world import EPOCH, World

# The id before a table's first. Ids cross a power of ten on the way, so that comparing them as text shows.
BASES = {"organizations": 950, "persons": 9_900, "deals": 980, "products": 90, "users": 13_000_000, "activities": 990,
         "notes": 95, "deal_products": 90}  # fmt: skip
STAGES = ("Qualified", "Contact made", "Demo scheduled", "Proposal made", "Negotiations started")
COUNTS = {"activities": 120, "notes": 80, "leads": 40}
MADE = datetime(2023, 1, 9, 8, tzinfo=UTC)


class Seeder:
    def __init__(self, company: Company, world: World) -> None:
        self._company = company
        self._world = world
        self._seed = world.seed
        self._companies = {company.name: company.index for company in world.companies}

    def plant(self) -> None:
        for name in self._company.tables:
            self._company.tables[name] = Table(name, getattr(self, f"_{name}"))
        self._company.me = self.id("users", 0)

    def id(self, name: str, i: int) -> str:
        return str(BASES[name] + 1 + i)

    def _owner(self, i: int) -> int:
        return int(self.id("users", i % len(self._world.sellers)))

    def _put(self, table: Table, id: str, values: dict[str, Any], created: datetime, salt: int = 0) -> None:
        span = max(1, int((EPOCH - created).total_seconds()))
        changed = (
            created + timedelta(seconds=mix(self._seed, 300 + salt, table.order.__len__()) % span) if salt else created
        )
        table.insert(values, id=id, at=created, changed_at=max(created, changed))

    def _users(self, table: Table) -> None:
        for seller in self._world.sellers:
            values = {
                "name": f"{seller.first} {seller.last}",
                "email": seller.email,
                "active_flag": seller.index % 9 != 8,
                "is_admin": 1 if seller.index == 0 else 0,
                "timezone_name": "America/New_York",
                "role_id": 1,
                "is_deleted": False,
            }
            table.insert(values, id=self.id("users", seller.index), at=MADE)

    def _pipelines(self, table: Table) -> None:
        for n, name in enumerate(("Sales", "Renewals"), 1):
            values = {"name": name, "order_nr": n, "is_deal_probability_enabled": True}
            table.insert(values, id=str(n), at=MADE)

    def _stages(self, table: Table) -> None:
        for n in range(10):
            values = {
                "name": STAGES[n % 5],
                "pipeline_id": 1 + n // 5,
                "order_nr": n % 5,
                "deal_probability": (20, 40, 60, 80, 90)[n % 5],
                "is_deal_rot_enabled": False,
                "days_to_rotten": None,
            }
            table.insert(values, id=str(n + 1), at=MADE)

    def _organizations(self, table: Table) -> None:
        for company in self._world.companies:
            i, h = company.index, mix(self._seed, 301, company.index)
            values = {
                **ORGANIZATIONS.empty,
                "name": company.name,
                "owner_id": self._owner(h),
                "website": f"https://www.{company.domain}",
                "address": {
                    "value": f"{company.street}, {company.city}",
                    "route": company.street,
                    "locality": company.city,
                    "admin_area_level_1": company.region,
                    "country": company.country,
                    "postal_code": company.postal_code,
                },
                "custom": {
                    ARR.code: h % 900_000 + 1000.25 if h % 5 else None,
                    HEALTH.code: h % 101 if h % 7 else None,
                    AREAS.code: [1, 3] if h % 4 == 0 else None,
                },
            }
            self._put(table, self.id("organizations", i), values, company.created_at, 1)

    def _persons(self, table: Table) -> None:
        for person in self._world.people:
            i, h = person.index, mix(self._seed, 302, person.index)
            values = {
                **PERSONS.empty,
                "name": f"{person.first} {person.last}",
                "first_name": person.first,
                "last_name": person.last,
                "owner_id": self._owner(h),
                "org_id": int(self.id("organizations", person.company.index)),
                "emails": [{"value": person.email, "primary": True, "label": "work"}] if h % 30 else [],
                "phones": [{"value": person.phone, "primary": True, "label": "work"}] if h % 4 else [],
                "job_title": person.title,
                "custom": {LANGUAGE.code: ("en", "de", None)[h % 3]},
            }
            self._put(table, self.id("persons", i), values, person.created_at, 2)

    def _products(self, table: Table) -> None:
        for product in self._world.products:
            values = {
                **PRODUCTS.empty,
                "name": product.name,
                "code": product.sku,
                "unit": "piece",
                "owner_id": self._owner(product.index),
                "prices": [{"product_id": int(self.id("products", product.index)), "price": float(product.price),
                            "currency": "USD", "cost": 0}],
                "custom": {},
            }  # fmt: skip
            self._put(table, self.id("products", product.index), values, MADE, 3)

    def _deals(self, table: Table) -> None:
        for i, deal in enumerate(self._world.deals):
            h = mix(self._seed, 303, i)
            created = datetime.combine(deal.created_on, time(8, h % 60), UTC)
            closed = None if deal.closed_on is None else stamp(datetime.combine(deal.closed_on, time(16), UTC))
            status = {"Won": "won", "Lost": "lost"}.get(deal.stage, "open")
            values = {
                **DEALS.empty,
                "title": deal.name,
                "owner_id": self._owner(deal.seller.index),
                "person_id": int(self.id("persons", h % len(self._world.people))),
                "org_id": None if deal.company is None else int(self.id("organizations", deal.company.index)),
                "stage_id": 1 + h % 5,
                "value": float(deal.amount or 0),
                "status": status,
                "won_time": closed if status == "won" else None,
                "lost_time": closed if status == "lost" else None,
                "close_time": closed if status != "open" else None,
                "lost_reason": "Price" if status == "lost" and h % 3 == 0 else None,
                "is_archived": status == "lost" and h % 5 == 0,
                "custom": {
                    TIER.code: 1 + h % 3 if h % 4 else None,
                    BUDGET.code: {"value": h % 9000 + 0.5, "currency": "EUR"} if h % 3 == 0 else None,
                    SIGNED.code: deal.created_on.isoformat() if h % 5 == 0 else None,
                },
            }
            self._put(table, self.id("deals", i), values, created, 4)

    def _deal_products(self, table: Table) -> None:
        for i, deal in enumerate(self._world.deals):
            if deal.product is None or i % 2:
                continue
            quantity = 1 + i % 5
            values = {
                "deal_id": int(self.id("deals", i)),
                "product_id": int(self.id("products", deal.product.index)),
                "item_price": float(deal.product.price),
                "quantity": quantity,
                "sum": float(deal.product.price * quantity),
                "currency": "USD",
                "discount": 0,
                "discount_type": "percentage",
                "tax": 0,
                "tax_method": "exclusive",
                "comments": "",
                "is_enabled": True,
            }
            created = datetime.combine(deal.created_on, time(9), UTC)
            table.insert(values, id=self.id("deal_products", i), at=created)

    def _events(self, name: str, salt: int) -> list[tuple[int, int, datetime]]:
        count = COUNTS[name] * self._world.scale
        return [
            (i, mix(self._seed, salt, i),
             datetime.combine(date(2025, 1, 6) + timedelta(days=i * 450 // count), time(9, i % 60), UTC))
            for i in range(count)
        ]  # fmt: skip

    def _activities(self, table: Table) -> None:
        for i, h, at in self._events("activities", 305):
            person = h % len(self._world.people)
            values = {
                **ACTIVITIES.empty,
                "subject": f"Talk about {pick(('price', 'delivery', 'renewal'), self._seed, 306, i)}",
                "type": pick(("call", "meeting", "task", "email", "deadline"), self._seed, 307, i),
                "owner_id": self._owner(h),
                "deal_id": int(self.id("deals", h % len(self._world.deals))) if h % 2 else None,
                "person_id": int(self.id("persons", person)),
                "org_id": int(self.id("organizations", self._world.people[person].company.index)),
                "due_date": at.date().isoformat(),
                "due_time": "10:30" if h % 3 else None,
                "duration": "00:30" if h % 3 else None,
                "done": h % 4 != 0,
                "marked_as_done_time": stamp(at + timedelta(days=1)) if h % 4 else None,
                "note": "<p>Wants a call</p>" if h % 5 == 0 else None,
            }
            self._put(table, self.id("activities", i), values, at, 5)

    def _notes(self, table: Table) -> None:
        for i, h, at in self._events("notes", 308):
            values = {
                "content": "<p>Asked for a better price</p>",
                "user_id": self._owner(h),
                "deal_id": int(self.id("deals", h % len(self._world.deals))) if h % 2 else None,
                "person_id": int(self.id("persons", h % len(self._world.people))),
                "org_id": None,
                "lead_id": None,
                "active_flag": True,
            }
            self._put(table, self.id("notes", i), values, at, 6)

    def _leads(self, table: Table) -> None:
        for i, h, at in self._events("leads", 309):
            values = {
                "title": f"Lead {i + 1}",
                "owner_id": self._owner(h),
                "person_id": int(self.id("persons", h % len(self._world.people))),
                "organization_id": None,
                "value": {"amount": h % 5000, "currency": "USD"} if h % 2 else None,
                "expected_close_date": None,
                "label_ids": [],
                "is_archived": h % 6 == 0,
                "source_name": "API",
                "custom": {TIER.code: 1 + h % 3, BUDGET.code: None, SIGNED.code: None},
            }
            self._put(table, f"{i + 1:08x}-8a5e-11ef-b864-0242ac120002", values, at, 7)
