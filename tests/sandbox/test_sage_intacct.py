"""The simulator of Sage Intacct is as strict as its gateway: what it would refuse, it refuses in the vendor's shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

import httpx
import pytest
import xmltodict

from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.simulators import build

GATE = "/ia/xml/xmlgw.phtml"


class Client:
    """A session, and functions sent in it."""

    def __init__(self, vendor: Running) -> None:
        self.vendor = vendor
        self.http = httpx.Client(base_url=vendor.base_url, trust_env=False)
        held = vendor.credentials
        login = (f"<login><userid>{held['user_id']}</userid><companyid>{held['company_id']}</companyid>"
                 f"<password>{held['user_password']}</password></login>")  # fmt: skip
        self.session = ""
        api = self.ask('<function controlid="l"><getAPISession/></function>', login=login)["operation"]["result"][
            "data"
        ]
        self.session, self.endpoint = api["api"]["sessionid"], api["api"]["endpoint"]

    def body(
        self, functions: str, *, login: str = "", control: str = "", unique: str = "false", transaction: str = "false"
    ) -> str:
        held = self.vendor.credentials
        return (
            f"<request><control><senderid>{held['sender_id']}</senderid><password>{held['sender_password']}</password>"
            f"<controlid>c1</controlid><uniqueid>{unique}</uniqueid><dtdversion>3.0</dtdversion>{control}</control>"
            f'<operation transaction="{transaction}"><authentication>'
            f"{login or f'<sessionid>{self.session}</sessionid>'}</authentication>"
            f"<content>{functions}</content></operation></request>"
        )

    def send(self, body: str, kind: str = "application/xml") -> httpx.Response:
        return self.http.post(GATE, content=body.encode(), headers={"content-type": kind})

    def ask(self, functions: str, **more: str) -> dict[str, Any]:
        answer = self.send(self.body(functions, **more))
        assert answer.status_code == 200
        return xmltodict.parse(answer.text)["response"]

    def results(self, functions: str, **more: str) -> list[dict[str, Any]]:
        found = self.ask(functions, **more)["operation"]["result"]
        return found if isinstance(found, list) else [found]

    def query(self, inner: str, object: str = "CUSTOMER") -> dict[str, Any]:
        (result,) = self.results(f'<function controlid="q"><query><object>{object}</object>{inner}</query></function>')
        return result


@pytest.fixture
def vendor() -> Iterator[Running]:
    with serve(build("sage_intacct")) as running:
        yield running


@pytest.fixture
def intacct(vendor: Running) -> Client:
    return Client(vendor)


KEY = "<select><field>RECORDNO</field></select>"


def said(result: dict[str, Any]) -> str:
    error = result["errormessage"]["error"]
    return (error[0] if isinstance(error, list) else error)["description2"]


def test_a_request_that_is_none_is_turned_away_as_a_whole(intacct: Client) -> None:
    function = '<function controlid="f"><query/></function>'
    whole = intacct.body(function)
    for body in (
        "no xml", whole.replace("<controlid>c1</controlid>", ""), whole.replace("3.0", "4.0"),
        whole.replace("<control>", "<control><stranger/>"), whole.replace('controlid="f"', ""),
        whole.replace(function, ""), whole.replace("<query/>", "<query/><query/>"),
        "<!DOCTYPE a [<!ENTITY b 'c'>]>" + whole,
        whole.replace(function, function + '<function controlid="g"><getAPISession/></function>'),
    ):  # fmt: skip
        told = xmltodict.parse(intacct.send(body).text)["response"]
        assert (told["control"]["status"], told["errormessage"]["error"]["errorno"]) == ("failure", "XL03000003")
        assert "operation" not in told
    assert "content type" in intacct.send(whole, "application/json").text
    assert intacct.http.get(GATE).status_code == 405
    assert intacct.http.post("/ia/xml/other").status_code == 404


def test_who_asks_is_told_at_two_levels(intacct: Client) -> None:
    function = '<function controlid="f"><query/></function>'
    sender = xmltodict.parse(intacct.send(intacct.body(function).replace("backhaul", "nobody")).text)["response"]
    assert (sender["control"]["status"], sender["errormessage"]["error"]["errorno"]) == ("failure", "XL03000006")
    over = intacct.ask(function, login="<sessionid>gone</sessionid>")
    assert over["control"]["status"] == "success"
    assert over["operation"]["authentication"]["status"] == "failure"
    assert over["operation"]["errormessage"]["error"]["errorno"] == "XL03000006"
    assert "result" not in over["operation"]


def test_a_session_slides_and_ends(vendor: Running, intacct: Client) -> None:
    for _ in range(3):
        vendor.advance(100 * 60)
        assert intacct.query(KEY)["status"] == "success"
    vendor.advance(121 * 60)
    assert (
        intacct.ask('<function controlid="f"><query/></function>')["operation"]["authentication"]["status"] == "failure"
    )


def test_a_query_names_its_fields_and_every_part_is_checked(intacct: Client) -> None:
    wrong = {
        "": "select names the fields",
        "<select><field>*</field></select>": "not supported",
        "<select><field>NOPE</field></select>": "NOPE",
        f"{KEY}<pagesize>2001</pagesize>": "pagesize 2001",
        f"{KEY}<pagesize>0</pagesize>": "pagesize 0",
        f"{KEY}<offset>-1</offset>": "offset -1",
        f"{KEY}<limit>5</limit>": "Unknown element limit",
        f"{KEY}<options><docparid>x</docparid></options>": "Unknown query option",
        f"{KEY}<orderby><order><field>NAME</field></order></orderby>": "ascending or descending",
        f"{KEY}<filter><and><isnull><field>NAME</field></isnull></and></filter>": "two conditions",
        f"{KEY}<filter><equalto><field>NAME</field></equalto></filter>": "0 values",
        f"{KEY}<filter><same><field>NAME</field><value>x</value></same></filter>": "operator same",
        f"{KEY}<filter><equalto><field>RECORDNO</field><value>x</value></equalto></filter>": "not valid for the field",
        f"{KEY}<filter><lessthan><field>WHENMODIFIED</field><value>2026-01-01</value></lessthan></filter>": "not valid",
    }
    for inner, words in wrong.items():
        result = intacct.query(inner)
        assert (result["status"], result["errormessage"]["error"]["errorno"]) == ("failure", "Query Failed"), inner
        assert words in said(result), inner
    assert "not found" in said(intacct.query(KEY, "NOTHING"))


def test_filters_mean_what_they_say(vendor: Running, intacct: Client) -> None:
    dump = {each["RECORDNO"]: each for each in vendor.dump("CUSTOMER")}

    def found(filter: str, options: str = "") -> set[str]:
        data = intacct.query(f"{KEY}<filter>{filter}</filter>{options}<pagesize>2000</pagesize>")["data"]
        rows = data.get("CUSTOMER", [])
        return {each["RECORDNO"] for each in (rows if isinstance(rows, list) else [rows])}

    def one(operator: str, field: str, *values: str) -> str:
        told = "".join(f"<value>{escape(value)}</value>" for value in values)
        return f"<{operator}><field>{field}</field>{told}</{operator}>"

    def where(test: Any) -> set[str]:
        return {key for key, each in dump.items() if test(each)}

    name = dump["5"]["NAME"]
    assert found(one("equalto", "NAME", name)) == {"5"}
    assert found(one("equalto", "NAME", name.upper())) == set()
    folded = "<options><caseinsensitive>true</caseinsensitive></options>"
    assert found(one("equalto", "NAME", name.upper()), folded) == {"5"}
    assert found(one("isnull", "TIER")) == where(lambda each: each["TIER"] is None)
    assert found(one("in", "TIER", "Gold", "Bronze")) == where(lambda each: each["TIER"] in ("Gold", "Bronze"))
    assert found(one("between", "RECORDNO", "3", "5")) == {"3", "4", "5"}
    assert found(one("like", "CUSTOMERID", "C100%")) == where(lambda each: each["CUSTOMERID"].startswith("C100"))
    both = f"<or>{one('equalto', 'RECORDNO', '1')}<and>{one('greaterthan', 'RECORDNO', '5')}{one('lessthan', 'RECORDNO', '7')}</and></or>"  # noqa: E501
    assert found(both) == {"1", "6"}
    stamp = vendor.dump("CUSTOMER")[0]["WHENMODIFIED"]
    told = f"{stamp[5:7]}/{stamp[8:10]}/{stamp[:4]} {stamp[11:19]}"
    assert "1" in found(one("greaterthanorequalto", "WHENMODIFIED", told)) & found(
        one("lessthanorequalto", "WHENMODIFIED", told)
    )
    assert "1" not in found(one("greaterthan", "WHENMODIFIED", told)), "whole seconds are compared"


def test_legacy_queries_go_on_by_their_result_id(intacct: Client) -> None:
    asked = (
        "<readByQuery><object>CONTACT</object><fields>RECORDNO</fields><query>{}</query>"
        "<pagesize>{}</pagesize></readByQuery>"
    )
    function = '<function controlid="f">{}</function>'
    (result,) = intacct.results(function.format(asked.format("RECORDNO &gt;= 10 AND NOT (RECORDNO &gt; 400)", 100)))
    seen, data = [], result["data"]
    while True:
        seen += [each["RECORDNO"] for each in data["contact"]]
        if data["@numremaining"] == "0":
            break
        more = f"<readMore><resultId>{data['@resultId']}</resultId></readMore>"
        (result,) = intacct.results(function.format(more))
        data = result["data"]
    assert seen == [str(number) for number in range(10, 401)]
    for query, size in (("NOPE = 'x'", 10), ("RECORDNO ~ 1", 10), ("RECORDNO = ", 10), ("", 1001)):
        (result,) = intacct.results(function.format(asked.format(query, size)))
        assert (result["status"], result["errormessage"]["error"]["errorno"]) == ("failure", "DL02000001"), query
    (result,) = intacct.results(function.format("<readMore><resultId>9</resultId></readMore>"))
    assert "invalid or expired" in said(result)


def test_read_gives_a_document_with_its_lines(intacct: Client) -> None:
    read = "<read><object>GLBATCH</object><keys>1,2,999</keys><fields>{}</fields></read>"
    function = f'<function controlid="f">{read}</function>'
    (whole,) = intacct.results(function.format("*"))
    assert [len(each["ENTRIES"]["glentry"]) for each in whole["data"]["GLBATCH"]] == [2, 2]
    (part,) = intacct.results(function.format("RECORDNO,STATE"))
    assert [list(each) for each in part["data"]["GLBATCH"]] == [["RECORDNO", "STATE"]] * 2


def test_custom_fields_of_order_entry_are_shown_for_one_definition(intacct: Client) -> None:
    select = "<select><field>RECORDNO</field><field>DELIVERY_WINDOW</field></select>"
    assert intacct.query(select, "SODOCUMENT")["status"] == "failure"
    told = intacct.query(f"{select}<docparid>Sales Order</docparid>", "SODOCUMENT")["data"]["SODOCUMENT"]
    assert told[0]["DELIVERY_WINDOW"] == "before noon"


def test_each_function_commits_by_itself_or_all_of_them_or_none(vendor: Running, intacct: Client) -> None:
    def create(id: str, title: str = "T") -> str:
        inner = f"<DEPARTMENTID>{id}</DEPARTMENTID><TITLE>{title}</TITLE>"
        return f'<function controlid="f-{id}"><create><DEPARTMENT>{inner}</DEPARTMENT></create></function>'

    functions = create("X1") + create("X2", "") + create("X3")
    results = intacct.results(functions, transaction="true")
    assert [(each["controlid"], each["status"]) for each in results] == [
        ("f-X1", "aborted"), ("f-X2", "failure"), ("f-X3", "aborted"),
    ]  # fmt: skip
    assert results[0]["errormessage"]["error"]["errorno"] == "XL03000009"
    assert not {"X1", "X3"} & {each["DEPARTMENTID"] for each in vendor.dump("DEPARTMENT")}
    results = intacct.results(functions)
    assert [each["status"] for each in results] == ["success", "failure", "success"]
    assert results[0]["data"]["department"]["DEPARTMENTID"] == "X1"
    assert {"X1", "X3"} <= {each["DEPARTMENTID"] for each in vendor.dump("DEPARTMENT")}

    (first,) = intacct.results(create("X4"), unique="true")
    (again,) = intacct.results(create("X4"), unique="true")
    assert (first["status"], again["status"]) == ("success", "failure")
    assert "duplicate" in said(again)


def test_more_functions_than_are_advised_are_turned_away(intacct: Client) -> None:
    many = "".join(f'<function controlid="f{n}"><inspect><object>*</object></inspect></function>' for n in range(101))
    assert intacct.ask(many)["control"]["status"] == "failure"
    assert len(intacct.results(many[: many.index('<function controlid="f100">')])) == 100


def test_what_is_written_is_checked(intacct: Client) -> None:
    def failing(function: str) -> str:
        (result,) = intacct.results(f'<function controlid="f">{function}</function>')
        assert result["status"] == "failure", function
        return said(result)

    assert "not valid for DEPARTMENT" in failing(
        "<create><DEPARTMENT><DEPARTMENTID>Y</DEPARTMENTID><TITLE>T</TITLE><COLOUR>red</COLOUR></DEPARTMENT></create>"
    )
    assert "cannot be set" in failing(
        "<update><CUSTOMER><RECORDNO>1</RECORDNO><TOTALDUE>5</TOTALDUE></CUSTOMER></update>"
    )
    assert "does not exist" in failing(
        "<update><PROJECT><RECORDNO>1</RECORDNO><CUSTOMERID>NOBODY</CUSTOMERID></PROJECT></update>"
    )
    assert "is not supported" in failing("<create><ARINVOICE><DESCRIPTION>x</DESCRIPTION></ARINVOICE></create>")
    assert "not found" in failing("<create><NOTHING/></create>")
    assert "Could not find" in failing("<delete><object>CUSTOMER</object><keys>99999,1</keys></delete>")
    assert "in use" in failing("<delete><object>GLACCOUNT</object><keys>5</keys></delete>")
    assert "There is no function" in failing("<explode/>")


def test_a_third_request_at_a_time_is_one_too_many(vendor: Running, intacct: Client) -> None:
    from concurrent.futures import ThreadPoolExecutor

    vendor.configure(service_ms=200)
    body = intacct.body(f'<function controlid="q"><query><object>CUSTOMER</object>{KEY}</query></function>')

    def post(_: int) -> httpx.Response:
        kind = {"content-type": "application/xml"}
        return httpx.post(f"{vendor.base_url}{GATE}", content=body, headers=kind, trust_env=False)

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(post, range(3)))
    refused = [each for each in answers if each.status_code == 429]
    assert len(refused) == 1
    assert "<errorno>GW-0010</errorno>" in refused[0].text
