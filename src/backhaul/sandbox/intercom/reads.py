"""Lists, searches, the scroll over companies, and single records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.intercom.answers import error, invalid, not_found, refuse, reply, seconds
from backhaul.sandbox.intercom.asked import Reader, new_only
from backhaul.sandbox.intercom.search import Fields, page_of
from backhaul.sandbox.intercom.workspace import CUSTOM, NAME, WORKSPACE, ZONE, Workspace
from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import Refused, served

IDLE = 60.0
"""Seconds after which a scroll that nobody goes on with is closed."""
SCROLLED = 100
MOST = {"contacts": 60, "conversations": 150, "tickets": 60}
"""Of contacts and tickets the papers tell none; larger ones are a variant."""
USUAL = {"contacts": 50, "conversations": 20, "tickets": 20}
_DATES = ("created_at", "updated_at", "signed_up_at", "last_seen_at", "last_contacted_at", "last_replied_at")
_CONTACT = {
    **dict.fromkeys(("id", "role", "name", "owner_id", "email", "email_domain", "phone", "external_id", "tag_id",
                     "segment_id", "unsubscribed_from_emails"), "text"),
    **dict.fromkeys(_DATES, "date"),
}  # fmt: skip
_CONVERSATION = {
    **dict.fromkeys(("id", "source.type", "source.id", "source.subject", "source.body", "source.author.id",
                     "contact_ids", "admin_assignee_id", "team_assignee_id", "open", "read", "state", "priority",
                     "tag_ids", "title"), "text"),
    "created_at": "date", "updated_at": "date",
}  # fmt: skip
_TICKET = {
    **dict.fromkeys(("id", "title", "description", "category", "ticket_type_id", "contact_ids", "admin_assignee_id",
                     "team_assignee_id", "open", "state"), "text"),
    "created_at": "date", "updated_at": "date", "snoozed_until": "date",
}  # fmt: skip


class _Scroll:
    """The one scroll of the app that may be open: what it has still to give, and when it was last gone on with."""

    def __init__(self, rows: list[Row], now: datetime) -> None:
        self.param = str(uuid4())
        self.rows = rows
        self.used = now


class Reads:
    def __init__(self, workspace: Workspace, reader: Reader) -> None:
        self._at = workspace
        self._reader = reader
        self._scroll: _Scroll | None = None
        by_day = workspace.variants["conversation_dates"] == "days"
        self._searched = {
            "contacts": Fields(_CONTACT, self._of_contact, by_day=True, prefixes={"custom_attributes.": "text"}),
            "conversations": Fields(
                _CONVERSATION, self._of_talk, by_day=by_day, prefixes={"custom_attributes.": "text"}
            ),
            "tickets": Fields(_TICKET, self._of_ticket, by_day=by_day, prefixes={"ticket_attribute.": "text"}),
        }

    # -- contacts, conversations, tickets --------------------------------------------------------------------------

    async def listed(self, request: Request) -> Response:
        """The lists of contacts and of conversations, newest first."""
        name = request.path_params["name"]
        known = ("per_page", "starting_after", *(("include_merge_history",) if name == "contacts" else ()))
        found = self._reader.params(request, *known)
        history = self._history(request, found)
        rows = list(self._at.tables[name].live())
        size = self._reader.per_page(found, USUAL[name], self._most(name))
        page, cursor = page_of(
            rows,
            lambda row: (row.created_at.isoformat(), row.id),
            found.get("starting_after"),
            size,
            of=name,
            down=True,
        )
        return self._answer(request, name, page, len(rows), size, cursor, history)

    def _most(self, name: str) -> int:
        return 150 if self._at.variants["largest_pages"] == "150" else MOST[name]

    def _history(self, request: Request, found: Mapping[str, str]) -> bool:
        """Older versions know nothing of merges."""
        asked = found.get("include_merge_history", "false")
        if asked not in ("true", "false"):
            invalid("include_merge_history must be a boolean", "include_merge_history")
        return asked == "true" and request.scope["intercom_version"] in ("2.16", "Preview")

    async def searched(self, request: Request) -> Response:
        name = request.path_params["name"]
        known = {"contacts": ("include_merge_history",), "conversations": ("include_monitors", "include_scorecards"),
                 "tickets": ()}[name]  # fmt: skip
        history = self._history(request, self._reader.params(request, *known))
        body = await self._reader.body(request, "query", "pagination", *(("sort",) if name == "contacts" else ()))
        test = self._searched[name].test(body.get("query"))
        pagination = body.get("pagination") or {}
        if not isinstance(pagination, dict) or set(pagination) - {"per_page", "starting_after", "page"}:
            refuse(400, "bad_request", "pagination has per_page and starting_after")
        size = self._reader.per_page(pagination, USUAL[name], self._most(name))
        by, down = self._sorted(body.get("sort"))
        rows = [row for row in self._at.tables[name].live() if test(row)]
        if name == "contacts":  # one that was just made is found some minutes later
            found_by_now = self._at.stamp_now()
            rows = [row for row in rows if row.created_at <= found_by_now]

        def at(row: Row) -> tuple[Any, str]:
            moment = row.created_at if by == "created_at" else row.changed_at
            return seconds(moment), row.id

        of = (name, body.get("query"), by, down)
        page, cursor = page_of(rows, at, pagination.get("starting_after"), size, of=of, down=down)
        return self._answer(request, name, page, len(rows), size, cursor, history)

    def _sorted(self, sort: Any) -> tuple[str, bool]:
        """Without a word about it: what changed last comes first."""
        if sort is None:
            return "updated_at", True
        if not isinstance(sort, dict) or set(sort) != {"field", "order"}:
            refuse(400, "bad_request", "sort has a field and an order")
        if sort["order"] not in ("ascending", "descending"):
            text = f"Invalid sort order '{sort['order']}'. Must be one of: ascending, descending"
            refuse(400, "invalid_sort_order", text)
        if sort["field"] not in ("created_at", "updated_at"):
            invalid(f"{sort['field']} cannot be sorted by", "sort")
        return sort["field"], sort["order"] == "descending"

    def _answer(
        self, request: Request, name: str, page: Sequence[Row], total: int, size: int, cursor: str | None, history: bool
    ) -> Response:
        shown = {
            "contacts": lambda row: self._at.contact(row, history=history),
            "conversations": self._at.conversation,
            "tickets": self._at.ticket,
        }[name]
        kind, under = {"contacts": ("list", "data"), "conversations": ("conversation.list", "conversations"),
                       "tickets": ("ticket.list", "tickets")}[name]  # fmt: skip
        served(request, len(page))
        pages: dict[str, Any] = {"type": "pages", "page": 1, "per_page": size, "total_pages": -(-total // size)}
        if cursor is not None:
            pages["next"] = {"page": 2, "starting_after": cursor}
        return reply({"type": kind, under: [shown(row) for row in page], "total_count": total, "pages": pages})

    def _of_contact(self, row: Row, name: str) -> Any:
        if name == "tag_id":
            return [each.values["tag_id"] for each in self._at.of("contact_tags", row.id)]
        if name == "segment_id":
            return [each.values["segment_id"] for each in self._at.of("contact_segments", row.id)]
        if name == "email_domain":
            return str(row.values["email"] or "").partition("@")[2]
        return self._of(row, name)

    def _of(self, row: Row, name: str) -> Any:
        if name in ("created_at", "updated_at"):
            return seconds(row.created_at if name == "created_at" else row.changed_at)
        if name == "id":
            return row.id
        if name.startswith("custom_attributes."):
            return row.values["custom"].get(name.partition(".")[2])
        return row.values.get(name)

    def _of_talk(self, row: Row, name: str) -> Any:
        if name == "contact_ids":
            return row.values["contact_id"]
        if name == "tag_ids":
            return row.values["tags"]
        if name.startswith("source."):
            found: Any = row.values["source"]
            for step in name.split(".")[1:]:
                found = (found or {}).get(step)
            return found
        return self._of(row, name)

    def _of_ticket(self, row: Row, name: str) -> Any:
        match name:
            case "contact_ids":
                return row.values["contact_id"]
            case "title" | "description":
                return row.values["custom"].get(f"_default_{name}_")
            case "state":
                return self._at.tables["ticket_states"].require(row.values["state"]).values["category"]
        if name.startswith("ticket_attribute."):
            held = self._at.attributes.of[f"ticket {row.values['ticket_type_id']}"]
            known = next((each.name for each in held.values() if str(each.id) == name.partition(".")[2]), "")
            return row.values["custom"].get(known)
        return self._of(row, name)

    async def one(self, request: Request) -> Response:
        name, id = request.path_params["name"], request.path_params["id"]
        known = {"contacts": ("include_merge_history",), "conversations": ("display_as", "include_translations")}
        found = self._reader.params(request, *known.get(name, ()))
        row = self.live(name, id)
        match name:
            case "contacts":
                return reply(self._at.contact(row, history=self._history(request, found)))
            case "companies":
                return reply(self._at.company(row))
            case "conversations":
                return reply(self._at.conversation(row, parts=True))
            case "tickets":
                return reply(self._at.ticket(row))
        return reply(self._at.small(name, row))

    def live(self, name: str, id: str) -> Row:
        """The record. Raises Refused, in the words that the vendor has for each."""
        row = self._at.find(name, id)
        if row is None:
            match name:
                case "contacts":
                    self.absent_contact(id)
                case "companies":
                    not_found("Company Not Found", "company_not_found")
                case "tickets":
                    not_found("Ticket not found", "ticket_not_found")
            not_found()
        return row

    def absent_contact(self, id: str) -> NoReturn:
        """Merged ones are gone, and where to is told; one page of the papers says that they are simply not there."""
        row = self._at.tables["contacts"].get(id)
        if row is not None and row.merged_into and self._at.variants["merged_contact"] == "410":
            text = "This contact has been merged. See the 'Link' header for the canonical contact."
            response = error(410, "contact_merged", text)
            response.headers["link"] = f'</contacts/{row.merged_into}>; rel="canonical"'
            raise Refused(response)
        not_found("User Not Found")

    async def by_external_id(self, request: Request) -> Response:
        found = self._reader.params(request, "include_merge_history")
        id = request.path_params["external_id"]
        row = next((each for each in self._at.tables["contacts"].live()
                    if each.values["external_id"] == id and each.values["role"] == "user"), None)  # fmt: skip
        if row is None:
            not_found("User Not Found")
        return reply(self._at.contact(row, history=self._history(request, found)))

    async def merge_history(self, request: Request) -> Response:
        new_only(request)
        found = self._reader.params(request, "cursor", "per_page", "order")
        row = self.live("contacts", request.path_params["id"])
        if row.values["role"] != "user":
            not_found("Contact not found")
        self._reader.per_page(found, 50, 150)
        held = [{"type": "merge_history", **each} for each in row.values["merge_history"]]
        return reply({"type": "list", "data": held[::-1], "next_cursor": None, "has_more": False})

    async def deleted(self, request: Request) -> Response:
        new_only(request)
        found = self._reader.params(request, "page", "per_page", "order")
        if found.get("order", "desc") not in ("asc", "desc"):
            invalid("order must be asc or desc", "order")
        rows = [row for row in self._at.tables["conversations"].order if row.deleted_at is not None and not row.purged]
        rows.sort(key=lambda row: (row.deleted_at, row.id), reverse=found.get("order", "desc") == "desc")
        shown = [{"type": "conversation", "id": row.id, "metrics_retained": True,
                  "deleted_at": seconds(row.deleted_at)} for row in rows if row.deleted_at is not None]  # fmt: skip
        return self._numbered(request, found, shown, "conversations", "conversations.list", 20, 60)

    # -- companies -------------------------------------------------------------------------------------------------

    def _companies(self) -> list[Row]:
        """Those that lists show: with a user at least."""
        shown = self._at.variants["companies_without_users"] == "shown"
        return [row for row in self._at.tables["companies"].live() if shown or self._at.users_of(row)]

    async def scroll(self, request: Request) -> Response:
        """Each answer moves it on: no page can be had twice. It ends with an empty page."""
        found = self._reader.params(request, "scroll_param")
        now, open_ = self._at.clock.now(), self._scroll
        if "scroll_param" not in found:
            # how long it stays open passes as fast as the limits' spans do; going on with it is never too late here
            if open_ is not None and (now - open_.used).total_seconds() < IDLE / self._at.controls["pace"]:
                return error(400, "scroll_exists", "scroll already exists for this workspace")
            self._scroll = open_ = _Scroll(self._companies(), now)
        elif open_ is None or found["scroll_param"] != open_.param or (now - open_.used).total_seconds() > IDLE:
            not_found("scroll parameter not found")
        cap = self._at.controls["page_size_cap"]
        size = SCROLLED if cap is None else int(cap)
        page, open_.rows = open_.rows[:size], open_.rows[size:]
        open_.used = now
        if not page:
            self._scroll = None
        served(request, len(page))
        data = [self._at.company(row) for row in page]
        return reply({"type": "list", "data": data, "pages": None, "total_count": None, "scroll_param": open_.param})

    async def company_list(self, request: Request) -> Response:
        found = self._reader.params(request, "page", "per_page", "order")
        rows = sorted(self._companies(), key=lambda row: (row.values["last_request_at"] or 0, row.id),
                      reverse=found.get("order", "desc") == "desc")[:10_000]  # fmt: skip
        shown = [self._at.company(row) for row in rows]
        return self._numbered(request, found, shown, "data", "list", 15, 60)

    async def companies(self, request: Request) -> Response:
        """One by its name or our id of it; or a page of them."""
        found = self._reader.params(request, "name", "company_id", "tag_id", "segment_id", "page", "per_page")
        for name in ("company_id", "name"):
            if name in found:
                row = next(
                    (each for each in self._at.tables["companies"].live() if each.values[name] == found[name]), None
                )
                if row is None:
                    not_found("Company Not Found", "company_not_found")
                return reply(self._at.company(row))
        return self._numbered(
            request, found, [self._at.company(row) for row in self._companies()], "data", "list", 15, 60
        )

    # -- what hangs on a contact or a company ----------------------------------------------------------------------

    async def hanging(self, request: Request) -> Response:
        """The companies, tags, segments or notes of a contact; the notes of a company."""
        owner, name, id = request.path_params["name"], request.path_params["kind"], request.path_params["id"]
        self.live(owner, id)
        if name == "notes":
            table = "contact_notes" if owner == "contacts" else "company_notes"
            found = self._reader.params(request, "page", "per_page")
            shown = [self._at.note(row) for row in reversed(self._at.of(table, id))]
            return self._numbered(request, found, shown, "data", "list", 50, 150)
        found = self._reader.params(request, *(("page", "per_page") if name == "companies" else ()))
        rows = self._at.of(f"contact_{name}", id)
        if name == "companies":
            held = [self._at.find("companies", row.values["company_id"]) for row in rows]
            shown = [self._at.company(row) for row in held if row is not None]
            under = self._at.variants["companies_of_a_contact"]
            return self._numbered(request, found, shown, under, "list", 50, 150)
        shown = [self._tied(name, row) for row in rows]
        served(request, len(shown))
        return reply({"type": "list", "data": shown})

    def _tied(self, name: str, row: Row) -> dict[str, Any]:
        if name == "segments":
            return self._at.small("segments", self._at.tables["segments"].require(row.values["segment_id"]))
        tag = self._at.small("tags", self._at.tables["tags"].require(row.values["tag_id"]))
        return {**tag, "applied_at": seconds(row.created_at), "applied_by": {"type": "admin", "id": self._at.me}}

    async def note(self, request: Request) -> Response:
        id = request.path_params["id"]
        row = self._at.find("contact_notes", id) or self._at.find("company_notes", id)
        if row is None:
            not_found()
        return reply(self._at.note(row))

    # -- short lists, attributes, custom objects -------------------------------------------------------------------

    async def small(self, request: Request) -> Response:
        name = request.path_params["name"]
        known = {"articles": ("page", "per_page"), "collections": ("page", "per_page"), "segments": ("include_count",),
                 "admins": ("display_avatar",)}.get(name, ())  # fmt: skip
        found = self._reader.params(request, *known)
        shown = [self._at.small(name, row) for row in self._at.tables[name].live()]
        if name in ("articles", "collections"):
            return self._numbered(request, found, shown, "data", "list", 25, 150)
        kind, under = {"admins": ("admin.list", "admins"), "teams": ("team.list", "teams"),
                       "segments": ("segment.list", "segments")}.get(name, ("list", "data"))  # fmt: skip
        served(request, len(shown))
        return reply({"type": kind, under: shown})

    async def me(self, request: Request) -> Response:
        self._reader.params(request)
        admin = self._at.tables["admins"].require(self._at.me)
        app = {"type": "app", "id_code": WORKSPACE, "name": NAME, "created_at": 1673251200, "secure": False,
               "identity_verification": False, "timezone": ZONE, "region": "US"}  # fmt: skip
        return reply({**self._at.small("admins", admin), "email_verified": True, "app": app})

    async def data_attributes(self, request: Request) -> Response:
        found = self._reader.params(request, "model", "include_archived")
        model = found.get("model")
        if model == "conversation":
            refuse(422, "parameter_invalid",
                   "model=conversation is no longer supported. Use GET /conversations/attributes instead")  # fmt: skip
        if model not in (None, "contact", "company"):
            invalid("model must be contact or company", "model")
        archived = found.get("include_archived") == "true"
        told: list[dict[str, Any]] = []
        for each in ("contact", "company") if model is None else (model,):
            told += [{"type": "data_attribute", "name": name, "full_name": name, "label": name, "data_type": "string",
                      "api_writable": True, "ui_writable": False, "messenger_writable": True, "custom": False,
                      "archived": False, "model": each} for name in ("name",)]  # fmt: skip
            told += [self.attribute(each, name) for name, held in self._at.attributes.of[each].items()
                     if archived or not held.archived]  # fmt: skip
        served(request, len(told))
        return reply({"type": "list", "data": told})

    def attribute(self, model: str, name: str) -> dict[str, Any]:
        held = self._at.attributes.of[model][name]
        told = {"id": held.id, "type": "data_attribute", "name": name, "full_name": f"custom_attributes.{name}",
                "label": held.label, "data_type": held.type, "api_writable": held.writable, "ui_writable": False,
                "messenger_writable": False, "custom": True, "archived": held.archived, "admin_id": self._at.me,
                "created_at": 1673251200, "updated_at": 1673251200, "model": model}  # fmt: skip
        return {**told, "options": list(held.options)} if held.options else told

    async def conversation_attributes(self, request: Request) -> Response:
        new_only(request)
        self._reader.params(request, "include_archived")
        told = []
        for held in self._at.attributes.of["conversation"].values():
            each: dict[str, Any] = {
                "type": "conversation_attribute", "id": held.id, "name": held.name, "description": held.label,
                "data_type": held.type, "required": held.required, "visible_to_team_ids": [], "archived": held.archived,
                "created_at": 1673251200, "updated_at": 1673251200, "admin_id": self._at.me,
            }  # fmt: skip
            if held.options:
                each["options"] = [{"id": f"{held.id}-{n}", "label": one, "archived": False}
                                   for n, one in enumerate(held.options)]  # fmt: skip
            if held.object_type is not None:
                each["reference"] = {"type": "many", "object_type_id": held.object_type}
            told.append(each)
        served(request, len(told))
        return reply({"type": "list", "data": told})

    async def instances(self, request: Request) -> Response:
        new_only(request)
        self.known_type(request)
        found = self._reader.params(
            request, "page", "per_page", "external_id", "references_contact_id", "references_conversation_id"
        )
        rows = list(self._at.tables[CUSTOM].live())
        if "external_id" in found:
            row = next((each for each in rows if each.values["external_id"] == found["external_id"]), None)
            if row is None:
                not_found()
            return reply(self._at.instance(row))
        shown = [self._at.instance(row) for row in reversed(rows)]
        return self._numbered(request, found, shown, "data", "list", 20, 150)

    async def instance(self, request: Request) -> Response:
        self.known_type(request)
        self._reader.params(request)
        row = self._at.find(CUSTOM, request.path_params["id"])
        if row is None:
            not_found()
        return reply(self._at.instance(row))

    def known_type(self, request: Request) -> None:
        if request.path_params["type"] != CUSTOM:
            not_found(f"Custom object type `{request.path_params['type']}` not found")

    # -- pages -----------------------------------------------------------------------------------------------------

    def _numbered(
        self,
        request: Request,
        found: Mapping[str, str],
        shown: Sequence[Any],
        under: str,
        kind: str,
        usual: int,
        most: int,
    ) -> Response:
        """A page by its number; the next one's address stands in `pages.next`."""
        size, number = self._reader.per_page(found, usual, most), self._reader.page(found)
        page = shown[(number - 1) * size : number * size]
        total = -(-len(shown) // size)
        served(request, len(page))
        next_ = None
        if number < total:
            url = request.url.include_query_params(page=number + 1, per_page=size)
            next_ = f"https://api.intercom.io{url.path}?{url.query}"
        pages = {"type": "pages", "next": next_, "page": number, "per_page": size, "total_pages": total}
        return reply({"type": kind, under: page, "total_count": len(shown), "pages": pages})
