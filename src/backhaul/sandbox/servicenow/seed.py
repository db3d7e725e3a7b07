"""Fills the instance from the shared world: accounts and their people, agents, cases, incidents, things, articles."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from backhaul.sandbox.chance import mix, pick
from backhaul.sandbox.servicenow.answers import stamp
from backhaul.sandbox.servicenow.store import ME, Store, made_id
from backhaul.sandbox.tables import Table
from backhaul.sandbox.world import EPOCH, World

MADE = datetime(2023, 1, 9, 8, tzinfo=UTC)
COUNTS = {
    "task": 12,
    "incident": 180,
    "problem": 30,
    "change_request": 40,
    "sn_customerservice_case": 160,
    "cmdb_ci": 25,
    "cmdb_ci_server": 40,
    "kb_knowledge": 35,
    "u_subscription": 70,
    "u_reading": 30,
    "sys_attachment": 20,
}
Values = dict[str, str]


def plant(store: Store, world: World) -> None:
    """Each table when it is first looked at."""
    seeder = Seeder(store, world)
    for name in store.definitions:
        fill: Callable[[Table], None] | None = getattr(seeder, name, None)
        store.tables[name] = Table(name, fill)


class Seeder:
    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world
        self._seed = world.seed

    def _id(self, name: str, i: int) -> str:
        """Their order is not that of the rows."""
        return made_id(self._seed, name, i)

    def _put(self, table: Table, i: int, values: Values, made: datetime, *, id: str | None = None) -> None:
        made = min(made, EPOCH - timedelta(days=2)).replace(microsecond=0)
        later = timedelta(seconds=mix(self._seed, 80, len(table.name), i) % (40 * 86_400))
        changed = min(made + later, EPOCH - timedelta(seconds=1)).replace(microsecond=0)
        prefix = self._store._number(table.name)
        number = {"number": f"{prefix}{10_001 + i:07d}"} if prefix else {}
        table.insert({**number, **values}, id=id or self._id(table.name, i), at=made, changed_at=changed)

    # -- people and companies ---------------------------------------------------------------------------------------

    def sys_user(self, table: Table) -> None:
        me = {"user_name": ME, "name": "Integration User", "first_name": "Integration", "last_name": "User",
              "active": "true", "time_zone": self._store.variants["user_time_zone"]}  # fmt: skip
        self._put(table, -1, me, MADE, id=self._store.me)
        for i, seller in enumerate(self._world.sellers):
            values = {
                "user_name": f"{seller.first}.{seller.last}".lower().replace(" ", ""),
                "name": f"{seller.first} {seller.last}",
                "first_name": seller.first,
                "last_name": seller.last,
                "email": seller.email,
                "title": "Support agent" if seller.manager else "Manager",
                "active": "false" if i % 11 == 10 else "true",
                "department": self._id("cmn_department", self._departments().index(seller.office)),
            }
            self._put(table, i, values, MADE + timedelta(days=i))

    def customer_contact(self, table: Table) -> None:
        for i, person in enumerate(self._world.people):
            values = {
                "user_name": person.email,
                "name": f"{person.first} {person.last}",
                "first_name": person.first,
                "last_name": person.last,
                "email": person.email,
                "phone": person.phone,
                "title": person.title,
                "active": "true",
                "account": self._id("customer_account", person.company.index),
                "company": self._id("customer_account", person.company.index),
            }
            self._put(table, i, values, person.created_at)

    def core_company(self, table: Table) -> None:
        """Vendors, and the company itself; customers are accounts."""
        for i, name in enumerate(("Maven Computing", "Ferro Metals", "Northern Freight")):
            values = {"name": name, "vendor": "true" if i else "false", "customer": "false", "country": "United States"}
            self._put(table, i, values, MADE)

    def customer_account(self, table: Table) -> None:
        by_name = {each.name: each.index for each in self._world.companies}
        for i, company in enumerate(self._world.companies):
            values = {
                "name": company.name,
                "street": company.street,
                "city": company.city,
                "state": company.region or "",
                "zip": company.postal_code or "",
                "country": company.country,
                "phone": company.phone,
                "website": f"https://www.{company.domain}",
                "customer": "true",
                "vendor": "false",
                "num_employees": str(company.employees),
                "revenue_per_year": str(company.revenue),
                "industry": company.sector,
                "u_tier": pick(("gold", "silver", ""), self._seed, 60, i),
                "parent": self._id("customer_account", by_name[company.parent]) if company.parent in by_name else "",
                "account_owner": self._id("sys_user", i % len(self._world.sellers)),
            }
            self._put(table, i, values, company.created_at)

    def sys_user_group(self, table: Table) -> None:
        for i, name in enumerate(self._offices()):
            values = {"name": name, "active": "true", "email": f"group{i}@acme.example"}
            self._put(table, i, values, MADE)

    def cmn_department(self, table: Table) -> None:
        for i, name in enumerate(self._departments()):
            self._put(table, i, {"name": name}, MADE)

    def _departments(self) -> list[str]:
        return list(dict.fromkeys(each.office for each in self._world.sellers))

    def _offices(self) -> list[str]:
        return [*(f"Support {office}" for office in self._departments()), "Network", "Database", "Service Desk"]

    def sys_user_grmember(self, table: Table) -> None:
        for i, seller in enumerate(self._world.sellers):
            group = self._id("sys_user_group", self._departments().index(seller.office))
            self._put(table, i, {"user": self._id("sys_user", i), "group": group}, MADE)

    # -- what is done -----------------------------------------------------------------------------------------------

    def _task(self, table: Table, i: int, state: str, closed: bool, opened: datetime) -> Values:
        ended = opened + timedelta(hours=5 + mix(self._seed, 61, i) % 200)
        return {
            "short_description": f"{self._store.definitions[table.name].label} {i}",
            "description": f"It does not work ({i}).",
            "state": state,
            "priority": pick(("1", "2", "3", "4", "5"), self._seed, 62, i),
            "impact": pick(("1", "2", "3"), self._seed, 63, i),
            "urgency": pick(("1", "2", "3"), self._seed, 64, i),
            "active": "false" if closed else "true",
            "assigned_to": self._id("sys_user", i % len(self._world.sellers)) if i % 4 else "",
            "assignment_group": self._id("sys_user_group", i % len(self._offices())),
            "opened_at": stamp(opened),
            "opened_by": self._id("sys_user", (i * 3) % len(self._world.sellers)),
            "closed_at": stamp(ended) if closed else "",
            "contact_type": pick(("email", "phone", "self-service", "chat", "web"), self._seed, 65, i),
            "due_date": stamp(opened + timedelta(days=3)) if i % 3 == 0 else "",
            "made_sla": "true",
        }

    def task(self, table: Table) -> None:
        for i in range(COUNTS["task"]):
            opened = EPOCH - timedelta(days=100 - i)
            self._put(table, i, self._task(table, i, "1", False, opened), opened)

    def incident(self, table: Table) -> None:
        for i in range(COUNTS["incident"] * self._world.scale):
            opened = EPOCH - timedelta(days=300) + timedelta(hours=37 * (i % 180))
            state = pick(("1", "2", "3", "6", "7", "8"), self._seed, 66, i)
            done = state in ("6", "7")
            values = {
                **self._task(table, i, state, state in ("7", "8"), opened),
                "caller_id": self._id("customer_contact", (i * 7) % len(self._world.people)),
                "company": self._id("customer_account", (i * 7) % len(self._world.people) % len(self._world.companies)),
                "category": pick(("inquiry", "software", "hardware"), self._seed, 67, i),
                "severity": "3",
                "reopen_count": "0",
                "resolved_at": stamp(opened + timedelta(hours=4)) if done else "",
                "resolved_by": self._id("sys_user", i % len(self._world.sellers)) if done else "",
                "business_duration": "1970-01-01 04:00:00" if done else "",
                "u_severity_score": f"{mix(self._seed, 68, i) % 1000 / 10}" if i % 5 else "",
                "u_region": pick(("emea", "amer", "apac", ""), self._seed, 69, i),
                "problem_id": self._id("problem", i % COUNTS["problem"]) if i % 9 == 0 else "",
                "cmdb_ci": self._id("cmdb_ci_server", i % COUNTS["cmdb_ci_server"]) if i % 2 else "",
            }
            self._put(table, i, values, opened)

    def problem(self, table: Table) -> None:
        for i in range(COUNTS["problem"]):
            opened = EPOCH - timedelta(days=250 - 3 * i)
            state = pick(("101", "102", "104", "106", "107"), self._seed, 70, i)
            values = {**self._task(table, i, state, state == "107", opened), "known_error": "false"}
            self._put(table, i, values, opened)

    def change_request(self, table: Table) -> None:
        for i in range(COUNTS["change_request"]):
            opened = EPOCH - timedelta(days=200 - 2 * i)
            state = pick(("-5", "-2", "-1", "3", "4"), self._seed, 71, i)
            values = {
                **self._task(table, i, state, state in ("3", "4"), opened),
                "type": pick(("standard", "normal", "emergency"), self._seed, 72, i),
                "start_date": stamp(opened + timedelta(days=7)),
                "end_date": stamp(opened + timedelta(days=7, hours=2)),
            }
            self._put(table, i, values, opened)

    def sn_customerservice_case(self, table: Table) -> None:
        for i in range(COUNTS["sn_customerservice_case"] * self._world.scale):
            opened = EPOCH - timedelta(days=280) + timedelta(hours=29 * (i % 160))
            state = pick(("1", "10", "18", "6", "3", "7"), self._seed, 73, i)
            person = self._world.people[(i * 3) % len(self._world.people)]
            values = {
                **self._task(table, i, state, state in ("3", "7"), opened),
                "account": self._id("customer_account", person.company.index),
                "contact": self._id("customer_contact", person.index),
                "company": self._id("customer_account", person.company.index),
                "category": pick(("0", "1"), self._seed, 74, i),
                "resolved_at": stamp(opened + timedelta(hours=9)) if state in ("6", "3") else "",
                "first_response_time": stamp(opened + timedelta(hours=1)) if i % 3 else "",
            }
            self._put(table, i, values, opened)

    def sys_journal_field(self, table: Table) -> None:
        """Comments and work notes of cases and incidents."""
        n = 0
        for name in ("sn_customerservice_case", "incident"):
            for i in range(COUNTS[name]):
                for place in range(mix(self._seed, 75, i) % 3):
                    at = EPOCH - timedelta(days=120) + timedelta(hours=11 * i + place)
                    values = {
                        "name": name,
                        "element": "work_notes" if place == 1 else "comments",
                        "element_id": self._id(name, i),
                        "value": f"Comment {place} of {i}",
                        "sys_created_by": self._world.people[i % 50].email if place == 2 else "dustin.brinkmann",
                    }
                    self._put(table, n, values, at)
                    n += 1

    def sys_attachment(self, table: Table) -> None:
        for i in range(COUNTS["sys_attachment"]):
            values = {
                "file_name": f"screenshot{i}.png",
                "content_type": "image/png",
                "size_bytes": str(1000 + i * 17),
                "table_name": "incident",
                "table_sys_id": self._id("incident", i * 3),
            }
            self._put(table, i, values, EPOCH - timedelta(days=60 - i))

    # -- things, articles, and what the customer made -----------------------------------------------------------------

    def cmdb_ci(self, table: Table) -> None:
        for i in range(COUNTS["cmdb_ci"]):
            self._put(table, i, {"name": f"Service {i}", "operational_status": "1", "category": "Service"}, MADE)

    def cmdb_ci_server(self, table: Table) -> None:
        for i in range(COUNTS["cmdb_ci_server"]):
            values = {
                "name": f"srv-{i:03d}",
                "serial_number": f"SN{mix(self._seed, 76, i) % 10**8:08d}",
                "operational_status": "1",
                "os": pick(("Linux", "Windows"), self._seed, 77, i),
                "ram": str(2 ** (3 + i % 5) * 1024),
                "cpu_count": str(1 + i % 8),
            }
            self._put(table, i, values, MADE + timedelta(days=i))

    def kb_knowledge_base(self, table: Table) -> None:
        self._put(table, 0, {"title": "IT", "active": "true"}, MADE)

    def kb_knowledge(self, table: Table) -> None:
        for i in range(COUNTS["kb_knowledge"]):
            values = {
                "short_description": f"How to {i}",
                "text": f"<p>Step {i}</p>",
                "workflow_state": pick(("published", "draft", "retired"), self._seed, 78, i),
                "kb_knowledge_base": self._id("kb_knowledge_base", 0),
                "author": self._id("sys_user", i % len(self._world.sellers)),
                "published": f"2026-0{1 + i % 6}-01",
                "active": "true",
            }
            self._put(table, i, values, EPOCH - timedelta(days=150 - i))

    def u_subscription(self, table: Table) -> None:
        for i in range(COUNTS["u_subscription"]):
            values = {
                "u_name": f"Subscription {i}",
                "u_code": f"SUB-{i:03d}",
                "u_account": self._id("customer_account", i),
                "u_mrr": f"{10 + i * 3}.50",
                "u_seats": str(1 + i % 40),
                "u_starts": f"2026-0{1 + i % 6}-01",
                "u_trial_ends": stamp(EPOCH - timedelta(days=90 - i)),
                "u_active": "true" if i % 4 else "false",
            }
            self._put(table, i, values, EPOCH - timedelta(days=300 - i))

    def u_reading(self, table: Table) -> None:
        for i in range(COUNTS["u_reading"]):
            at = EPOCH - timedelta(hours=100 - i)
            self._put(table, i, {"u_name": f"R{i}", "u_value": f"{i * 1.5}", "u_at": stamp(at)}, at)
