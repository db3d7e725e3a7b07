"""Sage Intacct, served: the XML gateway's one address, its levels of refusal, and what it leaves open as variants."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.sage_intacct.answers import (
    CONTROL_ID,
    ROLLED_BACK,
    SIGN_IN,
    TOO_MANY,
    Control,
    Failed,
    Fault,
    Outcome,
    Turned,
    reply,
    turned_away,
)
from backhaul.sandbox.sage_intacct.backdoor import Backdoor
from backhaul.sandbox.sage_intacct.company import Company
from backhaul.sandbox.sage_intacct.dialect import Dialect
from backhaul.sandbox.sage_intacct.reads import Reads
from backhaul.sandbox.sage_intacct.seed import Seeder
from backhaul.sandbox.sage_intacct.sessions import Session, Sessions
from backhaul.sandbox.sage_intacct.writes import Writes
from backhaul.sandbox.sage_intacct.xmlish import Element, parse, tag, text_of
from backhaul.sandbox.vendor import Vendor, served
from backhaul.sandbox.world import World

GATE, ENDPOINT = "/ia/xml/xmlgw.phtml", "/dc1/ia/xml/xmlgw.phtml"
_CONTROL = ("senderid", "password", "controlid", "uniqueid", "dtdversion", "includewhitespace", "debug", "policyid")
_NEEDED = ("senderid", "password", "controlid", "dtdversion")
_SESSION = "getAPISession"
LONGEST_ID, MOST_FUNCTIONS = 256, 100


class SageIntacct(Vendor):
    source = "sage_intacct"
    VARIANTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        # In which zone times are told and asked for.
        "times": ("GMT", "company"),
        # How `inspect` of `*` tells an object: its name as an attribute, or as the text.
        "inspect": ("typename", "text"),
        # Whether the audit trail, which a company may switch off, tells of deletions.
        "audit_trail": ("on", "off"),
        # Whether a user without the right to custom reports is refused the audit trail.
        "audit_right": ("given", "missing"),
        # What a session that ended is told by: as a wrong password, or in words of its own.
        "session_end": ("as a wrong password", "own words"),
        # How a query tells of a field that there is not.
        "unknown_field": ("plain", "quoted"),
        # The status of the answer that there are too many requests.
        "throttled": ("429", "200"),
        # Which control ids `uniqueid` remembers: of functions that were done, or of all.
        "unique_ids": ("done", "all"),
        # Elements of a written record that its object does not have. Refusing finds our slips.
        "unknown_element": ("refused", "ignored"),
        # A hundred functions a request are advised; nobody tells of a limit. Refusing more finds our slips.
        "functions": ("100", "any"),
    }

    def __init__(
        self,
        world: World,
        *,
        clock: Clock | None = None,
        scale: int = 1,
        seed: int = 7,
        variants: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(world, clock=clock, scale=scale, seed=seed, variants=variants or {})
        self.controls |= {
            "limit_at_once": 2,
            "session_minutes": 120,
            # A user who was locked, and objects that this one may not see.
            "locked": False,
            "forbidden": ["AUDITHISTORY"] if self.variants["audit_right"] == "missing" else [],
        }
        self._company = Company(self.clock, self.variants, self.controls)
        self.tables = self._company.tables
        Seeder(self._company, world).plant()
        self._sessions = Sessions(self.clock, self.controls, self.variants, seed)
        self.credentials = dict(self._sessions.credentials)
        reads, writes = Reads(self._company), Writes(self._company)
        older = {"create_invoice": Dialect(self._company).create_invoice}
        self._functions = {**reads.functions, **writes.functions, **older}
        self._done: set[str] = set()
        self._inside = 0
        self._backdoor = Backdoor(self._company)

    def routes(self) -> list[BaseRoute]:
        self.settings = {"time_zone": str(self._company.zone)}
        return [Route(path, self._gate, methods=["POST"]) for path in (GATE, ENDPOINT)]

    async def _gate(self, request: Request) -> Response:
        control = Control()
        try:
            root = self._document(request, await request.body())
            control = self._control(root)
            self._admit()
            self._inside += 1
            try:
                await self.work()
                return self._operation(request, control, root.find("operation"))
            finally:
                self._inside -= 1
        except Turned as turned:
            throttled = turned.fault.number == TOO_MANY and self.variants["throttled"] == "429"
            return turned_away(control, turned, 429 if throttled else 200)

    def _document(self, request: Request, body: bytes) -> Element:
        if request.headers.get("content-type", "").partition(";")[0] not in ("application/xml", "text/xml"):
            raise Turned(Fault(CONTROL_ID, "The content type is not valid: application/xml is expected"))
        try:
            root = parse(body)
        except ValueError as error:
            raise Turned(Fault(CONTROL_ID, f"XML parse error: {error}", "Invalid request")) from None
        if root.tag != "request" or [each.tag for each in root] != ["control", "operation"]:
            raise Turned(_invalid("a request holds control and operation"))
        return root

    def _control(self, root: Element) -> Control:
        element = root.find("control")
        assert element is not None  # looked at by _document
        told = {each.tag: (each.text or "").strip() for each in element}
        if strangers := [name for name in told if name not in _CONTROL]:
            raise Turned(_invalid(f"control holds an unknown element {strangers[0]}"))
        if absent := [name for name in _NEEDED if not told.get(name)]:
            raise Turned(_invalid(f"control needs {absent[0]}"))
        if told["dtdversion"] not in ("2.1", "3.0") or len(told["controlid"]) > LONGEST_ID or "policyid" in told:
            raise Turned(_invalid("dtdversion, controlid or policyid is not valid"))
        self._sessions.licence(element)
        return Control(told["senderid"], told["controlid"], told.get("uniqueid", "true").lower() or "true")

    def _admit(self) -> None:
        at_once = self.controls["limit_at_once"]
        if at_once is not None and self._inside >= int(at_once):
            raise Turned(_too_many())

    def _operation(self, request: Request, control: Control, operation: Element | None) -> Response:
        authentication = operation.find("authentication") if operation is not None else None
        content = operation.find("content") if operation is not None else None
        if operation is None or authentication is None or content is None:
            raise Turned(_invalid("an operation holds authentication and content"))
        functions = list(content)
        for each in functions:
            id = each.get("controlid", "")
            if each.tag != "function" or not 0 < len(id) <= LONGEST_ID or len(each) != 1:
                raise Turned(_invalid("content holds functions, each with a controlid and one element"))
        if not functions:
            raise Turned(_invalid("content holds no function"))
        if len(functions) > MOST_FUNCTIONS and self.variants["functions"] == "100":
            raise Turned(
                _invalid(f"content holds {len(functions)} functions, and {MOST_FUNCTIONS} at most are advised")
            )
        if len(functions) > 1 and any(each[0].tag == _SESSION for each in functions):
            raise Turned(_invalid(f"{_SESSION} stands alone"))
        session = self._sessions.sign_in(authentication)
        whole = operation.get("transaction", "false") == "true"
        outcomes = self._run(functions, session, unique=control.unique == "true", whole=whole)
        served(request, sum(outcome.rows for outcome in outcomes))
        written = [outcome.written() for outcome in outcomes]
        return reply(control.written("success"), tag("operation", self._sessions.told(session), *written))

    def _run(self, functions: list[Element], session: Session, *, unique: bool, whole: bool) -> list[Outcome]:
        """One after the other. whole: all of them, or none."""
        before = copy.deepcopy(self._company.state) if whole else None
        outcomes: list[Outcome] = []
        for each in functions:
            failed = whole and any(outcome.status != "success" for outcome in outcomes)
            outcomes.append(Outcome(each[0].tag, each.get("controlid", ""), "aborted") if failed
                            else self._function(each, session, unique=unique))  # fmt: skip
        if before is not None and any(outcome.status != "success" for outcome in outcomes):
            self._company.state = before
            for outcome in outcomes:
                if outcome.status != "failure":
                    undone = Fault(
                        ROLLED_BACK, "The entire transaction in this operation has been rolled back due to an error."
                    )
                    outcome.status, outcome.data, outcome.faults = "aborted", None, [undone]
        return outcomes

    def _function(self, element: Element, session: Session, *, unique: bool) -> Outcome:
        asked, id = element[0], element.get("controlid", "")
        told = Outcome(asked.tag, id)
        try:
            self._answer(asked, session, told, id if unique else "")
        except Failed as failed:
            told.status, told.data, told.faults = "failure", None, failed.faults
        if unique and (told.status == "success" or self.variants["unique_ids"] == "all"):
            self._done.add(id)
        return told

    def _answer(self, asked: Element, session: Session, told: Outcome, unique: str) -> None:
        """unique: the control id that must not have been executed before, if any."""
        if unique in self._done:
            raise Failed(Fault("XL03000010", f"The controlid {unique} was executed already: it is a duplicate."))
        if asked.tag == _SESSION:
            opened = self._sessions.open(text_of(asked, "locationid") or session.location)
            api = tag("api", tag("sessionid", opened.id), tag("endpoint", f"{self.base_url}{ENDPOINT}"),
                      tag("locationid", opened.location))  # fmt: skip
            told.data = tag("data", api)
            return
        handler = self._functions.get(asked.tag)
        if handler is None:
            raise Failed(Fault(CONTROL_ID, f"There is no function {asked.tag}", "Invalid function"))
        handler(asked, session, told)

    def mutate(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        return self._backdoor.do(op, object, id, values)

    def dump(self, object: str) -> list[dict[str, Any]]:
        return self._backdoor.dump(object)

    def too_many(self, options: Mapping[str, Any]) -> Response:
        return turned_away(Control(), Turned(_too_many()), int(self.variants["throttled"]))

    def broken(self, status: int) -> Response:
        return PlainTextResponse("The Service is Temporarily Off-line", status)

    def expired_token(self) -> Response:
        self._sessions.forget()
        return self._signed_out()

    def revoked_token(self) -> Response:
        self._sessions.forget()
        self.controls["locked"] = True
        return self._signed_out()

    def _signed_out(self) -> Response:
        return turned_away(Control(), Turned(Fault(SIGN_IN, "Sign-in information is incorrect"), "operation"))

    async def not_found(self, request: Request) -> Response:
        return Response("<html><body>Not Found</body></html>", 404, media_type="text/html")


def _invalid(what: str) -> Fault:
    return Fault(CONTROL_ID, f"The request is not valid: {what}", "Invalid request")


def _too_many() -> Fault:
    return Fault(TOO_MANY, "API rate limit exceeded: too many requests at a time", "Rate limit exceeded")
