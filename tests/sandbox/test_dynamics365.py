"""How strict the simulator of Dynamics 365 is, and what its variants change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from backhaul.sandbox.dynamics365.vendor import API, Dynamics365
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.world import World

Serve = Callable[..., Running]
ACCOUNT = "Microsoft.Dynamics.CRM.account"


class Session(httpx.Client):
    def __init__(self, running: Running) -> None:
        super().__init__(base_url=f"{running.base_url}{API}", trust_env=False)
        form = {"grant_type": "client_credentials", "scope": f"https://{running.settings['host']}/.default"}
        login = f"{running.base_url}/{running.settings['tenant']}/oauth2/v2.0/token"
        told = httpx.post(login, data={**form, **running.credentials}, trust_env=False).json()
        self.headers["Authorization"] = f"Bearer {told['access_token']}"

    def rows(self, url: str, **headers: str) -> list[dict[str, Any]]:
        answer = self.get(url, headers=headers)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["value"]
        return found


@pytest.fixture(scope="module")
def world() -> World:
    return World.load()


@pytest.fixture
def served(world: World) -> Iterator[Serve]:
    running: list[Running] = []

    def start(**variants: str) -> Running:
        running.append(serve(Dynamics365(world, variants=variants)))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture(scope="module")
def still(world: World) -> Iterator[Running]:
    with serve(Dynamics365(world)) as running:
        yield running


@pytest.fixture(scope="module")
def asks(still: Running) -> Iterator[Session]:
    with Session(still) as session:
        yield session


def told(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


def test_without_a_token_nothing_is_told_but_where_to_get_one(still: Running) -> None:
    answer = httpx.get(f"{still.base_url}{API}/accounts", trust_env=False)
    assert (answer.status_code, answer.content) == (401, b"")
    assert "authorization_uri=https://login.microsoftonline.com/" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("changed", "error", "begins"),
    [
        ({"client_secret": "wrong"}, "invalid_client", "AADSTS7000215"),
        ({"client_id": "nobody"}, "unauthorized_client", "AADSTS700016"),
        ({"scope": "https://other.crm.dynamics.com/.default"}, "invalid_scope", "AADSTS70011"),
        ({"grant_type": "password"}, "unsupported_grant_type", "AADSTS70003"),
        ({"colour": "red"}, "invalid_request", "AADSTS900144"),
    ],
)
def test_a_token_request_that_is_wrong_is_refused(
    still: Running, changed: dict[str, str], error: str, begins: str
) -> None:
    form = {"grant_type": "client_credentials", "scope": f"https://{still.settings['host']}/.default"}
    login = f"{still.base_url}/{still.settings['tenant']}/oauth2/v2.0/token"
    body = httpx.post(login, data={**form, **still.credentials, **changed}, trust_env=False).json()
    assert (body["error"], body["error_description"].partition(":")[0]) == (error, begins)
    elsewhere = httpx.post(login.replace(still.settings["tenant"], "common"), data=form, trust_env=False).json()
    assert elsewhere["error_description"].startswith("AADSTS90002"), "an application has one tenant"


@pytest.mark.parametrize(
    ("url", "status", "code", "says"),
    [
        ("/nowheres", 404, "0x8006088a", "segment 'nowheres'"),
        ("/accounts?$select=nowhere", 400, "0x0", "property named 'nowhere'"),
        ("/accounts?$select=primarycontactid", 400, "0x0", "property named 'primarycontactid'"),
        ("/accounts?$select=statecodename", 400, "0x0", "property named 'statecodename'"),
        ("/accounts?$skip=5", 400, "0x0", "'$skip' is not supported"),
        ("/accounts?limit=5", 400, "0x0", "'limit' is not supported"),
        ("/accounts?$filter=name gt", 400, "0x0", "Syntax error"),
        ("/accounts?$filter=modifiedon ge '2026-01-01'", 400, "0x0", "incompatible types"),
        ("/accounts?$filter=nowhere eq 1", 400, "0x0", "property named 'nowhere'"),
        ("/accounts?$orderby=name sideways", 400, "0x0", "Syntax error"),
        ("/accounts?$skiptoken=made-up", 400, "0x0", "cookie is malformed"),
        ("/accounts(00000000-0000-0000-0000-000000000001)", 404, "0x80040217", "Does Not Exist"),
        ("/accounts(accountnumber='A-0001')", 404, "0x80060891", "not a defined key"),
        ("/new_stocks", 400, "0x80048d0b", "virtual table"),
        ("/EntityDefinitions(LogicalName='nowhere')/Attributes", 404, "0x80040217", "nowhere"),
    ],
)
def test_a_read_that_is_wrong_gets_the_vendors_own_error(
    asks: Session, url: str, status: int, code: str, says: str
) -> None:
    answer = told(asks.get(url))
    assert answer[:2] == (status, code)
    assert says in answer[2]


def test_filters_compare_by_type_and_ignore_case(asks: Session) -> None:
    everything = asks.rows("/accounts?$select=name,statecode,numberofemployees,modifiedon,new_externalid")
    middle = sorted(each["modifiedon"] for each in everything)[80]
    found = asks.rows(f"/accounts?$select=name&$filter=modifiedon ge {middle} and (statecode eq 0 or statecode eq 1)")
    assert len(found) == len([each for each in everything if each["modifiedon"] >= middle])
    name = everything[5]["name"]
    quoted = name.replace("'", "''").upper()
    assert [each["name"] for each in asks.rows(f"/accounts?$select=name&$filter=name eq '{quoted}'")] == [name]
    empty = asks.rows("/accounts?$select=name&$filter=new_externalid eq null")
    assert len(empty) == len([each for each in everything if each["new_externalid"] is None])
    ids = ",".join(f'"{each["accountid"]}"' for each in everything[:3])
    among = f"Microsoft.Dynamics.CRM.In(PropertyName='accountid',PropertyValues=[{ids}])"
    assert len(asks.rows(f"/accounts?$select=accountid&$filter={among}")) == 3
    assert asks.get("/accounts?$count=true&$select=accountid&$top=1").json()["@odata.count"] == len(everything)


def test_pages_have_the_size_that_is_asked_for_again_with_each(asks: Session) -> None:
    prefer = {"Prefer": "odata.maxpagesize=70"}
    first = asks.get("/accounts?$select=name&$orderby=name asc,accountid asc", headers=prefer)
    assert first.headers["Preference-Applied"] == "odata.maxpagesize=70"
    second = asks.get(first.json()["@odata.nextLink"], headers=prefer)
    assert (len(first.json()["value"]), len(second.json()["value"])) == (70, 70)
    rest = asks.get(first.json()["@odata.nextLink"]).json()
    assert len(rest["value"]) > 100, "without the preference the rest comes at once"
    assert "@odata.nextLink" not in rest
    assert told(asks.get("/accounts?$top=3", headers=prefer))[:2] == (400, "0x0")


def test_labels_and_kinds_of_lookups_come_where_they_are_asked_for(asks: Session) -> None:
    url = "/tasks?$select=statecode,_regardingobjectid_value&$top=1"
    (plain,) = asks.rows(url)
    assert not [name for name in plain if "@" in name and name != "@odata.etag"]
    (told_all,) = asks.rows(url, Prefer='odata.include-annotations="*"')
    name = told_all["_regardingobjectid_value@Microsoft.Dynamics.CRM.lookuplogicalname"]
    nav = told_all["_regardingobjectid_value@Microsoft.Dynamics.CRM.associatednavigationproperty"]
    assert nav == f"regardingobjectid_{name}_task"
    assert told_all["statecode@OData.Community.Display.V1.FormattedValue"] in ("Open", "Completed", "Canceled")
    (some,) = asks.rows(url, Prefer='odata.include-annotations="Microsoft.Dynamics.CRM.*"')
    assert not [each for each in some if "FormattedValue" in each]


def test_a_delta_link_tells_what_changed_then_what_was_deleted(served: Serve) -> None:
    running = served()
    with Session(running) as asks:
        track = {"Prefer": "odata.track-changes,odata.maxpagesize=200"}
        for option in ("$filter=statecode eq 0", "$orderby=fullname", "$top=5"):
            status, _, says = told(
                asks.get(f"/contacts?$select=fullname&{option}", headers={"Prefer": "odata.track-changes"})
            )
            assert (status, "isn't supported when Change Tracking is enabled" in says) == (400, True)
        first = asks.get("/contacts?$select=fullname", headers=track).json()
        assert "@odata.deltaLink" not in first, "it comes with the last page"
        last = asks.get(first["@odata.nextLink"], headers=track).json()
        ids = [each["contactid"] for each in first["value"]]
        running.mutate("delete", "contact", ids[0])
        running.mutate("update", "contact", ids[1], {"lastname": "Moved"})
        changed = asks.get(last["@odata.deltaLink"]).json()
        assert changed["@odata.context"].endswith("#contacts(fullname)/$delta")
        assert changed["value"][0]["contactid"] == ids[1]
        assert {name: changed["value"][1][name] for name in ("id", "reason")} == {"id": ids[0], "reason": "deleted"}
        assert asks.get(changed["@odata.deltaLink"]).json()["value"] == []
        token = last["@odata.deltaLink"].partition("$deltatoken=")[2]
        assert asks.get(f"/contacts/$count?$deltatoken={token}").text == "2"
        running.advance(8 * 86400)
        asks.headers.update(Session(running).headers)
        assert told(asks.get(last["@odata.deltaLink"]))[:2] == (400, "0x80044352")


def test_what_is_not_tracked_is_refused_or_the_preference_is_passed_over(served: Serve, asks: Session) -> None:
    track = {"Prefer": "odata.track-changes"}
    assert told(asks.get("/annotations?$select=subject", headers=track))[0] == 400
    with Session(served(untracked_tables="ignored")) as other:
        assert "@odata.deltaLink" not in other.get("/annotations?$select=subject", headers=track).json()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"nowhere": 1}, "property named 'nowhere'"),
        ({"numberofemployees": "many"}, "Edm.Int32"),
        ({"customertypecode": 77}, "outside of the accepted range"),
        ({"new_areas": "1,9"}, "outside of the accepted range"),
        ({"new_signed": "2026-01-01T00:00:00Z"}, "Edm.Date"),
        ({"_primarycontactid_value": "x"}, "Cannot write property"),
        ({"primarycontactid": "x"}, "Use Navigation properties"),
        (
            {"primarycontactid@odata.bind": "/accounts(00000000-0000-0000-0000-000000000001)"},
            "does not lead to account",
        ),
        ({"primarycontactid@odata.bind": "somebody"}, "no address"),
        ({"nowhere@odata.bind": "/contacts(00000000-0000-0000-0000-000000000001)"}, "undeclared property 'nowhere'"),
        ({"accountid": "no guid"}, "Edm.Guid"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(asks: Session, values: dict[str, Any], says: str) -> None:
    status, _, message = told(asks.post("/accounts", json={"name": "x", **values}))
    assert status == 400
    assert says in message


def test_a_patch_is_an_upsert_unless_it_is_guarded(asks: Session) -> None:
    id = "11111111-2222-4333-8444-555555555555"
    assert told(asks.patch(f"/accounts({id})", json={"name": "x"}, headers={"If-Match": "*"}))[0] == 404
    made = asks.patch(f"/accounts({id})", json={"name": "Made"})
    assert (made.status_code, made.headers["OData-EntityId"].endswith(f"accounts({id})")) == (204, True)
    assert told(asks.patch(f"/accounts({id})", json={}, headers={"If-None-Match": "*"}))[:2] == (412, "0x80040237")
    etag = asks.get(f"/accounts({id})?$select=name").json()["@odata.etag"]
    assert asks.patch(f"/accounts({id})", json={"name": "Changed"}, headers={"If-Match": etag}).status_code == 204
    status, code, says = told(asks.patch(f"/accounts({id})", json={"name": "Late"}, headers={"If-Match": etag}))
    assert (status, code, "RowVersion" in says) == (412, "", True)
    whole = asks.patch(
        f"/accounts({id})?$select=name", json={"name": "Told"}, headers={"Prefer": "return=representation"}
    )
    assert (whole.status_code, whole.json()["name"]) == (200, "Told")
    assert asks.delete(f"/accounts({id})").status_code == 204
    assert asks.delete(f"/accounts({id})").status_code == 404


def test_a_duplicate_is_stopped_where_the_rules_are_asked_for(asks: Session) -> None:
    name = asks.rows("/accounts?$select=name&$top=1")[0]["name"]
    headers = {"MSCRM.SuppressDuplicateDetection": "false"}
    assert told(asks.post("/accounts", json={"name": name}, headers=headers))[:2] == (500, "0x80040333")
    made = asks.post("/accounts", json={"name": name})
    assert made.status_code == 204
    asks.delete(made.headers["OData-EntityId"])


def test_many_at_once_are_done_whole_or_not_at_all(asks: Session) -> None:
    def send(action: str, targets: list[dict[str, Any]], to: str = "accounts") -> httpx.Response:
        kind = {"accounts": ACCOUNT, "teams": "Microsoft.Dynamics.CRM.team"}.get(
            to, "Microsoft.Dynamics.CRM.new_reading"
        )
        typed = [{"@odata.type": kind, **each} for each in targets]
        return asks.post(f"/{to}/Microsoft.Dynamics.CRM.{action}", json={"Targets": typed})

    ids = send("CreateMultiple", [{"name": "A"}, {"name": "B"}]).json()["Ids"]
    assert (
        told(send("UpdateMultiple", [{"accountid": ids[0], "name": "C"}, {"accountid": ids[1], "revenue": "dear"}]))[0]
        == 400
    )
    assert asks.get(f"/accounts({ids[0]})?$select=name").json()["name"] == "A", "rolled back"
    assert send("UpdateMultiple", [{"accountid": id, "name": "D"} for id in ids]).status_code == 204
    done = send("UpsertMultiple", [{"@odata.id": "accounts(new_externalid='EXT-0001')", "name": "E"}])
    assert (done.status_code, done.content) == (204, b"")
    assert told(send("DeleteMultiple", [{"accountid": ids[0]}]))[2] == "DeleteMultiple has not yet been implemented."
    assert told(send("CreateMultiple", [{"name": "x"}], "teams"))[:2] == (400, "0x80040800")
    assert (
        told(asks.post("/accounts/Microsoft.Dynamics.CRM.CreateMultiple", json={"Targets": [{"name": "x"}]}))[0] == 400
    )
    # an elastic table keeps what went well, and tells which did not
    body = {"Targets": [{"@odata.type": "Microsoft.Dynamics.CRM.new_reading", "new_name": name} for name in ("ok", 5)]}
    url = "/new_readings/Microsoft.Dynamics.CRM.CreateMultiple"
    error = asks.post(url, json=body, headers={"Prefer": "odata.include-annotations=*"}).json()["error"]
    assert '"RequestIndex":1' in error["@Microsoft.PowerApps.CDS.ErrorDetails.Plugin.BulkApiErrorDetails"]
    assert len(asks.rows("/new_readings?$select=new_name&$filter=new_name eq 'ok'")) == 1


def test_metadata_tells_tables_columns_choices_keys_and_relations(asks: Session) -> None:
    tables = asks.rows("/EntityDefinitions?$select=LogicalName,EntitySetName,TableType,IsCustomEntity")
    assert {each["LogicalName"]: each["EntitySetName"] for each in tables}["opportunity"] == "opportunities"
    of = "/EntityDefinitions(LogicalName='account')"
    columns = {each["LogicalName"]: each for each in asks.rows(f"{of}/Attributes")}
    assert columns["statecodename"]["AttributeOf"] == "statecode"
    assert columns["new_tier"]["IsCustomAttribute"]
    kind = "Microsoft.Dynamics.CRM.PicklistAttributeMetadata"
    (tier,) = [
        each
        for each in asks.rows(f"{of}/Attributes/{kind}?$select=LogicalName&$expand=OptionSet($select=Options)")
        if each["LogicalName"] == "new_tier"
    ]
    assert [each["Value"] for each in tier["OptionSet"]["Options"]] == [100000000, 100000001, 100000002]
    assert {each["KeyAttributes"][0]: each["EntityKeyIndexStatus"] for each in asks.rows(f"{of}/Keys")} == {
        "new_externalid": "Active", "accountnumber": "Pending",
    }  # fmt: skip
    relations = asks.rows("/EntityDefinitions(LogicalName='new_subscription')/ManyToOneRelationships")
    assert {each["ReferencingAttribute"]: each["ReferencingEntityNavigationPropertyName"] for each in relations}[
        "new_account"
    ] == "new_Account", "custom ones keep their case"


def test_a_new_column_is_there_once_it_is_published(served: Serve) -> None:
    with Session(served()) as asks:
        url = "/EntityDefinitions(LogicalName='account')/Attributes"
        column = {
            "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata",
            "SchemaName": "new_score",
            "DisplayName": {"LocalizedLabels": [{"Label": "Score", "LanguageCode": 1033}]},
            "MaxLength": 100,
        }
        for wrong in ({"SchemaName": "score"}, {"MaxLength": None}, {"DisplayName": None}, {"@odata.type": "Text"}):
            assert asks.post(url, json={**column, **wrong}).status_code == 400, wrong
        assert asks.post(url, json=column).status_code == 204
        assert asks.get("/accounts?$select=new_score&$top=1").status_code == 400
        xml = "<importexportxml><entities><entity>account</entity></entities></importexportxml>"
        assert asks.post("/PublishXml", json={"ParameterXml": xml}).status_code == 204
        assert asks.get("/accounts?$select=new_score&$top=1").status_code == 200


def test_limits_are_of_five_minutes_and_say_how_long_to_wait(served: Serve) -> None:
    running = served()
    running.configure(limit_requests=3)
    with Session(running) as asks:
        left = [asks.get("/WhoAmI").headers["x-ms-ratelimit-burst-remaining-xrm-requests"] for _ in range(3)]
        assert left == ["2", "1", "0"]
        refused = asks.get("/WhoAmI")
        assert told(refused)[:2] == (429, "0x80072322")
        assert 290 <= int(refused.headers["Retry-After"]) <= 301
        running.advance(301)
        assert asks.get("/WhoAmI").status_code == 200
        running.configure(limit_requests=None, limit_seconds=0.01)
        assert told(asks.get("/WhoAmI"))[:2] == (429, "0x80072321")
        running.configure(limit_seconds=None, limit_at_once=0)
        assert told(asks.get("/WhoAmI"))[:2] == (429, "0x80072326")


def test_rights_are_of_tables_and_an_app_needs_a_user(served: Serve) -> None:
    running = served()
    running.configure(forbidden=["Read lead"])
    with Session(running) as asks:
        assert told(asks.get("/leads?$select=fullname"))[:2] == (403, "0x80040220")
        running.configure(application_user=False)
        assert told(asks.get("/WhoAmI"))[:2] == (403, "0x80072560")
