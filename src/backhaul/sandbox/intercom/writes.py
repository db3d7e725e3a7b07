"""Records written one by one: there are no batches, no versions, and no keys that tell one request from another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.intercom.answers import invalid, not_found, refuse, reply, seconds
from backhaul.sandbox.intercom.asked import Reader
from backhaul.sandbox.intercom.attributes import DESCRIPTION, TITLE
from backhaul.sandbox.intercom.reads import Reads
from backhaul.sandbox.intercom.seed import Seeder, company_values, contact_values, conversation_values, ticket_values
from backhaul.sandbox.intercom.workspace import CUSTOM, Workspace
from backhaul.sandbox.tables import Row

_CONTACT = {"role": str, "external_id": str, "email": str, "phone": str, "name": str, "avatar": str,
            "signed_up_at": int, "last_seen_at": int, "owner_id": str, "unsubscribed_from_emails": bool,
            "email_verified": bool}  # fmt: skip
_COMPANY = {"name": str, "company_id": str, "plan": str, "size": int, "website": str, "industry": str,
            "remote_created_at": int, "monthly_spend": int, "update_last_request_at": bool}  # fmt: skip
_TICKET = {"ticket_type_id": str, "contacts": list, "company_id": str, "created_at": int, "assignment": dict,
           "conversation_to_link_id": str, "skip_notifications": bool}  # fmt: skip
_TICKET_CHANGE = {"ticket_state_id": str, "company_id": str, "open": bool, "is_shared": bool, "snoozed_until": int,
                  "admin_id": str, "assignee_id": str, "skip_notifications": bool}  # fmt: skip
_CONVERSATION_CHANGE = {"read": bool, "title": str, "company_id": str}
_TYPES = ("string", "integer", "float", "boolean", "date", "datetime", "options")


def fitting(given: Mapping[str, Any], kinds: Mapping[str, type]) -> dict[str, Any]:
    """The values that are of their kind. An id may come as a number. Raises Refused."""
    values: dict[str, Any] = {}
    for name, kind in kinds.items():
        if name not in given:
            continue
        value = given[name]
        if kind is str and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if value is not None and not fits:
            invalid(f"{name} must be of type {kind.__name__}", name)
        values[name] = value
    return values


class Writes:
    def __init__(self, workspace: Workspace, reader: Reader, reads: Reads, seeder: Seeder) -> None:
        self._at = workspace
        self._reader = reader
        self._reads = reads
        self._seeder = seeder

    # -- contacts --------------------------------------------------------------------------------------------------

    async def create_contact(self, request: Request) -> Response:
        self._reader.params(request)
        given = await self._reader.body(request, *_CONTACT, "custom_attributes")
        values = self._contact(given, None)
        role = values.setdefault("role", "user" if values.get("external_id") or values.get("email") else "lead")
        if role == "user" and not (values.get("external_id") or values.get("email")):
            refuse(400, "parameter_not_found", "email or external_id must be supplied for a user")
        values["custom"] = self._at.attributes.checked("contact", given.get("custom_attributes"))
        row = self._at.put("contacts", contact_values(**values), self._at.next_id("contacts"), self._at.clock.now())
        return reply(self._at.contact(row))

    async def update_contact(self, request: Request) -> Response:
        found = self._reader.params(request, "include_merge_history")
        row = self._reads.live("contacts", request.path_params["id"])
        given = await self._reader.body(request, *_CONTACT, "custom_attributes")
        values = self._contact(given, row)
        if row.values["role"] == "user" and values.get("role") == "lead":
            invalid("a user cannot become a lead", "role")
        custom = self._at.attributes.checked("contact", given.get("custom_attributes"))
        self._at.tables["contacts"].update(
            row.id, {**values, "custom": {**row.values["custom"], **custom}}, self._at.clock.now()
        )
        return reply(self._at.contact(row, history=found.get("include_merge_history") == "true"))

    def _contact(self, given: Mapping[str, Any], own: Row | None) -> dict[str, Any]:
        values = fitting(given, _CONTACT)
        values.pop("email_verified", None)
        if values.get("role") not in (None, "user", "lead"):
            invalid("role must be user or lead", "role")
        if values.get("email") and "@" not in values["email"]:
            invalid("email is invalid", "email")
        if values.get("owner_id") and self._at.find("admins", values["owner_id"]) is None:
            not_found()
        self._alone(values, own)
        return values

    def _alone(self, values: Mapping[str, Any], own: Row | None) -> None:
        """No two contacts have one id of ours, nor two users one address; archived ones count."""
        role = values.get("role") or (own.values["role"] if own is not None else "user")
        for row in self._at.tables["contacts"].order:
            gone = row.purged or row.merged_into is not None or row.values.get("erased")
            if gone or row is own:
                continue
            same_id = values.get("external_id") and row.values["external_id"] == values["external_id"]
            same_mail = (
                values.get("email") and role == row.values["role"] == "user"
                and str(row.values["email"] or "").lower() == str(values["email"]).lower()
            )  # fmt: skip
            if same_id or same_mail:
                kind = "A" if row.live else "An archived"
                refuse(409, "conflict", f"{kind} contact matching those details already exists with id={row.id}")

    async def delete_contact(self, request: Request) -> Response:
        """For good: its details may be used again."""
        row = self._reads.live("contacts", request.path_params["id"])
        self._at.tables["contacts"].delete(row.id, self._at.clock.now())
        row.values["erased"] = True
        external = row.values["external_id"]
        return reply({"type": "contact", "id": row.id, "external_id": external, "deleted": True})

    async def archive(self, request: Request) -> Response:
        row = self._reads.live("contacts", request.path_params["id"])
        self._at.tables["contacts"].delete(row.id, self._at.clock.now())
        return reply({"type": "contact", "id": row.id, "external_id": row.values["external_id"], "archived": True})

    async def unarchive(self, request: Request) -> Response:
        row = self._at.tables["contacts"].get(request.path_params["id"])
        if row is None or row.merged_into is not None or row.values.get("erased"):
            not_found("User Not Found")
        self._at.tables["contacts"].restore(row.id, self._at.clock.now())
        return reply({"type": "contact", "id": row.id, "external_id": row.values["external_id"], "archived": False})

    async def merge(self, request: Request) -> Response:
        """A lead into a user; those that share neither address nor number only if that is said."""
        found = self._reader.params(request, "include_merge_history")
        given = await self._reader.body(request, "from", "into", "skip_duplicate_validation")
        gone, kept = (self._reads.live("contacts", str(given.get(each, ""))) for each in ("from", "into"))
        if gone.values["role"] != "lead" or kept.values["role"] != "user":
            refuse(400, "invalid_merge", "A lead can be merged into a user only")
        alike = any(gone.values[each] and gone.values[each] == kept.values[each] for each in ("email", "phone"))
        if not alike and given.get("skip_duplicate_validation") is not True:
            text = ("Contacts can only be merged when they are duplicates (matching email or phone). "
                    "Pass skip_duplicate_validation=true to override this check.")  # fmt: skip
            refuse(400, "invalid_merge", text)
        self.merged(gone, kept)
        return reply(self._at.contact(kept, history=found.get("include_merge_history") == "true"))

    def merged(self, gone: Row, kept: Row) -> None:
        now = self._at.clock.now()
        told = {"source_contact_id": gone.id, "source_contact_role": gone.values["role"], "merged_at": seconds(now)}
        kept.values["merge_history"] = [*kept.values["merge_history"], told]
        self._at.tables["contacts"].merge(gone.id, kept.id, now)

    # -- what hangs on them ----------------------------------------------------------------------------------------

    async def attach(self, request: Request) -> Response:
        """A company or a tag to a contact."""
        name, id = request.path_params["kind"], request.path_params["id"]
        self._reader.params(request)
        row = self._reads.live("contacts", id)
        given = fitting(await self._reader.body(request, "id"), {"id": str})
        table = {"companies": "companies", "tags": "tags"}[name]
        other = self._reads.live(table, str(given.get("id", "")))
        now = self._at.clock.now()
        link = self._at.link(f"contact_{name}", id, other.id, now)
        self._at.touch("contacts", row, now)
        if name == "companies":
            return reply(self._at.company(other))
        return reply({**self._at.small("tags", other), "applied_at": seconds(link.created_at)})

    async def detach(self, request: Request) -> Response:
        name, id, other = (request.path_params[each] for each in ("kind", "id", "other"))
        row = self._reads.live("contacts", id)
        held = self._reads.live(name, other)
        now = self._at.clock.now()
        if not self._at.unlink(f"contact_{name}", id, other, now):
            not_found()
        self._at.touch("contacts", row, now)
        return reply(self._at.company(held) if name == "companies" else self._at.small("tags", held))

    async def add_note(self, request: Request) -> Response:
        owner, id = request.path_params["name"], request.path_params["id"]
        self._reader.params(request)
        row = self._reads.live(owner, id)
        given = fitting(
            await self._reader.body(request, "body", "admin_id", "contact_id"), {"body": str, "admin_id": str}
        )
        if not given.get("body"):
            refuse(400, "parameter_not_found", "body must be supplied", "body")
        author = given.get("admin_id") or self._at.me
        if self._at.find("admins", author) is None:
            not_found()
        table = "contact_notes" if owner == "contacts" else "company_notes"
        now = self._at.clock.now()
        values = {f"{owner[:-1] if owner == 'contacts' else 'company'}_id": id, "admin_id": author,
                  "body": _as_html(given["body"])}  # fmt: skip
        note = self._at.put(table, values, self._at.next_id(table), now)
        self._at.touch(owner, row, now)
        return reply(self._at.note(note))

    # -- companies -------------------------------------------------------------------------------------------------

    async def upsert_company(self, request: Request) -> Response:
        """By our id of it: made where there is none, else changed."""
        self._reader.params(request)
        given = await self._reader.body(request, *_COMPANY, "custom_attributes")
        values = self._company(given)
        if not values.get("company_id"):
            refuse(400, "parameter_not_found", "company_id must be supplied", "company_id")
        row = next((each for each in self._at.tables["companies"].live()
                    if each.values["company_id"] == values["company_id"]), None)  # fmt: skip
        custom, now = self._at.attributes.checked("company", given.get("custom_attributes")), self._at.clock.now()
        if row is None:
            id = self._at.next_id("companies")
            row = self._at.put("companies", company_values(**values, custom=custom), id, now)
        else:
            self._change_company(row, values, custom)
        return reply(self._at.company(row))

    async def update_company(self, request: Request) -> Response:
        self._reader.params(request)
        row = self._reads.live("companies", request.path_params["id"])
        known = [name for name in _COMPANY if name not in ("company_id", "remote_created_at", "update_last_request_at")]
        given = await self._reader.body(request, *known, "custom_attributes")
        self._change_company(row, self._company(given),
                             self._at.attributes.checked("company", given.get("custom_attributes")))  # fmt: skip
        return reply(self._at.company(row))

    def _company(self, given: Mapping[str, Any]) -> dict[str, Any]:
        values = fitting(given, _COMPANY)
        if values.pop("update_last_request_at", False):
            values["last_request_at"] = seconds(self._at.clock.now())
        return values

    def _change_company(self, row: Row, values: Mapping[str, Any], custom: Mapping[str, Any]) -> None:
        merged = {**row.values["custom"], **custom}
        self._at.tables["companies"].update(row.id, {**values, "custom": merged}, self._at.clock.now())

    async def delete_company(self, request: Request) -> Response:
        """It is archived, and its people are detached; nothing tells of it but a webhook."""
        row = self._reads.live("companies", request.path_params["id"])
        self.gone_company(row)
        return reply({"id": row.id, "object": "company", "deleted": True})

    def gone_company(self, row: Row) -> None:
        now = self._at.clock.now()
        for link in [
            each for each in self._at.tables["contact_companies"].live() if each.values["company_id"] == row.id
        ]:
            self._at.tables["contact_companies"].delete(link.id, now)
            contact = self._at.find("contacts", link.values["contact_id"])
            if contact is not None:
                self._at.touch("contacts", contact, now)
        self._at.tables["companies"].delete(row.id, now)

    # -- conversations ---------------------------------------------------------------------------------------------

    async def create_conversation(self, request: Request) -> Response:
        """A contact begins it. The answer is the message."""
        self._reader.params(request)
        given = await self._reader.body(request, "from", "body", "subject", "attachment_urls", "created_at")
        sender = given.get("from")
        if not isinstance(sender, dict) or sender.get("type") not in ("user", "lead", "contact"):
            invalid("from must have a type and an id", "from")
        if not given.get("body") or not isinstance(given["body"], str):
            refuse(400, "parameter_not_found", "body must be supplied", "body")
        contact, now = self._reads.live("contacts", str(sender.get("id", ""))), self._at.clock.now()
        id = self._at.next_id("conversations")
        source: dict[str, Any] = {
            "type": "conversation", "id": str(403918000 + int(id)), "delivered_as": "customer_initiated",
            "subject": given.get("subject") or "", "body": _as_html(given["body"]),
            "author": self._seeder.author(contact.id), "attachments": [], "url": None, "redacted": False,
        }  # fmt: skip
        self._at.put("conversations", conversation_values(source=source, contact_id=contact.id), id, now)
        return reply({"type": "user_message", "id": source["id"], "created_at": seconds(now), "body": given["body"],
                      "message_type": "inapp", "conversation_id": id})  # fmt: skip

    async def update_conversation(self, request: Request) -> Response:
        self._reader.params(request, "display_as")
        row = self._reads.live("conversations", request.path_params["id"])
        given = await self._reader.body(request, *_CONVERSATION_CHANGE, "custom_attributes")
        values = fitting(given, _CONVERSATION_CHANGE)
        custom = self._at.attributes.checked("conversation", given.get("custom_attributes"))
        if values.get("company_id"):
            company = self._reads.live("companies", values["company_id"])
            values["company"] = {"type": "company", "id": company.id, "name": company.values["name"]}
        values.pop("company_id", None)
        changed = {**values, "custom": {**row.values["custom"], **custom}}
        self._at.tables["conversations"].update(row.id, changed, self._at.clock.now())
        return reply(self._at.conversation(row, parts=True))

    async def delete_conversation(self, request: Request) -> Response:
        self._reader.params(request, "retain_metrics")
        row = self._reads.live("conversations", request.path_params["id"])
        self._at.tables["conversations"].delete(row.id, self._at.clock.now())
        return reply({"id": row.id, "object": "conversation", "deleted": True})

    async def answer(self, request: Request) -> Response:
        """Of an admin to a conversation or a ticket, or of a contact: a comment or a note."""
        name = request.path_params["name"]
        self._reader.params(request)
        row = self._reads.live(name, request.path_params["id"])
        given = await self._reader.body(request, "message_type", "type", "body", "admin_id", "created_at",
                                        "intercom_user_id", "attachment_urls", "skip_notifications",
                                        "cross_post")  # fmt: skip
        kind, author = given.get("message_type"), self._author(given)
        if kind not in ("comment", "note") or (kind == "note" and given.get("type") != "admin"):
            invalid("message_type must be comment or note; contacts write no notes", "message_type")
        if not given.get("body") or not isinstance(given["body"], str):
            refuse(400, "parameter_not_found", "body must be supplied", "body")
        category = self._category(row) if name == "tickets" else ""
        if given["type"] == "user" and category == "Back-office":
            refuse(400, "parameter_mismatch", "User replies are not allowed on Backoffice tickets")
        table = "conversation_parts" if name == "conversations" else "ticket_parts"
        part = self._seeder.say(row, table, author, _as_html(given["body"]), self._at.clock.now(), kind=kind)
        return reply(self._at.part(part) if name == "tickets" else self._at.conversation(row, parts=True))

    def _category(self, ticket: Row) -> str:
        return str(self._at.tables["ticket_types"].require(ticket.values["ticket_type_id"]).values["category"])

    def _author(self, given: Mapping[str, Any]) -> str:
        if given.get("type") == "admin":
            id = str(given.get("admin_id", ""))
            if self._at.find("admins", id) is None:
                not_found("Admin not found", "admin_not_found")
            return id
        if given.get("type") != "user":
            invalid("type must be admin or user", "type")
        return self._reads.live("contacts", str(given.get("intercom_user_id", ""))).id

    async def manage(self, request: Request) -> Response:
        """Close, open, snooze or assign a conversation."""
        self._reader.params(request)
        row = self._reads.live("conversations", request.path_params["id"])
        given = await self._reader.body(
            request, "message_type", "type", "admin_id", "assignee_id", "body", "snoozed_until", "skip_notifications"
        )
        author, now = self._author({"type": "admin", **given}), self._at.clock.now()
        changes: dict[str, Any] = {}
        match given.get("message_type"):
            case "close":
                changes, kind = {"state": "closed", "open": False}, "close"
            case "open":
                changes, kind = {"state": "open", "open": True, "snoozed_until": None}, "open"
            case "snoozed":
                until = fitting(given, {"snoozed_until": int}).get("snoozed_until")
                if until is None:
                    refuse(400, "parameter_not_found", "snoozed_until must be supplied", "snoozed_until")
                changes, kind = {"state": "snoozed", "snoozed_until": until}, "snoozed"
            case "assignment":
                assignee = str(given.get("assignee_id", ""))
                field = "team_assignee_id" if self._at.find("teams", assignee) else "admin_assignee_id"
                if assignee != "0" and field == "admin_assignee_id" and self._at.find("admins", assignee) is None:
                    not_found("Assignee not found", "assignee_not_found")
                changes, kind = {field: int(assignee or 0)}, "assignment"
            case _:
                invalid("message_type must be close, open, snoozed or assignment", "message_type")
        self._at.tables["conversations"].update(row.id, changes, now)
        self._seeder.say(row, "conversation_parts", author, given.get("body"), now, kind=kind)
        return reply(self._at.conversation(row, parts=True))

    # -- tickets ---------------------------------------------------------------------------------------------------

    async def create_ticket(self, request: Request) -> Response:
        self._reader.params(request)
        given = await self._reader.body(request, *_TICKET, "ticket_attributes")
        values, now = fitting(given, _TICKET), self._at.clock.now()
        type = self._at.find("ticket_types", values.get("ticket_type_id"))
        if type is None:
            not_found("Ticket type not found", "ticket_type_not_found")
        contacts = values.get("contacts") or []
        if len(contacts) != 1 or not isinstance(contacts[0], dict):
            refuse(400, "parameter_invalid", "exactly one contact must be supplied", "contacts")
        contact = self._reads.live("contacts", str(contacts[0].get("id", "")))
        if values.get("company_id"):
            self._reads.live("companies", values["company_id"])
        custom = self._at.attributes.checked(f"ticket {type.id}", given.get("ticket_attributes"),
                                             field="ticket_attributes")  # fmt: skip
        assignment = values.get("assignment") or {}
        id = self._at.next_id("tickets")
        row = self._at.put(
            "tickets",
            ticket_values(
                number=str(int(id) - 567), ticket_type_id=type.id, contact_id=contact.id,
                company_id=values.get("company_id"), is_shared=type.values["category"] == "Customer",
                admin_assignee_id=int(assignment.get("admin_assignee_id") or 0),
                team_assignee_id=int(assignment.get("team_assignee_id") or 0),
                custom={TITLE: None, DESCRIPTION: None, **custom},
            ),
            id,
            now,
        )  # fmt: skip
        return reply(self._at.ticket(row))

    async def update_ticket(self, request: Request) -> Response:
        self._reader.params(request)
        row = self._reads.live("tickets", request.path_params["id"])
        given = await self._reader.body(request, *_TICKET_CHANGE, "ticket_attributes")
        values, now = fitting(given, _TICKET_CHANGE), self._at.clock.now()
        custom = self._at.attributes.checked(f"ticket {row.values['ticket_type_id']}", given.get("ticket_attributes"),
                                             field="ticket_attributes")  # fmt: skip
        changes: dict[str, Any] = {
            name: values[name] for name in ("company_id", "open", "is_shared", "snoozed_until") if name in values
        }
        if values.get("company_id"):
            self._reads.live("companies", values["company_id"])
        if values.get("ticket_state_id") is not None:
            changes |= self._state(row, values["ticket_state_id"])
        if values.get("assignee_id") is not None:
            changes |= self._assigned(values["assignee_id"])
        self._at.tables["tickets"].update(row.id, {**changes, "custom": {**row.values["custom"], **custom}}, now)
        return reply(self._at.ticket(row))

    def _state(self, row: Row, id: str) -> dict[str, Any]:
        state = self._at.find("ticket_states", id)
        if state is None:
            text = "Ticket state id is not valid or is not associated with the ticket type"
            refuse(400, "ticket_state_id_invalid", text)
        closed = state.values["category"] == "resolved"
        return {"state": id, "previous": row.values["state"], "open": not closed}

    def _assigned(self, id: str) -> dict[str, Any]:
        if id == "0":
            return {"admin_assignee_id": 0, "team_assignee_id": 0}
        if self._at.find("teams", id) is not None:
            return {"team_assignee_id": int(id)}
        if self._at.find("admins", id) is None:
            not_found("Assignee not found", "assignee_not_found")
        return {"admin_assignee_id": int(id)}

    async def delete_ticket(self, request: Request) -> Response:
        row = self._reads.live("tickets", request.path_params["id"])
        self._at.tables["tickets"].delete(row.id, self._at.clock.now())
        return reply({"id": row.id, "object": "ticket", "deleted": True})

    # -- tags, attributes, custom objects --------------------------------------------------------------------------

    async def write_tag(self, request: Request) -> Response:
        """Made, unless there is one of that name; or, with an id, named otherwise."""
        self._reader.params(request)
        given = fitting(await self._reader.body(request, "id", "name"), {"id": str, "name": str})
        name, table, now = given.get("name"), self._at.tables["tags"], self._at.clock.now()
        if not name:
            invalid("invalid tag parameters")
        same = next((each for each in table.live() if each.values["name"].lower() == name.lower()), None)
        if given.get("id"):
            row = self._reads.live("tags", given["id"])
            if same is not None and same is not row:
                refuse(400, "parameter_invalid", f"The tag {name} exists already", "name")
            table.update(row.id, {"name": name}, now)
        else:
            row = same or self._at.put("tags", {"name": name}, self._at.next_id("tags"), now)
        return reply(self._at.small("tags", row))

    async def delete_tag(self, request: Request) -> Response:
        row = self._reads.live("tags", request.path_params["id"])
        self._at.tables["tags"].delete(row.id, self._at.clock.now())
        return Response(status_code=200)

    async def create_attribute(self, request: Request) -> Response:
        self._reader.params(request)
        given = await self._reader.body(
            request, "name", "model", "data_type", "description", "options", "messenger_writable"
        )
        name, model, kind = given.get("name"), given.get("model"), given.get("data_type")
        if model not in ("contact", "company"):
            invalid("The Data Attribute model field must be either contact or company")
        if not isinstance(name, str) or not name or not all(c.isalnum() or c in " _-$€£" for c in name):
            invalid(
                "Your name for this attribute must only contain alphanumeric characters, currency symbols, and hyphens"
            )
        for each, what in (("contact", "people"), ("company", "company")):
            if name in self._at.attributes.of[each]:
                text = f"You already have '{name}' in your {what} data. To save this as new data, use a different name."
                invalid(text)
        if kind not in _TYPES:
            invalid("Data Type isn't an option")
        options = given.get("options") or []
        if kind == "options" and (
            not isinstance(options, list) or len(options) < 2
            or not all(isinstance(each, dict) and isinstance(each.get("value"), str) for each in options)
        ):  # fmt: skip
            invalid("The Data Attribute must have at least two options")
        held = {"options": "string", "datetime": "date"}.get(kind, kind)
        self._at.attributes.add(model, name, held, tuple(each["value"] for each in options))
        return reply(self._reads.attribute(model, name))

    async def upsert_instance(self, request: Request) -> Response:
        self._reader.params(request)
        self._reads.known_type(request)
        kinds = {"external_id": str, "external_created_at": int, "external_updated_at": int}
        given = await self._reader.body(request, *kinds, "custom_attributes")
        values, now = fitting(given, kinds), self._at.clock.now()
        if not values.get("external_id"):
            refuse(400, "parameter_not_found", "external_id must be supplied", "external_id")
        custom = self._instance_values(given.get("custom_attributes") or {})
        row = next((each for each in self._at.tables[CUSTOM].live()
                    if each.values["external_id"] == values["external_id"]), None)  # fmt: skip
        if row is None:
            base = {"external_created_at": None, "external_updated_at": None, **values, "custom": custom}
            row = self._at.put(CUSTOM, base, self._at.next_id(CUSTOM), now)
        else:
            changed = {**values, "custom": {**row.values["custom"], **custom}}
            self._at.tables[CUSTOM].update(row.id, changed, now)
        return reply(self._at.instance(row))

    def _instance_values(self, given: Any) -> dict[str, Any]:
        kinds = {"name": str, "seats": int, "price": (int, float), "active": bool}
        if not isinstance(given, dict):
            invalid("custom_attributes must be an object", "custom_attributes")
        for name, value in given.items():
            if name not in kinds:
                invalid(f"Custom attribute '{name}' does not exist", name)
            if value is not None and not isinstance(value, kinds[name]):  # type: ignore[arg-type]
                invalid(f"{name} does not fit", name)
        return dict(given)

    async def delete_instance(self, request: Request) -> Response:
        self._reads.known_type(request)
        row = self._at.find(CUSTOM, request.path_params["id"])
        if row is None:
            not_found()
        self._at.tables[CUSTOM].delete(row.id, self._at.clock.now())
        return reply({"id": row.id, "object": CUSTOM, "deleted": True})


def _as_html(text: str) -> str:
    return text if text.startswith("<") else f"<p>{text}</p>"
