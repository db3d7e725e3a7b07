"""Fills a help desk from the shared world: record i of a table follows from i alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from backhaul.sandbox.chance import mix, pick
from backhaul.sandbox.freshdesk.account import BASES, Account, Schema
from backhaul.sandbox.freshdesk.answers import stamp
from backhaul.sandbox.freshdesk.kinds import KINDS
from backhaul.sandbox.tables import Row, Table
from backhaul.sandbox.world import EPOCH, World

GROUPS = ("Support", "Billing", "Onboarding", "Field service")
WORDS = ("renewal", "delivery", "invoice", "installation", "upgrade", "training", "warranty", "onboarding")
TICKETS, DEVICES, FEW = 120, 60, 51_000_500_000
MADE = datetime(2023, 1, 9, 8, tzinfo=UTC)
DEVICE = Schema(
    30,
    "Devices",
    "DEV",
    {
        "serial": ("Serial", "PRIMARY", True, ()),
        "model": ("Model", "TEXT", False, ()),
        "warranty": ("Warranty", "DATE", False, ()),
        "price": ("Price", "DECIMAL", False, ()),
        "units": ("Units", "NUMBER", False, ()),
        "active": ("Active", "CHECKBOX", False, ()),
        "state": ("State", "DROPDOWN", False, ("new", "used")),
    },
)


class Seeder:
    def __init__(self, account: Account, world: World) -> None:
        self._account = account
        self._world = world
        self._seed = world.seed

    def plant(self) -> None:
        account = self._account
        account.schemas[DEVICE.id] = Schema(DEVICE.id, DEVICE.name, DEVICE.prefix, dict(DEVICE.fields))
        for name in ("companies", "contacts", "agents", "groups", "products", "roles", "business_hours",
                     "email_configs", "sla_policies", "surveys", "canned_response_folders", "canned_responses",
                     "solution_categories", "solution_folders", "solution_articles"):  # fmt: skip
            account.tables[name] = Table(name, getattr(self, f"_{name}"))
        account.tables[DEVICE.table] = Table(DEVICE.table, self._devices)
        # tables that hang together are filled together
        self._tickets()
        account.me = self.agent(0)

    # -- ids ----------------------------------------------------------------------------------------------------

    def agent(self, i: int) -> str:
        return str(BASES["agents"] + 1 + i % len(self._world.sellers))

    def contact(self, i: int) -> str:
        return str(BASES["contacts"] + 1 + i)

    def company(self, i: int) -> str:
        return str(BASES["companies"] + 1 + i)

    def few(self, i: int) -> str:
        """Of the small tables."""
        return str(FEW + 1 + i)

    def _put(self, table: Table, id: str, values: dict[str, Any], created: datetime, salt: int = 0) -> Row:
        span = max(1, int((EPOCH - created).total_seconds()))
        changed = created + timedelta(seconds=mix(self._seed, salt, len(table.order)) % span) if salt else created
        return table.insert(values, id=id, at=created, changed_at=changed)

    # -- people -------------------------------------------------------------------------------------------------

    def _companies(self, table: Table) -> None:
        for company in self._world.companies:
            i, h = company.index, mix(self._seed, 401, company.index)
            values = {
                **KINDS["companies"].empty,
                "name": company.name,
                "description": f"{company.street}, {company.city}" if h % 4 else None,
                "note": "Calls back only in the morning." if h % 5 == 0 else None,
                "domains": [company.domain],
                "industry": company.sector,
                "account_tier": (None, "Basic", "Premium", "Enterprise")[h % 4],
                "health_score": (None, "At risk", "Doing okay", "Happy")[h % 4],
                "renewal_date": stamp(datetime(2026, 7, 1, tzinfo=UTC) + timedelta(days=h % 365))
                if h % 3 == 0
                else None,
                "org_company_id": 1_400_000_000_000_000_000 + i,
                "custom": {
                    "cf_arr": f"{h % 900_000 + 1000}.{h % 100:02d}" if h % 5 else None,
                    "cf_health": h % 101 if h % 7 else None,
                    "cf_plan": (None, "Team", "Growth", "Enterprise")[h % 4],
                },
            }
            self._put(table, self.company(i), values, company.created_at, 402)

    def _contacts(self, table: Table) -> None:
        for person in self._world.people:
            i, h = person.index, mix(self._seed, 403, person.index)
            values = {
                **KINDS["contacts"].empty,
                "name": f"{person.first} {person.last}",
                "email": person.email if h % 40 else None,
                "phone": person.phone if h % 4 or h % 40 == 0 else None,
                "unique_external_id": f"CRM-{i + 1:05d}" if h % 3 == 0 else None,
                "company_id": int(self.company(person.company.index)) if h % 20 else None,
                "job_title": person.title,
                "active": h % 3 != 0,
                "blocked": h % 97 == 0,
                "tags": ["vip"] if h % 9 == 0 else [],
                "custom": {
                    "cf_vip": h % 9 == 0,
                    "cf_birthday": (date(1970, 1, 1) + timedelta(days=h % 10_000)).isoformat() if h % 5 == 0 else None,
                },
            }
            self._put(table, self.contact(i), values, person.created_at, 404)

    def _agents(self, table: Table) -> None:
        for seller in self._world.sellers:
            values = {
                "name": f"{seller.first} {seller.last}",
                "email": seller.email,
                "active": seller.index % 9 != 8,
                "job_title": None,
                "phone": None,
                "mobile": None,
                "language": "en",
                "time_zone": "Eastern Time (US & Canada)",
                "available": True,
                "occasional": False,
                "ticket_scope": 1,
                "type": "support_agent",
                "group_ids": [int(self.few(seller.index % len(GROUPS)))],
                "role_ids": [int(self.few(0))],
                "skill_ids": [],
                "signature": None,
                "focus_mode": True,
                "deactivated": False,
                "last_active_at": stamp(EPOCH - timedelta(days=seller.index)),
                "org_agent_id": str(1_500_000_000_000_000_000 + seller.index),
            }
            self._put(table, self.agent(seller.index), values, MADE, 405)

    # -- tickets ------------------------------------------------------------------------------------------------

    def _tickets(self) -> None:
        count = TICKETS * self._world.scale
        for i in range(count):
            h = mix(self._seed, 406, i)
            person = self._world.people[h % len(self._world.people)]
            word = pick(WORDS, self._seed, 407, i)
            day = date(2025, 1, 6) + timedelta(days=i * 500 // count)
            created = datetime.combine(day, time(8, h % 60, h % 59), UTC)
            status = (2, 3, 4, 5, 6, 2)[h % 6]
            answered, last = created + timedelta(hours=2), created + timedelta(hours=3 + h % 90)
            done = stamp(last) if status in (4, 5) else None
            values = {
                **KINDS["tickets"].empty,
                "subject": f"Question about {word}",
                "description": f"The {word} did not go as agreed. Please call back.",
                "status": status,
                "priority": 1 + h % 4,
                "source": (1, 2, 3, 7, 9)[h % 5],
                "type": (None, "Question", "Incident", "Problem", "Feature Request")[h % 5],
                "requester_id": int(self.contact(person.index)),
                "responder_id": int(self.agent(h)) if h % 7 else None,
                "company_id": int(self.company(person.company.index)) if h % 6 else None,
                "group_id": int(self.few(h % len(GROUPS))),
                "product_id": int(self.few(0)) if h % 2 else None,
                "tags": [word, *(["vip"] if h % 9 == 0 else [])],
                "due_by": stamp(created + timedelta(days=3)),
                "fr_due_by": stamp(created + timedelta(days=1)),
                "stats": {
                    "first_responded_at": stamp(answered) if h % 6 else None,
                    "agent_responded_at": stamp(answered) if h % 6 else None,
                    "status_updated_at": stamp(last),
                    "resolved_at": done,
                    "closed_at": done if status == 5 else None,
                },
                "custom": {
                    "cf_tier": (None, "Gold", "Silver", "Bronze")[h % 4],
                    "cf_order_number": self._world.orders[h % len(self._world.orders)].number,
                    "cf_minutes": h % 40 if h % 3 else None,
                    "cf_refund": f"{h % 500}.{h % 100:02d}" if h % 6 == 0 else None,
                    "cf_escalated": h % 10 == 0,
                    "cf_promised": (created.date() + timedelta(days=14)).isoformat() if h % 4 == 0 else None,
                    "cf_area": ("Web", "API", None)[h % 3],
                    "cf_part": ("Web part", "API part", None)[h % 3],
                },
            }
            tickets = self._account.tables["tickets"]
            row = tickets.insert(values, id=str(BASES["tickets"] + 1 + i), at=created, changed_at=last)
            self._talk(row, h, word, created, answered)
            self._beside(row, h, i, last)

    def _talk(self, ticket: Row, h: int, word: str, created: datetime, answered: datetime) -> None:
        requester, agent = ticket.values["requester_id"], int(self.agent(h))
        if h % 6:
            self._say(ticket, agent, f"We look into the {word}.", answered, source=0)
        if h % 4 == 0:
            self._say(ticket, agent, "Known trouble.", answered + timedelta(minutes=5), source=2, private=True)
        if h % 3 == 0:
            self._say(ticket, requester, "Thank you, it is urgent.", created + timedelta(minutes=20), source=0,
                      incoming=True)  # fmt: skip

    def _say(
        self,
        ticket: Row,
        who: int,
        text: str,
        at: datetime,
        *,
        source: int,
        private: bool = False,
        incoming: bool = False,
    ) -> None:
        values = {
            "ticket_id": int(ticket.id), "user_id": who, "body": f"<div>{text}</div>", "body_text": text,
            "incoming": incoming, "private": private, "source": source, "category": 1 if incoming else 3,
            "support_email": None, "from_email": None, "to_emails": [], "cc_emails": [], "bcc_emails": [],
            "attachments": [], "last_edited_at": None, "last_edited_user_id": None,
        }  # fmt: skip
        table = self._account.tables["conversations"]
        table.insert(values, id=str(BASES["conversations"] + 1 + len(table.order)), at=at)

    def _beside(self, ticket: Row, h: int, i: int, at: datetime) -> None:
        """What customers say of the work, and how long it took."""
        agent, tables = int(self.agent(h)), self._account.tables
        if h % 5 == 0:
            rated = {
                "survey_id": int(self.few(0)), "user_id": ticket.values["requester_id"], "agent_id": agent,
                "group_id": ticket.values["group_id"], "ticket_id": int(ticket.id), "feedback": "Thank you.",
                "ratings": {"default_question": (103, 100, -103)[h % 3]},
            }  # fmt: skip
            tables["satisfaction_ratings"].insert(rated, id=self.few(i), at=at)
        if h % 3 == 0:
            spent = {
                **KINDS["time_entries"].empty, "ticket_id": int(ticket.id), "agent_id": agent, "note": "Called back",
                "company_id": ticket.values["company_id"], "time_spent": f"00:{h % 60:02d}", "executed_at": stamp(at),
                "start_time": stamp(at),
            }  # fmt: skip
            tables["time_entries"].insert(spent, id=self.few(i), at=at)

    def _devices(self, table: Table) -> None:
        for i in range(DEVICES * self._world.scale):
            h = mix(self._seed, 409, i)
            made = datetime.combine(date(2025, 3, 1) + timedelta(days=i % 400), time(10), UTC)
            values = {
                "serial": f"SN{h % 10**8:08d}-{i}",
                "model": f"Model {h % 9}" if h % 5 else None,
                "warranty": (made.date() + timedelta(days=730)).isoformat(),
                "price": h % 900 + 0.9,
                "units": h % 40,
                "active": h % 5 != 0,
                "state": ("new", "used", None)[h % 3],
                "version": 1,
            }
            self._put(table, f"{DEVICE.prefix}-{i + 1}", values, made, 410)

    # -- small sets ---------------------------------------------------------------------------------------------

    def _few(self, table: Table, rows: Iterable[dict[str, Any]]) -> None:
        for i, values in enumerate(rows):
            self._put(table, self.few(i), values, MADE + timedelta(hours=i))

    def _groups(self, table: Table) -> None:
        self._few(
            table, ({**KINDS["groups"].empty, "name": name, "description": f"The group {name}"} for name in GROUPS)
        )

    def _products(self, table: Table) -> None:
        rows = ({"name": name, "description": None, "primary_email": f"{name.lower()}@acme.example",
                 "default": name == "Acme"} for name in ("Acme", "Outlet"))  # fmt: skip
        self._few(table, rows)

    def _roles(self, table: Table) -> None:
        self._few(table, ({"name": name, "description": f"{name}s", "default": True, "agent_type": 1}
                          for name in ("Account Administrator", "Agent")))  # fmt: skip

    def _business_hours(self, table: Table) -> None:
        hours = {"monday": {"start_time": "8:00 am", "end_time": "5:00 pm"}}
        self._few(table, [{"name": "Default", "description": "Usual hours", "is_default": True,
                           "time_zone": "Eastern Time (US & Canada)", "business_hours": hours}])  # fmt: skip

    def _email_configs(self, table: Table) -> None:
        self._few(table, [{"name": "Support", "product_id": None, "to_email": "acmesupport@acme.freshdesk.com",
                           "reply_email": "support@acme.example", "group_id": None, "primary_role": True,
                           "active": True}])  # fmt: skip

    def _sla_policies(self, table: Table) -> None:
        self._few(table, [{"name": "Default SLA Policy", "description": "default policy", "is_default": True,
                           "active": True, "position": 1, "applicable_to": {}, "sla_target": {},
                           "escalation": {}}])  # fmt: skip

    def _surveys(self, table: Table) -> None:
        question = {
            "id": "default_question",
            "label": "How would you rate our support?",
            "accepted_ratings": [103, 100, -103],
        }
        self._few(table, [{"title": "Default Survey", "active": True, "questions": [question]}])

    def _canned_response_folders(self, table: Table) -> None:
        self._few(table, ({"name": name, "personal": name == "Personal", "responses_count": len(WORDS)}
                          for name in ("Personal", "General")))  # fmt: skip

    def _canned_responses(self, table: Table) -> None:
        self._few(table, ({"title": f"About the {word}", "content": f"The {word} is on its way.",
                           "content_html": f"<div>The {word} is on its way.</div>", "folder_id": int(self.few(n % 2)),
                           "visibility": 0, "group_ids": [], "attachments": []}
                          for n, word in enumerate(WORDS)))  # fmt: skip

    def _solution_categories(self, table: Table) -> None:
        self._few(
            table, ({"name": name, "description": None, "visible_in_portals": []} for name in ("Guides", "Questions"))
        )

    def _solution_folders(self, table: Table) -> None:
        self._few(table, ({"name": f"Folder {n}", "description": None, "visibility": 1, "parent_folder_id": None,
                           "articles_count": 2, "category_id": int(self.few(n % 2))} for n in range(4)))  # fmt: skip

    def _solution_articles(self, table: Table) -> None:
        self._few(table, ({"title": f"About the {word}", "description": f"<p>{word}</p>", "description_text": word,
                           "agent_id": int(self.agent(n)), "category_id": int(self.few(n % 2)),
                           "folder_id": int(self.few(n % 4)), "status": 2, "type": 1, "hits": n, "thumbs_up": 0,
                           "thumbs_down": 0, "tags": [word], "seo_data": {}}
                          for n, word in enumerate(WORDS)))  # fmt: skip
