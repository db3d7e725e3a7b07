"""Fills a workspace from the shared world: the sellers work there, customers are guests, accounts have channels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from backhaul.sandbox.chance import mix, pick
from backhaul.sandbox.slack.workspace import APP, BOT, BOT_USER, DOMAIN, SLACKBOT, TEAM, TEAM_NAME, Workspace
from backhaul.sandbox.world import EPOCH, Company, World

MADE = datetime(2023, 2, 6, 9, tzinfo=UTC)
FIRST = datetime(2025, 1, 6, 8, tzinfo=UTC)
GUESTS, ACCOUNTS, FILES = 160, 84, 140
SAID = (
    "Spoke with {company} about the renewal, they want a <https://{domain}|quote> by Friday",
    "{company}: budget &amp; timing are confirmed",
    "Who owns {company} now?",
    "Shipping to {city} is late again :truck:",
    "<!here> numbers for {company} are in &lt;draft&gt;",
    "Good call today, next step is legal",
    "\u00bfAlguien sabe si {company} ya pag\u00f3?",
)
ANSWERED = ("On it", "Thanks!", "I will ask them", "Done :white_check_mark:", "<@{user}> can you check?")
TEAMS = ("Renewals", "Onboarding", "Support", "Legal", "Finance", "Partners", "Events", "Data", "Old partners")
TYPES = (("pdf", "application/pdf"), ("csv", "text/csv"), ("png", "image/png"))
FIELDS = {"Xf06054AAA": "Phone extension", "Xf06054BBB": "Start of contract"}


class Seeder:
    def __init__(self, workspace: Workspace, world: World) -> None:
        self._at = workspace
        self._world = world
        self._seed = world.seed

    def plant(self) -> None:
        self._users()
        self._at.tables["team"].insert(
            {"name": TEAM_NAME, "domain": DOMAIN, "email_domain": "mavencomputing.example",
             "url": f"https://{DOMAIN}.slack.com/", "icon": {"image_default": True}}, id=TEAM, at=MADE,
        )  # fmt: skip
        self._groups()
        self._files()
        self._conversations()

    def user(self, i: int) -> str:
        return f"U{100 + i % len(self._world.sellers):08d}"

    # -- people -----------------------------------------------------------------------------------------------------

    def _users(self) -> None:
        for seller in self._world.sellers:
            self.person(
                self.user(seller.index), seller.first, seller.last, seller.email, f"Sales, {seller.office}", None,
                deleted=seller.index % 9 == 8, is_admin=seller.index == 0,
            )  # fmt: skip
        for person in self._world.people[: min(GUESTS * self._world.scale, len(self._world.people))]:
            self.person(
                f"U{1000 + person.index:08d}", person.first, person.last, person.email, person.title, person.phone,
                is_restricted=True, is_ultra_restricted=person.index % 2 == 0,
            )  # fmt: skip
        self.person(BOT_USER, "backhaul", "", "", "", None, is_bot=True)
        self.person(SLACKBOT, "slackbot", "", "", "", None)

    def person(
        self, id: str, first: str, last: str, email: str, title: str, phone: str | None, **more: Any
    ) -> None:  # fmt: skip
        name = f"{first} {last}".strip()
        values = {
            "name": f"{first}.{last}".strip(".").lower().replace(" ", ""),
            "deleted": False,
            "color": "9f69e7",
            "real_name": name,
            "tz": "America/New_York",
            "is_admin": False,
            "is_owner": False,
            "is_bot": False,
            "is_app_user": False,
            "is_restricted": False,
            "is_ultra_restricted": False,
            **more,
        }
        profile = {
            "user_id": id,
            "real_name": name,
            "display_name": first if len(id) % 2 else "",
            "first_name": first,
            "last_name": last,
            "title": title,
            "phone": phone or "",
            "avatar_hash": "g12ab34cd",
            "image_48": "https://secure.gravatar.com/avatar/12ab.jpg",
            "status_text": "",
            "fields": {"Xf06054AAA": {"value": id[-3:], "alt": ""}} if email else [],
            **({"email": email} if email else {}),
        }
        self._at.tables["user_profiles"].insert(profile, id=id, at=MADE)
        self._at.tables["users"].insert(values, id=id, at=MADE)

    def _groups(self) -> None:
        offices = sorted({seller.office for seller in self._world.sellers})
        for n, office in enumerate([*offices, *TEAMS]):
            users = [self.user(each.index) for each in self._world.sellers if each.office == office]
            values = {
                "name": f"{office} team",
                "handle": f"{office.lower().replace(' ', '-')}-team",
                "description": f"People of {office}" if n % 3 else "",
                "is_external": False,
                "auto_type": None,
                "created_by": self.user(0),
                "updated_by": self.user(0),
                "prefs": {"channels": [], "groups": []},
                "users": users,
            }
            row = self._at.tables["usergroups"].insert(values, id=f"S{n + 7:08d}", at=MADE)
            if office == "Old partners":
                self._at.tables["usergroups"].delete(row.id, MADE + timedelta(days=300))

    def _files(self) -> None:
        for i in range(FILES * self._world.scale):
            h = mix(self._seed, 510, i)
            kind, mime = pick(
                (("pdf", "application/pdf"), ("csv", "text/csv"), ("png", "image/png")), self._seed, 511, i
            )
            at = FIRST + (EPOCH - FIRST) * i / (FILES * self._world.scale)
            self.file(f"F{i + 95:08d}", f"Order {i + 1}", kind, mime, 900 + h % 90_000, self.user(h), at)

    def file(self, id: str, title: str, kind: str, mime: str, size: int, user: str, at: datetime) -> None:
        name = f"{title.lower().replace(' ', '-')}.{kind}"
        values = {
            "name": name, "title": title, "mimetype": mime, "filetype": kind, "size": size, "mode": "hosted",
            "user": user, "user_team": TEAM, "is_external": False, "is_public": True, "editable": False,
            "url_private": f"https://files.slack.com/files-pri/{TEAM}-{id}/{name}",
            "permalink": f"https://{DOMAIN}.slack.com/files/{user}/{id}/{name}",
            "channels": [], "groups": [], "ims": [], "comments_count": 0,
        }  # fmt: skip
        self._at.tables["files"].insert(values, id=id, at=at.replace(microsecond=0))

    # -- conversations ----------------------------------------------------------------------------------------------

    def _conversations(self) -> None:
        scale = self._world.scale
        self._talk(self._channel(1, "general", "public_channel", everyone=True, purpose="Everything"), 150 * scale, 1)
        self._talk(self._channel(2, "random", "public_channel", bot=False), 5, 2)
        self._talk(self._channel(3, "sales", "public_channel", topic="Q3 &gt; Q2"), 90 * scale, 3, long=True)
        self._talk(self._channel(4, "deals-west", "private_channel"), 40, 4)
        self._talk(self._channel(5, "leadership", "private_channel", bot=False), 5, 5)
        for company in self._world.companies[:ACCOUNTS]:
            n = 100 + company.index
            archived = company.index % 24 == 11
            bot = company.index % 12 == 0 or archived
            id = self._channel(n, f"acct-{company.slug}"[:80], "public_channel", bot=bot, archived=archived)
            self._talk(id, 6 + company.index % 20 if company.index % 3 == 0 or archived else 0, n, company=company)
        for i in range(3):
            self._talk(self._channel(900 + i, "", "im", user=self.user(i)), 3, 900 + i)
        for i in range(2):
            self._talk(self._channel(950 + i, f"mpdm-anna--backhaul--{i}-1", "mpim"), 4, 950 + i)

    def _channel(
        self, n: int, name: str, kind: str, *, bot: bool = True, everyone: bool = False, archived: bool = False,
        topic: str = "", purpose: str = "", user: str = "",
    ) -> str:  # fmt: skip
        id = f"{'D' if kind == 'im' else 'C'}{n:08d}"
        values = {"kind": kind, "name": name, "is_archived": archived, "creator": self.user(n), "topic": topic,
                  "purpose": purpose, "user": user}  # fmt: skip
        self._at.tables["conversations"].insert(values, id=id, at=MADE + timedelta(hours=n))
        sellers = range(len(self._world.sellers)) if everyone else range(n % 4, len(self._world.sellers), 4)
        for member in [user] if user else [self.user(i) for i in sellers]:
            self._at.join(id, member, MADE)
        if bot:
            self._at.join(id, BOT_USER, MADE)
        if kind == "public_channel" and not archived:
            self._at.tables["bookmarks"].insert(
                {"channel_id": id, "title": f"About {name}", "link": f"https://wiki.example/{name}", "emoji": ":book:",
                 "icon_url": None, "type": "link", "entity_id": None, "app_id": None, "rank": "i",
                 "last_updated_by_user_id": self.user(n)}, id=f"Bk{n:07d}", at=MADE,
            )  # fmt: skip
        return id

    def _talk(self, id: str, count: int, salt: int, *, company: Company | None = None, long: bool = False) -> None:
        span = EPOCH - FIRST
        for i in range(count):
            h = mix(self._seed, 520 + salt, i)
            at = FIRST + span * i / count + timedelta(seconds=h % 3600, microseconds=h % 1_000_000)
            about = company or self._world.companies[h % len(self._world.companies)]
            text = pick(SAID, self._seed, 521 + salt, i).format(
                company=about.name, domain=about.domain, city=about.city
            )
            values: dict[str, Any] = {"text": text, **self._author(h)}
            if h % 11 == 0:
                values["edited"] = {"user": self.user(h), "ts": f"{int(at.timestamp()) + 60}.000000"}
            if h % 7 == 0:
                values["reactions"] = [{"name": "+1", "users": [self.user(h + 1), self.user(h + 2)], "count": 2}]
            if h % 13 == 0:
                values["files"] = [self._at.shown_file(self._file(h))]
            row = self._at.post(id, values, at)
            replies = 130 if long and i == 5 else 1 + h % 5 if h % 20 == 0 else 0
            for n in range(replies):
                self._answer(id, row.values["ts"], row.values.get("user"), n, h, at)
            if h % 40 == 0:
                self._at.tables["pins"].insert(
                    {"channel_id": id, "ts": row.values["ts"], "created_by": self.user(h)}, id=row.id, at=at
                )

    def _author(self, h: int) -> dict[str, Any]:
        if h % 23 == 0:  # an integration of old: no user
            return {"subtype": "bot_message", "bot_id": "B0OLDHOOK1", "username": "deploys"}
        if h % 17 == 0:
            return {"user": BOT_USER, "bot_id": BOT, "app_id": APP, "team": TEAM}
        if h % 31 == 0:  # of another workspace, in a shared channel: not among our users
            return {"user": "W0STRANGER", "team": "T0OTHERS1"}
        return {"user": self.user(h), "team": TEAM, "client_msg_id": f"{h:016x}"}

    def _answer(self, id: str, root: str, asker: Any, n: int, h: int, at: datetime) -> None:
        user = self.user(h + n + 1)
        values: dict[str, Any] = {
            "text": pick(ANSWERED, self._seed, h % 1000, n).format(user=self.user(h)),
            "user": user, "team": TEAM, "thread_ts": root, "parent_user_id": asker, "client_msg_id": f"{h + n:016x}",
        }  # fmt: skip
        if n == 0 and h % 40 == 0:
            values["subtype"] = "thread_broadcast"
        self._at.post(id, values, at + timedelta(minutes=n + 1, microseconds=n))

    def _file(self, h: int) -> Any:
        files = self._at.tables["files"].order
        return files[h % len(files)]
