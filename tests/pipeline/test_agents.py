"""Agents end to end: a run serves them, the official client asks over both transports, a proposal is written."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import yaml
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from tests.conftest import Bench

from backhaul.agent.answers import Filter
from backhaul.agent.asking import Misasked
from backhaul.errors import ConfigError
from backhaul.pipeline.proposing import Proposing
from backhaul.project import Project

OBJECTS = {"companies": {}, "contacts": {}, "owners": {}, "deals": {}, "pipeline_stages": {}, "pipelines": {}}
AGENT = {
    "hide": {"contacts": ["phone"]},
    "mask": {"contacts": ["email"]},
    "propose": {"accounts": ["industry", "name", "employees", "owner_id"]},
    "roles": {"narrow": {"rows": {"accounts": "name like 'A%'"}, "hide": {"deals": "all"}}},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One customer that has run; tests of this file leave it as it was, or say otherwise."""
    from tests.conftest import connection_to

    from backhaul.sandbox.server import serve
    from backhaul.sandbox.simulators import build

    root = tmp_path_factory.mktemp("project")
    simulator = serve(build("hubspot"))
    (root / "pipelines").mkdir()
    for name in ("acme", "globex"):
        document = {"connections": {"crm": connection_to(simulator, OBJECTS)}, "agent": AGENT}
        (root / "pipelines" / f"{name}.yaml").write_text(
            yaml.safe_dump({"customer": name, **document}, sort_keys=False)
        )
    with Project(root) as project:
        for each in project.customers():
            assert each.run().exit_code == 0
        yield Bench(root, project, {"crm": simulator})
    simulator.close()


def command(place: Bench, *words: str) -> list[str]:
    return [sys.executable, "-m", "backhaul", "-C", str(place.root), *words]


def told(place: Bench, *words: str) -> str:
    found = subprocess.run(command(place, *words), capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


async def questions(client: Client) -> dict[str, Any]:
    """One call of each tool, as an agent would go about it."""
    found: dict[str, Any] = {}

    async def ask(name: str, **arguments: Any) -> Any:
        answer = await client.call_tool(name, arguments)
        found[name] = answer
        return answer.structured_content

    await ask("list_entities")
    await ask("describe_entity", entity="contacts")
    hits = (await ask("search_records", query="around the horn", entities=["accounts"]))["hits"]
    await ask("get_record", entity="accounts", id=hits[0]["id"])
    await ask("query_records", entity="accounts", order="-annual_revenue", limit=2, fields=["name"])
    await ask("run_sql", sql="select count(*) from contacts")
    await ask("changes_since", version=1)
    found["propose_change"] = await client.call_tool(
        "propose_change",
        {"entity": "accounts", "id": hits[0]["id"], "changes": {"employees": 4321}, "reason": "the register says so"},
    )
    found["wrong"] = await client.call_tool("run_sql", {"sql": "select phone from contacts"})
    found["tools"] = (await client.list_tools()).tools
    found["resources"] = [str(each.uri) for each in (await client.list_resources()).resources]
    found["resource"] = (await client.read_resource("backhaul://entities/accounts")).contents[0].text
    found["prompts"] = [each.name for each in (await client.list_prompts()).prompts]
    return found


def check(found: dict[str, Any]) -> None:
    """What has to be so whatever the transport."""
    assert {each.name for each in found["tools"]} == {
        "list_entities", "describe_entity", "search_records", "get_record", "query_records", "run_sql",
        "changes_since", "propose_change",
    }  # fmt: skip
    assert all(each.output_schema for each in found["tools"])
    for name in ("list_entities", "search_records", "get_record", "query_records", "run_sql", "changes_since"):
        assert not found[name].is_error, found[name].content
        assert found[name].structured_content["version"] == 1
        assert found[name].structured_content["sources"][0]["as_of"]
    columns = [each["name"] for each in found["describe_entity"].structured_content["columns"]]
    assert "phone" not in columns
    record = found["get_record"].structured_content
    assert record["values"]["name"] == "Around the Horn"
    assert all(
        "***@" in row["email"] for each in record["related"] if each["entity"] == "contacts" for row in each["rows"]
    )
    assert found["wrong"].is_error
    assert "phone" in found["wrong"].content[0].text
    proposal = found["propose_change"].structured_content
    assert proposal["status"] == "pending"
    assert proposal["diff"][0]["after"] == "4321"
    assert found["resources"] == ["backhaul://entities"]
    assert '"entity":"accounts"' in found["resource"]
    assert set(found["prompts"]) == {"account_briefing", "what_changed"}


def test_the_official_client_is_answered_over_standard_input_and_output(place: Bench) -> None:
    async def talk() -> dict[str, Any]:
        arguments = command(place, "agent", "acme")
        server = StdioServerParameters(command=arguments[0], args=arguments[1:], env=dict(os.environ))
        async with Client(stdio_client(server)) as client:
            return await questions(client)

    check(anyio.run(talk))


def test_nothing_but_mcp_comes_out_of_standard_output(place: Bench) -> None:
    asked = (
        '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
        '"clientInfo":{"name":"t","version":"0"}}}\n{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
        '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"run_sql","arguments":{"sql":'
        '"select count(*) from range(3000000) order by hash(1)"}}}\n'
    )
    found = subprocess.Popen(
        command(place, "agent", "acme"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.DEVNULL,
    )
    assert found.stdin is not None
    assert found.stdout is not None
    found.stdin.write(asked)
    found.stdin.flush()
    lines = [found.stdout.readline() for _ in range(2)]
    found.stdin.close()
    lines += found.stdout.readlines()
    found.wait(30)
    found.stdout.close()
    assert len(lines) == 2
    assert all(line.startswith('{"jsonrpc":"2.0"') for line in lines)


@pytest.fixture(scope="module")
def address(place: Bench) -> Iterator[str]:
    """The HTTP server, over all customers."""
    process = subprocess.Popen(
        command(place, "agent", "--http", "--port", "0"), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    found = re.search(r"http://\S+/mcp", line)
    assert found, line
    yield found[0]
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    process.stderr.close()


def over_http(address: str, token: str | None, work: Callable[[Client], Any]) -> Any:
    import httpx2

    async def talk() -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http,
            Client(streamable_http_client(address, http_client=http)) as client,
        ):
            return await work(client)

    return anyio.run(talk)


async def who_am_i(client: Client) -> Any:
    found = await client.call_tool("run_sql", {"sql": "select count(*), min(name), max(name) from accounts"})
    return found.structured_content["rows"][0]


def test_the_official_client_is_answered_over_http_behind_a_token(place: Bench, address: str) -> None:
    token = told(place, "tokens", "make", "acme", "--label", "a test")
    check(over_http(address, token, questions))
    listed = told(place, "tokens", "list", "acme")
    assert "a test" in listed
    assert token not in listed
    assert token.split("_")[2] not in (place.root / ".backhaul" / "control.sqlite").read_bytes().decode("latin-1")


def test_without_a_token_with_a_wrong_one_and_with_a_revoked_one_there_is_no_answer(place: Bench, address: str) -> None:
    import httpx

    token = told(place, "tokens", "make", "acme")
    id = token.split("_")[1]
    assert over_http(address, token, who_am_i)[0] > 0
    told(place, "tokens", "revoke", "acme", id)
    for given in (None, "Basic abc", "Bearer", f"Bearer {token}", f"Bearer {token}x", f"Bearer bha_{id}_guess"):
        headers = {"Authorization": given} if given else {}
        answer = httpx.post(
            address, headers=headers, json={"jsonrpc": "2.0", "id": 1, "method": "ping"}, trust_env=False
        )
        assert answer.status_code == 401, given
        assert "Bearer" in answer.headers["WWW-Authenticate"]


def test_a_session_of_one_token_is_closed_to_another(place: Bench, address: str) -> None:
    import httpx

    one, other = told(place, "tokens", "make", "acme"), told(place, "tokens", "make", "globex")
    hello = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}},
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {one}", "Accept": "application/json, text/event-stream"}
    opened = httpx.post(address, headers=headers, json=hello, trust_env=False)
    session = opened.headers["mcp-session-id"]
    asked = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}
    for token, allowed in ((one, True), (other, False)):
        headers |= {"Authorization": f"Bearer {token}", "Mcp-Session-Id": session}
        assert (httpx.post(address, headers=headers, json=asked, trust_env=False).status_code == 200) is allowed


def test_a_role_sees_its_rows_alone_and_no_tool_to_propose(place: Bench, address: str) -> None:
    token = told(place, "tokens", "make", "acme", "--role", "narrow")

    async def look(client: Client) -> Any:
        tools = {each.name for each in (await client.list_tools()).tools}
        entities = (await client.call_tool("list_entities", {})).structured_content["entities"]
        return await who_am_i(client), tools, {each["entity"] for each in entities}

    (count, least, most), tools, entities = over_http(address, token, look)
    assert 0 < count < 60
    assert least[0] == most[0] == "A"
    assert "propose_change" not in tools
    assert "deals" not in entities


def test_a_token_for_a_role_that_is_not_there_is_not_made(place: Bench) -> None:
    found = subprocess.run(
        command(place, "tokens", "make", "acme", "--role", "narow"), capture_output=True, text=True, check=False
    )
    assert found.returncode == 2
    assert "did you mean narrow" in found.stderr


# -- proposals -----------------------------------------------------------------------------------------------------


def propose(place: Bench, changes: dict[str, Any], name: str = "Alfreds Futterkiste") -> tuple[str, str]:
    """A proposal about a company, as a tool call makes it; gives its id and the company's key."""
    customer = place.project.customer("acme")
    reader = customer.agent()
    try:
        found = reader.query_records("accounts", [Filter(column="name", value=name)], ["name"], "id", 1, None, False)
        id = str(found.rows[0][0])
        with customer.context() as context:
            answer = Proposing(context, "a test")(reader, "accounts", id, changes, "because")
    finally:
        reader.close()
    return answer.proposal, id.rpartition(":")[2]


def company(place: Bench, key: str) -> dict[str, Any]:
    return next(each for each in place.simulators["crm"].dump("companies") if str(each["id"]) == key)


def test_an_approved_proposal_is_written_to_the_vendor_and_says_who(place: Bench) -> None:
    id, key = propose(place, {"employees": 77})
    customer = place.project.customer("acme")
    assert customer.proposal(id).diff[0].field == "numberofemployees"
    assert company(place, key)["numberofemployees"] != "77"
    decision = customer.approve(id, who="petra")
    assert decision.exit_code == 0
    assert (decision.proposal.status, decision.proposal.decided_by) == ("applied", "petra")
    assert str(company(place, key)["numberofemployees"]) == "77"
    run = place.project.state.runs.get(decision.proposal.run or "")
    assert run is not None
    assert run.kind == "push"
    with pytest.raises(ConfigError, match="applied already by petra"):
        customer.approve(id)


def test_a_rejected_proposal_is_never_written(place: Bench) -> None:
    id, key = propose(place, {"employees": 78})
    assert place.project.customer("acme").reject(id, who="petra", note="no").status == "rejected"
    with pytest.raises(ConfigError, match="rejected already"):
        place.project.customer("acme").approve(id)
    assert str(company(place, key)["numberofemployees"]) != "78"


def test_a_proposal_about_a_value_that_changed_meanwhile_is_not_written(place: Bench) -> None:
    id, key = propose(place, {"employees": 79}, "Antonio Moreno Taquería")
    place.simulators["crm"].mutate("update", "companies", key, {"numberofemployees": "500"})
    decision = place.project.customer("acme").approve(id)
    assert decision.proposal.status == "failed"
    assert decision.exit_code == 1
    assert "500" in decision.proposal.outcome
    assert str(company(place, key)["numberofemployees"]) == "500"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "no change"),
        ({"domain": "x.example"}, "domain"),
        ({"employes": 3}, "Did you mean employees"),
        ({"employees": "many"}, "no value of accounts.employees"),
        ({"owner_id": "erp:owners:1"}, "hubspot_owner_id: 'erp:owners:1'"),
        ({"name": "Alfreds Futterkiste"}, "holds these values already"),
    ],
)
def test_a_proposal_that_cannot_be_is_told_at_once(place: Bench, changes: dict[str, Any], words: str) -> None:
    before = place.project.state.proposals.pending("acme")
    with pytest.raises(Misasked, match=words):
        propose(place, changes)
    assert place.project.state.proposals.pending("acme") == before


def test_proposals_are_listed_shown_and_decided_by_commands(place: Bench) -> None:
    id, key = propose(place, {"employees": 80}, "Berglunds snabbköp")
    assert id in told(place, "proposals", "list", "acme", "--status", "pending")
    assert "numberofemployees" in told(place, "proposals", "show", "acme", id)
    assert "applied" in told(place, "proposals", "approve", "acme", id)
    assert str(company(place, key)["numberofemployees"]) == "80"
    assert not re.search(rf"{id}\s+pending", told(place, "proposals", "list", "acme"))


def test_a_publish_serves_every_role_and_a_later_one_only_what_changed(place: Bench) -> None:
    customer = place.project.customer("globex")
    layout = place.project.config.layout
    reader = customer.agent()
    version = reader.list_entities().version
    key = next(str(each["id"]) for each in place.simulators["crm"].dump("companies") if each["name"] == "Ernst Handel")
    place.simulators["crm"].advance(3600)
    place.simulators["crm"].mutate("update", "companies", key, {"name": "Ernst Zebra"})
    place.simulators["crm"].advance(3600)
    assert customer.run().exit_code == 0
    made = {path.name for role in (None, "narrow") for path in layout.agent("globex", role).glob(f"{version + 1:05}-*")}
    assert len(made) == 2
    hits = reader.search_records("zebra", None, 5, None, False)
    changes = reader.changes_since(version, ["accounts"], 10, None)
    place.simulators["crm"].advance(3600)
    assert customer.run().exit_code == 0
    later = reader.search_records("zebra", None, 5, None, False)
    reader.close()
    # nothing was new: the same version, known to hold for longer
    assert later.version == hits.version
    assert (later.sources[0].as_of or hits.published_at) > (hits.sources[0].as_of or later.published_at)
    assert [each.title for each in hits.hits] == ["Ernst Zebra"]
    assert hits.version == version + 1
    assert f"crm:companies:{key}" in {each.id for each in changes.changes}


def test_rules_that_name_what_is_not_there_are_a_problem_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    document = {"agent": {"hide": {"contcts": ["phone"]}, "roles": {"x": {"propose": {"acounts": ["name"]}}}}}
    (tmp_path / "pipelines" / "acme.yaml").write_text(yaml.safe_dump(document))
    with Project(tmp_path) as project, pytest.raises(ConfigError) as caught:
        project.config.pipeline("acme")
    assert "did you mean contacts" in str(caught.value)
    assert "did you mean accounts" in str(caught.value)


def test_where_nothing_is_published_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "acme.yaml").write_text("customer: acme\n")
    with Project(tmp_path) as project, pytest.raises(ConfigError, match="nothing is published yet"):
        project.customer("acme").agent()


@pytest.mark.parametrize("package", ["mcp", "tantivy"])
def test_a_package_that_is_missing_is_one_line_with_the_command_that_installs_it(tmp_path: Path, package: str) -> None:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "acme.yaml").write_text("customer: acme\n")
    code = f"import sys; sys.modules[{package!r}] = None; from backhaul.cli import main; main()"
    words = [sys.executable, "-c", code, "-C", str(tmp_path), "agent", "acme"]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    assert found.returncode == 2
    assert "pip install 'backhaul[agent]'" in found.stderr
    assert "Traceback" not in found.stderr
