"""Salesforce, served: what it is made of, what it leaves open as variants, and its gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.consent import Consents
from backhaul.sandbox.keys import pem, private_key
from backhaul.sandbox.salesforce.api import Api, over_limit
from backhaul.sandbox.salesforce.backdoor import Backdoor
from backhaul.sandbox.salesforce.calls import Answer, Refusal
from backhaul.sandbox.salesforce.oauth import AUDIENCES, OAuth
from backhaul.sandbox.salesforce.org import Org, Tables
from backhaul.sandbox.salesforce.records import MISSING
from backhaul.sandbox.salesforce.seed import Seed
from backhaul.sandbox.vendor import Vendor, served
from backhaul.sandbox.world import World

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


class Salesforce(Vendor):
    """`controls` besides the framework's own:

    `index_lag` here is how long a change takes to commit after its stamp was set; `session_seconds` is the life of an
    idle session; with `revoked` the app gets no more tokens; `daily_limit` is of calls; `locked_ids` cannot be written;
    `denied` is what the user's profile does not allow: object -> create, update, delete;
    `bulk_polls`, `bulk_seconds` and `bulk_snapshot` (`run`, `create` or `complete`) rule the jobs.
    """

    source = "salesforce"
    VARIANTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        # The status of INVALID_SESSION_ID.
        "invalid_session_status": ("401", "403"),
        # How userinfo refuses a token: its own word, or the array that the rest of the API answers with.
        "userinfo_refusal": ("word", "array"),
        # An upsert that met a record: 200 with a body, or 204 without.
        "upsert_status": ("200", "204"),
        # How far back /deleted and /updated look, and how long the recycle bin keeps.
        "deleted_window_days": ("30", "15"),
        "recycle_bin_days": ("15", "30"),
        # Whether cases have a MasterRecordId, as accounts, contacts and leads do.
        "merged_cases": ("yes", "no"),
        # How long a query's locator lives.
        "locator_lifetime": ("2d", "15m"),
        # Whether the last page still names a next one, beside `done`.
        "last_page_url": ("absent", "present"),
        # Whether pages of wide records are shorter than asked.
        "wide_rows": ("full_pages", "small_pages"),
        # What reading by ids gives for an id that is not there.
        "missing_in_retrieve": ("null", "left_out"),
        # A field unknown or of the wrong kind, in a collection: fails the call, or its record.
        "collection_bad_field": ("whole_call", "record"),
        # The same id twice in a collection.
        "same_id_twice": ("refused", "applied"),
        # A Bulk result without rows: its header line, or nothing at all.
        "empty_bulk_result": ("header", "nothing"),
        # A Bulk job with a query that is wrong: refused at once, or accepted and failed.
        "bulk_bad_query": ("refused", "job_fails"),
        # Whether Bulk reads OpportunityStage.
        "bulk_stages": ("supported", "unsupported"),
        # An empty cell of a Bulk upload.
        "empty_csv_cell": ("kept", "clears"),
        # Whether a formula over the parent moves the child's stamp when the parent changes.
        "formula_moves_stamp": ("no", "yes"),
        # A field made through the API: seen by nobody before a permission set shows it, or at once.
        "new_fields": ("hidden", "visible"),
        # Conditional requests.
        "if_unmodified_since": ("honoured", "ignored"),
        "describe_if_modified_since": ("honoured", "ignored"),
        # Parameters that the API does not have. The vendor seems to ignore them; refusing finds our slips.
        "unknown_parameters": ("refused", "ignored"),
        # Refresh Token Rotation, which the owner of the app switches on.
        "refresh_token": ("stays", "rotates"),
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
        key = private_key("salesforce", seed)
        self.credentials = {
            "client_id": "3MVG9backhaulSandbox0ConnectedApp",
            "client_secret": f"{seed:04d}C0FFEE5A1E5F0RCE5EC2E7",
            "username": "integration@mavencomputing.example",
            "private_key": pem(key),
        }
        self.controls |= {
            "session_seconds": 7200,
            "revoked": False,
            "daily_limit": 100_000,
            # Of long calls, says the vendor; which ones are long nobody knows beforehand, so that here all count.
            "concurrent_limit": 25,
            "locked_ids": [],
            "denied": {},
            "max_locators": 50,
            "bulk_polls": 2,
            "bulk_seconds": 0,
            "bulk_snapshot": "run",
        }
        planted = Seed(world)
        tables = Tables(planted.fillers())
        self.tables = tables
        self.org = Org(tables, self.clock, self.variants, self.controls, planted.user)
        self._api = Api(self.org)
        app = {name: self.credentials[name] for name in ("client_id", "client_secret")}
        rotates = self.variants["refresh_token"] == "rotates"
        consents = Consents(self.clock, self.controls, **app, prefix="5Aep861", rotates=rotates)
        self.oauth = self._oauth = OAuth(self.org, self.credentials, key.public_key(), consents)
        self._backdoor = Backdoor(self.org)
        self._in_flight = 0

    def routes(self) -> list[BaseRoute]:
        # The vendor's own address is known once it is served.
        self._oauth.base_url = self.base_url
        self.settings = {"login_url": self.base_url, "audience": AUDIENCES[0]}
        return [Route("/services/{rest:path}", self._serve, methods=METHODS)]

    async def _serve(self, request: Request) -> Response:
        body = await request.body()
        if self._in_flight >= int(self.controls["concurrent_limit"]):
            return self.too_many({"concurrent": True})
        self._in_flight += 1
        try:
            await self.work()
            answer = self._answer(request, body)
        finally:
            self._in_flight -= 1
        if answer.rows is not None:
            served(request, answer.rows)
        return _response(answer)

    def _answer(self, request: Request, body: bytes) -> Answer:
        path, headers = request.url.path, request.headers
        match path.rstrip("/"):
            case "/services/oauth2/authorize":
                return self._oauth.authorize(request.scope["query_string"].decode("latin-1"))
            case "/services/oauth2/token":
                return self._oauth.token(request.method, headers, body)
            case "/services/oauth2/revoke":
                return self._oauth.revoke(request.method, request.query_params, body)
            case "/services/oauth2/userinfo":
                return self._oauth.userinfo(headers)
            case "/services/data":
                return self._api.versions()
        try:
            self._oauth.check(headers)
        except Refusal as refusal:
            return refusal.answer()
        target = request.scope["raw_path"].decode("latin-1")
        query = request.scope["query_string"].decode("latin-1")
        answer = self._api.serve(request.method, f"{target}?{query}" if query else target, headers, body)
        answer.headers["Sforce-Limit-Info"] = self._api.usage()
        return answer

    def mutate(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        return self._backdoor.do(op, object, id, values)

    def dump(self, object: str) -> list[dict[str, Any]]:
        return self._backdoor.dump(object)

    def too_many(self, options: Mapping[str, Any]) -> Response:
        """`soon` says that too many long calls run, which passes in seconds; otherwise the day's are used up."""
        return self._as_usual(over_limit(bool(options.get("soon") or options.get("concurrent"))))

    def broken(self, status: int) -> Response:
        if status == 503:
            return self._as_usual(Refusal(503, "SERVER_UNAVAILABLE", "Service is temporarily unavailable"))
        message = "An unexpected error occurred. Please include this ErrorId if you contact support: 1-1 (1)"
        return self._as_usual(Refusal(status, "UNKNOWN_EXCEPTION", message))

    def configure(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        found = super().configure(settings)
        for name, each in self.org.objects.items():
            each.denied = frozenset(found["denied"].get(name, ()))
        return found

    def expired_token(self) -> Response:
        """Every session is over; a new token works."""
        self._oauth.forget()
        return self._as_usual(self._oauth.expired())

    def revoked_token(self) -> Response:
        """Every session is over, and there are no new tokens until the setting `revoked` is false again."""
        self._oauth.forget()
        self.controls["revoked"] = True
        return self._as_usual(self._oauth.expired())

    async def not_found(self, request: Request) -> Response:
        return _response(Refusal(404, *MISSING).answer())

    def _as_usual(self, refusal: Refusal) -> Response:
        answer = refusal.answer()
        answer.headers["Sforce-Limit-Info"] = self._api.usage()
        return _response(answer)


def _response(answer: Answer) -> Response:
    return Response(answer.content, answer.status, answer.headers, answer.media_type)
