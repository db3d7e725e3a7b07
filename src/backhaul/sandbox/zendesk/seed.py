"""Fills an account from the shared world: record i of a table follows from i alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from backhaul.sandbox.chance import mix, pick
from backhaul.sandbox.tables import Row, Table
from backhaul.sandbox.world import EPOCH, World
from backhaul.sandbox.zendesk.account import BASES, DEVICES, Account
from backhaul.sandbox.zendesk.kinds import LISTED
from backhaul.sandbox.zendesk.talk import audit, comment, ticket_values

GROUPS = ("Support", "Billing", "Onboarding", "Field service")
WORDS = ("renewal", "delivery", "invoice", "installation", "upgrade", "training", "warranty", "onboarding")
CHANNELS = ("email", "web", "api", "chat", "voice")
TICKETS, DEVICES_COUNT = 120, 60


class Seeder:
    def __init__(self, account: Account, world: World) -> None:
        self._account = account
        self._world = world
        self._seed = world.seed

    def plant(self) -> None:
        """Give every table its beginning. Tickets bring their audits and comments with them."""
        tables = self._account.tables
        for name in ("organizations", "users", "groups", *LISTED):
            tables[name] = Table(name, getattr(self, f"_{name}"))
        tables[DEVICES] = Table(DEVICES, self._devices)
        for name in ("tickets", "ticket_audits", "ticket_comments", "ticket_metric_events"):
            tables[name] = Table(name)
        # tables that hang together are filled together
        self._tickets()
        self._account.me = self.user(len(self._world.people))

    # -- ids ----------------------------------------------------------------------------------------------------

    def user(self, i: int) -> str:
        """The people of the companies first, then the agents."""
        return str(BASES["users"] + 1 + i)

    def agent(self, i: int) -> str:
        return self.user(len(self._world.people) + i % len(self._world.sellers))

    def organization(self, i: int) -> str:
        return str(BASES["organizations"] + 1 + i)

    def group(self, i: int) -> str:
        return str(BASES["groups"] + 1 + i % len(GROUPS))

    def _put(self, table: Table, id: str, values: dict[str, Any], created: datetime, changed: datetime) -> Row:
        changed = max(created, changed)
        return table.insert({"_generated": changed, **values}, id=id, at=created, changed_at=changed)

    def _later(self, salt: int, i: int, created: datetime) -> datetime:
        span = int((EPOCH - created).total_seconds())
        return created + timedelta(seconds=mix(self._seed, salt, i) % max(span, 1))

    # -- tables -------------------------------------------------------------------------------------------------

    def _organizations(self, table: Table) -> None:
        for company in self._world.companies:
            i, h = company.index, mix(self._seed, 201, company.index)
            values = {
                "name": company.name,
                "external_id": f"ORG-{i + 1:04d}" if h % 3 else None,
                "details": f"{company.street}, {company.city}" if h % 4 else "",
                "notes": "Calls back only in the morning." if h % 5 == 0 else "",
                "group_id": int(self.group(h)) if h % 2 else None,
                "shared_tickets": h % 4 == 0,
                "shared_comments": False,
                "domain_names": [company.domain],
                "tags": ["key_account"] if h % 6 == 0 else [],
                "custom": {
                    "industry": company.sector,
                    "arr": f"{h % 900_000 + 1000}.{h % 100:02d}" if h % 5 else None,
                    "plan": (None, "plan_team", "plan_growth", "plan_enterprise")[h % 4],
                    "health_score": h % 101 if h % 7 else None,
                    "renewal": (date(2026, 7, 1) + timedelta(days=h % 365)).isoformat() if h % 3 == 0 else None,
                },
            }
            created = company.created_at
            self._put(table, self.organization(i), values, created, self._later(202, i, created))

    def _users(self, table: Table) -> None:
        for person in self._world.people:
            i, h = person.index, mix(self._seed, 203, person.index)
            values = {
                **_person(f"{person.first} {person.last}", person.email if h % 40 else None, "end-user"),
                "phone": person.phone if h % 4 else None,
                "organization_id": int(self.organization(person.company.index)),
                "suspended": h % 97 == 0,
                "custom": {
                    "job_title": person.title,
                    "vip": h % 9 == 0,
                    "renewal": (date(2026, 1, 1) + timedelta(days=h % 300)).isoformat() if h % 5 == 0 else None,
                },
            }
            created = person.created_at
            self._put(table, self.user(i), values, created, self._later(204, i, created))
        made = datetime(2023, 1, 9, 8, tzinfo=UTC)
        for seller in self._world.sellers:
            i = len(self._world.people) + seller.index
            role = "admin" if seller.index == 0 else "agent"
            values = _person(f"{seller.first} {seller.last}", seller.email, role)
            values |= {"default_group_id": int(self.group(seller.index)), "custom": {}}
            self._put(table, self.user(i), values, made, self._later(205, i, made))

    def _groups(self, table: Table) -> None:
        made = datetime(2023, 1, 9, 8, tzinfo=UTC)
        for i, name in enumerate(GROUPS):
            values = {"name": name, "description": "", "is_public": True, "default": i == 0}
            self._put(table, self.group(i), values, made, made)

    def _tickets(self) -> None:
        for i in range(TICKETS * self._world.scale):
            h = mix(self._seed, 206, i)
            person = self._world.people[h % len(self._world.people)]
            word = pick(WORDS, self._seed, 207, i)
            created = datetime.combine(date(2025, 1, 6) + timedelta(days=i * 500 // (TICKETS * self._world.scale)),
                                       time(8, h % 60, h % 59), UTC)  # fmt: skip
            status = ("open", "pending", "hold", "solved", "closed", "new")[h % 6]
            requester, agent = self.user(person.index), self.agent(h)
            values = ticket_values(
                subject=f"Question about {word}",
                description=f"The {word} did not go as agreed.\nPlease call back.",
                status=status,
                priority=(None, "low", "normal", "high", "urgent")[h % 5],
                type=(None, "question", "incident", "problem", "task")[h % 5],
                requester_id=int(requester),
                submitter_id=int(requester),
                assignee_id=None if status == "new" else int(agent),
                organization_id=int(self.organization(person.company.index)),
                group_id=int(self.group(h)),
                brand_id=BRAND,
                ticket_form_id=FORM,
                external_id=f"EXT-{i + 1:05d}" if h % 8 == 0 else None,
                tags=[word, *(["vip"] if h % 9 == 0 else [])],
                due_at=None,
                via={"channel": pick(CHANNELS, self._seed, 208, i), "source": {"from": {}, "to": {}, "rel": None}},
                satisfaction_rating={"score": "good", "id": 360006000001 + i} if h % 11 == 0 else None,
                custom={
                    "360000000201": (None, "tier_gold", "tier_silver", "tier_bronze")[h % 4],
                    "360000000202": self._world.orders[h % len(self._world.orders)].number,
                    "360000000203": h % 40 if h % 3 else None,
                    "360000000204": f"{h % 500}.{h % 100:02d}" if h % 6 == 0 else None,
                    "360000000205": h % 10 == 0,
                    "360000000206": (created.date() + timedelta(days=14)).isoformat() if h % 4 == 0 else None,
                    "360000000207": ["area_web", "area_api"] if h % 5 == 0 else [],
                },
            )  # fmt: skip
            last = created + timedelta(hours=3 + h % 90)
            id = str(BASES["tickets"] + 1 + i)
            row = self._put(self._account.tables["tickets"], id, values, created, last)
            comment(self._account, row, requester, values["description"], created, public=True, first=True)
            if status != "new":
                comment(self._account, row, agent, f"We look into the {word}.", created + timedelta(hours=2))
            if h % 4 == 0:
                comment(self._account, row, agent, "Known trouble.", created + timedelta(hours=2, minutes=5),
                        public=False)  # fmt: skip
            if status in ("solved", "closed"):
                change = [{"type": "Change", "field_name": "status", "value": "solved", "previous_value": "open"}]
                audit(self._account, row, agent, change, last)
            row.values["_generated"] = last + timedelta(minutes=h % 3 * 10)

    def _devices(self, table: Table) -> None:
        for i in range(DEVICES_COUNT * self._world.scale):
            h = mix(self._seed, 209, i)
            made = datetime.combine(date(2025, 3, 1) + timedelta(days=i % 400), time(10), UTC)
            values = {
                "name": f"Device {i + 1:04d}",
                "external_id": f"DEV-{i + 1:05d}",
                "custom": {
                    "serial": f"SN{h % 10**8:08d}",
                    "warranty": (made.date() + timedelta(days=730)).isoformat(),
                    "price": f"{h % 900}.90",
                    "active": h % 5 != 0,
                    "owner": self.organization(h % len(self._world.companies)),
                },
            }
            self._put(table, f"01J{i + 1:023d}", values, made, self._later(210, i, made))

    # -- small sets ---------------------------------------------------------------------------------------------

    def _few(self, table: Table, base: int, rows: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> None:
        for i, values in enumerate(rows):
            made = datetime(2023, 2, 1, 9, tzinfo=UTC) + timedelta(hours=i)
            self._put(table, str(base + i), values, made, made)

    def _group_memberships(self, table: Table) -> None:
        rows = [
            {"user_id": int(self.agent(i)), "group_id": int(self.group(i)), "default": True}
            for i in range(len(self._world.sellers))
        ]
        self._few(table, 360011000001, rows)

    def _organization_memberships(self, table: Table) -> None:
        rows = (
            {
                "user_id": int(self.user(person.index)),
                "organization_id": int(self.organization(person.company.index)),
                "organization_name": person.company.name,
                "default": True,
                "view_tickets": True,
            }
            for person in self._world.people
        )
        self._few(table, 360012000001, rows)

    def _brands(self, table: Table) -> None:
        self._few(table, BRAND, [{"name": "Acme", "subdomain": "acme", "active": True, "default": True}])

    def _ticket_forms(self, table: Table) -> None:
        self._few(table, FORM, [{"name": "Default", "display_name": "Default", "active": True, "position": 1}])

    def _macros(self, table: Table) -> None:
        rows = [{"title": f"Reply: {word}", "active": True, "position": n} for n, word in enumerate(WORDS)]
        self._few(table, 360015000001, rows)

    def _triggers(self, table: Table) -> None:
        self._few(table, 360016000001, [{"title": f"Notify {group}", "active": True, "position": n}
                                        for n, group in enumerate(GROUPS)])  # fmt: skip

    def _automations(self, table: Table) -> None:
        self._few(table, 360017000001, [{"title": "Close after 4 days", "active": True, "position": 1}])

    def _views(self, table: Table) -> None:
        self._few(table, 360018000001, [{"title": f"Unsolved: {group}", "active": True, "position": n}
                                        for n, group in enumerate(GROUPS)])  # fmt: skip

    def _satisfaction_ratings(self, table: Table) -> None:
        rows: list[dict[str, Any]] = [
            {
                "score": "good",
                "comment": None,
                "ticket_id": int(ticket.id),
                "requester_id": ticket.values["requester_id"],
                "assignee_id": ticket.values["assignee_id"],
            }
            for ticket in self._account.tables["tickets"].order
            if ticket.values.get("satisfaction_rating")
        ]
        self._few(table, 360006500001, rows)

    def _suspended_tickets(self, table: Table) -> None:
        rows = [{"subject": "You have won", "cause": "Detected as spam", "author": {"email": "x@spam.example"}}]
        self._few(table, 360019000001, rows)

    def _sla_policies(self, table: Table) -> None:
        self._few(table, 360020000001, [{"title": "Standard", "position": 1, "policy_metrics": []}])

    def _articles(self, table: Table) -> None:
        rows: list[dict[str, Any]] = [
            {"title": f"About the {word}", "body": f"<p>{word}</p>", "author_id": int(self.agent(0)),
             "section_id": 360021000001, "locale": "en-us", "draft": False, "label_names": [word],
             "html_url": f"https://acme.zendesk.com/hc/articles/{n}"}
            for n, word in enumerate(WORDS)
        ]  # fmt: skip
        self._few(table, 360022000001, rows)


BRAND, FORM = 360013000001, 360014000001


def _person(name: str, email: str | None, role: str) -> dict[str, Any]:
    return {
        "name": name,
        "email": email,
        "external_id": None,
        "alias": None,
        "phone": None,
        "role": role,
        "locale": "en-US",
        "time_zone": "Eastern Time (US & Canada)",
        "iana_time_zone": "America/New_York",
        "verified": role != "end-user",
        "suspended": False,
        "notes": "",
        "details": "",
        "signature": None,
        "organization_id": None,
        "default_group_id": None,
        "last_login_at": None,
        "tags": [],
    }
