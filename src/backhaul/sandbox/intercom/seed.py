"""Fills a workspace from the shared world: record i of a table follows from i alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from backhaul.sandbox.chance import mix, pick
from backhaul.sandbox.intercom.answers import seconds
from backhaul.sandbox.intercom.attributes import DESCRIPTION, TITLE
from backhaul.sandbox.intercom.workspace import CUSTOM, Workspace
from backhaul.sandbox.tables import Row
from backhaul.sandbox.world import EPOCH, World

PEOPLE, TALKS, TICKETS, INSTANCES = 150, 72, 70, 40
TEAMS = ("Support", "Billing", "Onboarding")
TAGS = ("vip", "churn risk", "beta", "newsletter", "press")
SEGMENTS = ("Active", "New", "Slipping away")
WORDS = ("renewal", "delivery", "invoice", "installation", "upgrade", "training", "warranty")
STATES = {"submitted": "8301", "in_progress": "8302", "waiting_on_customer": "8303", "resolved": "8304"}
SOURCES = ("conversation", "email", "whatsapp", "phone_call", "facebook")
MADE = datetime(2023, 1, 9, 8, tzinfo=UTC)


def contact_values(**given: Any) -> dict[str, Any]:
    """All fields of a new contact, those that are not given empty."""
    return {
        "role": "user",
        "external_id": None,
        "email": None,
        "phone": None,
        "name": None,
        "avatar": None,
        "owner_id": None,
        "unsubscribed_from_emails": False,
        "signed_up_at": None,
        "last_seen_at": None,
        "custom": {},
        "merge_history": [],
        **given,
    }


def company_values(**given: Any) -> dict[str, Any]:
    return {
        "company_id": None, "name": None, "plan": None, "size": None, "website": None, "industry": None,
        "monthly_spend": 0, "remote_created_at": None, "last_request_at": None, "custom": {}, **given,
    }  # fmt: skip


def conversation_values(**given: Any) -> dict[str, Any]:
    return {
        "title": None, "waiting_since": None, "snoozed_until": None, "source": {}, "contact_id": "",
        "first_contact_reply": None, "admin_assignee_id": 0, "team_assignee_id": 0, "open": True, "state": "open",
        "read": False, "tags": [], "priority": "none", "sla_applied": None, "statistics": None,
        "conversation_rating": None, "teammates": None, "company": None, "custom": {}, **given,
    }  # fmt: skip


def ticket_values(**given: Any) -> dict[str, Any]:
    return {
        "number": "", "ticket_type_id": "81", "state": STATES["submitted"], "previous": None, "contact_id": "",
        "company_id": None, "admin_assignee_id": 0, "team_assignee_id": 0, "open": True, "is_shared": True,
        "snoozed_until": None, "custom": {}, **given,
    }  # fmt: skip


class Seeder:
    def __init__(self, workspace: Workspace, world: World) -> None:
        self._at = workspace
        self._world = world
        self._seed = world.seed

    def plant(self) -> None:
        self._small()
        self._companies()
        self._contacts()
        self._conversations()
        self._tickets()
        self._instances()
        self._at.me = self.admin(0)

    # -- ids -------------------------------------------------------------------------------------------------------

    def contact(self, i: int) -> str:
        return f"66f0c0de{i + 1:016x}"

    def company(self, i: int) -> str:
        return f"66f0c0fe{i + 1:016x}"

    def admin(self, i: int) -> str:
        return str(991267001 + i % len(self._world.sellers))

    def author(self, id: str) -> dict[str, Any]:
        """Who wrote a part: an admin or a contact."""
        admin = self._at.tables["admins"].get(id)
        if admin is not None:
            return {"type": "admin", "id": id, "name": admin.values["name"], "email": admin.values["email"]}
        row = self._at.tables["contacts"].require(id)
        type = "user" if row.values["role"] == "user" else "lead"
        return {"type": type, "id": id, "name": row.values["name"], "email": row.values["email"]}

    def _later(self, salt: int, i: int, created: datetime) -> datetime:
        span = int((EPOCH - created).total_seconds())
        return created + timedelta(seconds=mix(self._seed, salt, i) % max(span, 1))

    # -- tables ----------------------------------------------------------------------------------------------------

    def _small(self) -> None:
        put, sellers = self._at.put, self._world.sellers
        values: dict[str, Any]
        for seller in sellers:
            team = 5017001 + seller.index % len(TEAMS)
            values = {
                "name": f"{seller.first} {seller.last}",
                "email": seller.email,
                "job_title": "Manager" if seller.manager is None else "Support",
                "away_mode_enabled": seller.index % 9 == 8,
                "away_mode_reassign": False,
                "has_inbox_seat": seller.index % 7 != 6,
                "team_ids": [team],
            }
            put("admins", values, self.admin(seller.index), MADE)
        for i, name in enumerate(TEAMS):
            admins = [int(self.admin(s.index)) for s in sellers if s.index % len(TEAMS) == i]
            put("teams", {"name": name, "admin_ids": admins}, str(5017001 + i), MADE)
        for i, name in enumerate(TAGS):
            put("tags", {"name": name}, str(7001 + i), MADE)
        for i, name in enumerate(SEGMENTS):
            put("segments", {"name": name, "person_type": "user"}, f"66f0c05e{i + 1:016x}", MADE + timedelta(days=i))
        for id, name, category in (("81", "Request", "Customer"), ("82", "Bug", "Back-office")):
            values = {"name": name, "description": "", "icon": "🎟️", "workspace_id": "ax7q2k9d", "archived": False,
                      "is_internal": category != "Customer", "category": category}  # fmt: skip
            put("ticket_types", values, id, MADE)
        for category, id in STATES.items():
            label = category.replace("_", " ").capitalize()
            put("ticket_states", {"category": category, "internal_label": label, "external_label": label,
                                  "archived": False}, id, MADE)  # fmt: skip
        for i, name in enumerate(("Newsletter", "Product news")):
            values = {"state": "live", "consent_type": "opt_out", "content_types": ["email"],
                      "default_translation": {"name": name, "description": name, "locale": "en"},
                      "translations": [{"name": name, "description": name, "locale": "en"}]}  # fmt: skip
            put("subscription_types", values, str(135 + i), MADE)
        put("brands", {"name": "Acme", "is_default": True, "help_center_id": "11",
                       "default_address_settings_id": "13"}, "ax7q2k9d", MADE)  # fmt: skip
        values = {"name": "Basics", "description": "", "url": None, "order": 1, "default_locale": "en",
                  "parent_id": None, "help_center_id": 11, "workspace_id": "ax7q2k9d"}  # fmt: skip
        put("collections", values, "145", MADE)
        for i, word in enumerate(WORDS):
            values = {"title": f"About the {word}", "description": "", "body": f"<p>{word.capitalize()}</p>",
                      "author_id": int(self.admin(0)), "state": "published" if i % 3 else "draft", "url": None,
                      "parent_id": 145, "parent_type": "collection", "default_locale": "en",
                      "workspace_id": "ax7q2k9d"}  # fmt: skip
            made = MADE + timedelta(days=30 + i)
            put("articles", values, str(39 + i), made, self._later(601, i, made))

    def _companies(self) -> None:
        for company in self._world.companies:
            i, h = company.index, mix(self._seed, 602, company.index)
            values = company_values(
                company_id=f"C-{i + 1:04d}",
                name=company.name,
                plan=(None, "Team", "Growth")[h % 3],
                size=company.employees,
                website=f"https://www.{company.domain}" if h % 6 else None,
                industry=company.sector,
                monthly_spend=h % 4000,
                remote_created_at=seconds(company.created_at),
                last_request_at=seconds(self._later(603, i, company.created_at)),
                custom={
                    "segment": pick(("SMB", "Mid-market", "Enterprise"), self._seed, 604, i),
                    **({"arr": h % 90_000 + 0.5} if h % 5 else {}),
                    **({"health_score": h % 101} if h % 7 else {}),
                    **({"signed_at": seconds(company.created_at)} if h % 3 == 0 else {}),
                    "key_account": h % 6 == 0,
                },
            )
            made = company.created_at
            self._at.put("companies", values, self.company(i), made, self._later(605, i, made))

    def _contacts(self) -> None:
        put, companies = self._at.put, len(self._world.companies)
        for i in range(min(PEOPLE * self._world.scale, len(self._world.people))):
            person, h = self._world.people[i], mix(self._seed, 606, i)
            lead, made = i % 8 == 7, person.created_at
            changed = self._later(607, i, made)
            values = contact_values(
                role="lead" if lead else "user",
                external_id=None if lead else f"P-{i + 1:05d}",
                email=person.email if h % 30 else None,
                phone=person.phone if h % 4 else None,
                name=f"{person.first} {person.last}",
                owner_id=self.admin(h) if h % 3 else None,
                unsubscribed_from_emails=h % 11 == 0,
                signed_up_at=None if lead else seconds(made),
                last_seen_at=seconds(changed) if h % 5 else None,
                country=person.company.country,
                custom={
                    "job_title": person.title,
                    **({"language": ("en", "de", "fr")[h % 3]} if h % 4 else {}),
                    **({"seats": h % 40} if h % 5 else {}),
                    **({"score": h % 1000 / 8} if h % 6 else {}),
                    "vip": h % 9 == 0,
                    **({"renews_at": seconds(made + timedelta(days=365))} if h % 5 == 0 else {}),
                    **({"Favourite Colour": "green"} if h % 13 == 0 else {}),
                },
            )
            id = self.contact(i)
            put("contacts", values, id, made, changed)
            if not lead:
                self._at.link("contact_companies", id, self.company(person.company.index), made)
            if i == 0:  # more than a contact's record shows
                for n in range(1, 12):
                    self._at.link("contact_companies", id, self.company((person.company.index + n) % companies), made)
            for n in range(h % 3):
                self._at.link("contact_tags", id, str(7001 + (h + n) % len(TAGS)), made + timedelta(hours=n))
            if not lead:
                self._at.link("contact_segments", id, f"66f0c05e{h % len(SEGMENTS) + 1:016x}", made)
            if h % 6 == 0:
                note = {"contact_id": id, "admin_id": self.admin(h), "body": f"<p>Asked about the {WORDS[h % 7]}.</p>"}
                put("contact_notes", note, str(26000 + i), made + timedelta(days=1))
        for company in self._world.companies:
            if not self._at.users_of(self._at.tables["companies"].require(self.company(company.index))):
                somebody = self.contact(company.index * 8 % len(self._at.tables["contacts"].order))
                self._at.link("contact_companies", somebody, self.company(company.index), company.created_at)
        for company in self._world.companies[::9]:
            note = {"company_id": self.company(company.index), "admin_id": self.admin(company.index),
                    "body": "<p>Wants a call in spring.</p>"}  # fmt: skip
            put("company_notes", note, str(27000 + company.index), company.created_at + timedelta(days=2))

    def _when(self, i: int, h: int, count: int) -> datetime:
        day = date(2025, 1, 6) + timedelta(days=i * 500 // count)
        return datetime.combine(day, time(8, h % 60, h % 59), UTC)

    def _conversations(self) -> None:
        count, people = TALKS * self._world.scale, len(self._at.tables["contacts"].order)
        for i in range(count):
            h, word = mix(self._seed, 608, i), pick(WORDS, self._seed, 609, i)
            made, person, admin = self._when(i, h, count), self.contact(h % people), self.admin(h)
            state = ("open", "closed", "snoozed", "closed")[h % 4]
            source: dict[str, Any] = {
                "type": pick(SOURCES, self._seed, 610, i),
                "id": str(403918000 + i),
                "delivered_as": "customer_initiated",
                "subject": f"About the {word}" if h % 2 else "",
                "body": f"<p>The {word} did not go as agreed.</p>",
                "author": self.author(person),
                "attachments": [],
                "url": None,
                "redacted": False,
            }
            values = conversation_values(
                title=f"Question about {word}" if h % 3 else None,
                source=source,
                contact_id=person,
                admin_assignee_id=int(admin) if h % 4 else 0,
                team_assignee_id=5017001 + h % len(TEAMS),
                open=state != "closed",
                state=state,
                read=h % 2 == 0,
                tags=[str(7001 + h % len(TAGS))] if h % 5 == 0 else [],
                priority=("none", "low", "medium", "high", "urgent")[h % 5],
                company=self._company_of(person),
                statistics={
                    "type": "conversation_statistics",
                    "first_admin_reply_at": seconds(made + timedelta(hours=1)),
                    "last_admin_reply_at": seconds(made + timedelta(hours=1)),
                    "last_contact_reply_at": seconds(made + timedelta(hours=2)) if h % 3 == 0 else None,
                    "last_close_at": seconds(made + timedelta(hours=5)) if state == "closed" else None,
                },
                first_contact_reply={"created_at": seconds(made), "type": "conversation", "url": None},
                custom={"topic": word if word in ("renewal", "delivery", "invoice") else "other",
                        **({"root_cause": f"The {word} was late"} if h % 3 else {}),
                        **({"minutes": h % 90} if h % 2 else {})},
            )  # fmt: skip
            row = self._at.put("conversations", values, str(471 + i), made)
            self.say(row, "conversation_parts", admin, f"<p>We look into the {word}.</p>", made + timedelta(hours=1))
            if h % 3 == 0:
                self.say(row, "conversation_parts", person, "<p>Thank you!</p>", made + timedelta(hours=2))
            if h % 4 == 0:
                later = made + timedelta(hours=2, minutes=5)
                self.say(row, "conversation_parts", admin, "<p>Known trouble.</p>", later, kind="note")
            if state == "closed":
                self.say(row, "conversation_parts", admin, None, made + timedelta(hours=5), kind="close")

    def _company_of(self, person: str) -> dict[str, Any] | None:
        held = self._at.of("contact_companies", person)
        if not held:
            return None
        row = self._at.tables["companies"].require(held[0].values["company_id"])
        return {"type": "company", "id": row.id, "company_id": row.values["company_id"], "name": row.values["name"]}

    def say(self, row: Row, table: str, author: str, body: str | None, at: datetime, *, kind: str = "comment") -> Row:
        """A part of a conversation or a ticket, which moves its time of change."""
        parent = "conversation_id" if table == "conversation_parts" else "ticket_id"
        values = {parent: row.id, "part_type": kind, "body": body, "author": self.author(author), "assigned_to": None}
        if table == "conversation_parts":
            values["state"] = row.values["state"]
        id = str(int(row.id) * 1000 + 1 + len(self._at.of(table, row.id)))
        while self._at.tables[table].get(id) is not None:
            id = str(int(id) + 1)
        part = self._at.put(table, values, id, at)
        self._at.touch(table.replace("_parts", "s"), row, at)
        return part

    def _tickets(self) -> None:
        count, people = TICKETS * self._world.scale, len(self._at.tables["contacts"].order)
        for i in range(count):
            h, word = mix(self._seed, 611, i), pick(WORDS, self._seed, 612, i)
            made, person, admin = self._when(i, h, count), self.contact(h % people), self.admin(h)
            type = "82" if h % 4 == 0 else "81"
            state = tuple(STATES)[h % 4]
            companies = self._at.of("contact_companies", person)
            order = self._world.orders[h % len(self._world.orders)].number
            own = (
                {"severity": ("low", "high")[h % 2], "order_number": order,
                 "refund": h % 500 / 4 if h % 3 == 0 else None}
                if type == "81"
                else {"due": seconds(made + timedelta(days=14)), "affected": h % 40, "confirmed": h % 2 == 0,
                      "screenshots": []}
            )  # fmt: skip
            values = ticket_values(
                number=str(33 + i),
                ticket_type_id=type,
                state=STATES[state],
                contact_id=person,
                company_id=companies[0].values["company_id"] if companies else None,
                admin_assignee_id=int(admin) if h % 4 else 0,
                team_assignee_id=5017001 + h % len(TEAMS),
                open=state != "resolved",
                is_shared=type == "81",
                custom={TITLE: f"Trouble with {word}", DESCRIPTION: f"The {word} did not go as agreed.", **own},
            )
            row = self._at.put("tickets", values, str(600 + i), made)
            self.say(row, "ticket_parts", admin, f"<p>We look into the {word}.</p>", made + timedelta(hours=1))
            if h % 3 == 0:
                self.say(row, "ticket_parts", admin, "<p>Known trouble.</p>", made + timedelta(hours=2), kind="note")
            if state == "resolved":
                part = self.say(row, "ticket_parts", admin, None, made + timedelta(days=2),
                                kind="ticket_state_updated_by_admin")  # fmt: skip
                part.values |= {"ticket_state": "resolved", "previous_ticket_state": "in_progress"}

    def _instances(self) -> None:
        for i in range(INSTANCES * self._world.scale):
            h = mix(self._seed, 613, i)
            made = datetime.combine(date(2025, 3, 1) + timedelta(days=i % 400), time(10), UTC)
            values = {
                "external_id": f"SUB-{i + 1:05d}",
                "external_created_at": seconds(made),
                "external_updated_at": None,
                "custom": {"name": f"Subscription {i + 1:04d}", "seats": h % 90, "price": h % 900 + 0.9,
                           "active": h % 5 != 0},
            }  # fmt: skip
            self._at.put(CUSTOM, values, str(21 + i), made, self._later(614, i, made))
