"""What of the kit's points a real account proves: here a little vendor's, strict and without a control API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from backhaul.cli.app import app
from tests.drafting.vendor import Vendor

Check = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    made = Vendor("token", "data")
    yield made
    made.server.close()


@pytest.fixture
def check(vendor: Vendor, tmp_path: Path) -> Check:
    """`source check` on the vendor's account, by a draft of its document; change: spoils the draft."""

    def run(*options: str, change: Callable[[Any], None] = lambda source: None) -> dict[str, dict[str, Any]]:
        document = tmp_path / "api.json"
        document.write_text(vendor.text())
        root = tmp_path / f"project{len(list(tmp_path.iterdir()))}"
        (root / "pipelines").mkdir(parents=True)
        (root / ".env").write_text("KEY=a-token\n")
        connection = {"source": "shop", "credentials": {"key": "${KEY}"}, "objects": {"widgets": {}}}
        (root / "pipelines" / "acme.yaml").write_text(yaml.safe_dump({"connections": {"crm": connection}}))
        made = CliRunner().invoke(app, ["source", "new", "shop", "--openapi", str(document), "-C", str(root)])
        assert made.exit_code == 0, made.output
        path = root / "sources" / "shop" / "source.yaml"
        source = yaml.safe_load(path.read_text())
        change(source)
        path.write_text(yaml.safe_dump(source, sort_keys=False))
        vendor.asked.clear()
        words = ["source", "check", "shop", "--connection", "acme/crm", "--json", *options, "-C", str(root)]
        done = CliRunner().invoke(app, words)
        assert done.exit_code in (0, 1), done.output
        report = json.loads(done.stdout)
        assert report["against"] == "acme/crm"
        cells = {each["point"]: each for each in report["cells"]}
        assert (done.exit_code == 1) is any(each["state"] == "fails" for each in cells.values())
        return cells

    return run


def states(cells: dict[str, dict[str, Any]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {"works": set(), "cannot": set(), "fails": set()}
    for name, each in cells.items():
        found[each["state"]].add(name)
    return found


def test_an_account_proves_what_it_can_and_is_not_written(vendor: Vendor, check: Check) -> None:
    cells = check()
    found = states(cells)
    assert found["fails"] == set(), cells
    assert found["works"] == {"auth", "probe", "discovery", "first read", "resume", "incremental", "by key"}
    assert all(cells[name]["requests"] for name in found["works"])
    assert all(cells[name]["why"] and not cells[name]["requests"] for name in found["cannot"])
    assert cells["create"]["why"] == "nothing is written unless --writes is given"
    assert {line.split()[0] for line in vendor.asked} == {"GET"}


def test_with_writes_it_makes_changes_and_takes_away_one_record_of_its_own(vendor: Vendor, check: Check) -> None:
    before = json.dumps(vendor.rows)
    found = states(check("--writes"))
    assert found["fails"] == set()
    assert {"create", "update", "delete"} <= found["works"]
    assert [line for line in vendor.asked if not line.startswith("GET")] == [
        "POST /v2/widgets", "PATCH /v2/widgets/w8", "DELETE /v2/widgets/w8"
    ]  # fmt: skip
    assert json.dumps(vendor.rows) == before


def test_one_point_asks_for_no_more_than_it_takes(vendor: Vendor, check: Check) -> None:
    assert set(check("--point", "auth")) == {"auth", "probe"}
    assert {line.split("?")[0] for line in vendor.asked} == {"GET /v2/me"}


def read(source: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = source["objects"]["widgets"]
    return found


def never_on(source: dict[str, Any]) -> None:
    del read(source)["reads"]["all"]["params"]["cursor"]


def deaf(source: dict[str, Any]) -> None:
    del read(source)["reads"]["changes"]["params"]["updated_since"]


def numbers(source: dict[str, Any]) -> None:
    read(source)["fields"]["name"] = "integer"


def one_of_all(source: dict[str, Any]) -> None:
    read(source)["reads"]["by_key"]["records"] = "nothing"


def open_door(source: dict[str, Any]) -> None:
    source["probe"]["get"] = "/open"


@pytest.mark.parametrize(
    ("change", "point", "why"),
    [
        (never_on, "first read", "came on two pages|the page that was just read"),
        (deaf, "incremental", "and a read of what changed since .* finds it"),
        (numbers, "first read", "widgets.name holds 'Widget 1', which is no integer"),
        (one_of_all, "by key", "of w1, w2, w3 came none"),
        (open_door, "auth", "wrong credentials were accepted"),
    ],
)
def test_a_definition_that_is_wrong_fails_the_point_that_it_spoils(
    change: Callable[[dict[str, Any]], None], point: str, why: str, check: Check
) -> None:
    cells = check(change=change)
    assert cells[point]["state"] == "fails", cells[point]
    assert re.search(why, cells[point]["why"]), cells[point]["why"]


def test_what_is_left_behind_is_named(vendor: Vendor, check: Check) -> None:
    def wrong_door(source: dict[str, Any]) -> None:
        read(source)["writes"]["delete"]["delete"] = "/widgets/{key}/gone"

    cells = check("--writes", change=wrong_door)
    assert cells["delete"]["state"] == "fails"
    assert cells["delete"]["why"].startswith("take them away by hand, they were made here: widgets w8")
    assert "w8" in vendor.rows


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--writes"], "--writes is for an account"),
        (["--connection", "acme/erp"], "the connection erp of acme is not in its pipeline"),
        (["--connection", "acme"], "the connection  of acme is not in its pipeline"),
        (["--connection", "acme/crm"], "the connection crm of acme is of other"),
    ],
)
def test_an_account_that_is_none_is_refused(words: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    other = tmp_path / "sources" / "other" / "source.yaml"
    other.parent.mkdir(parents=True)
    CliRunner().invoke(app, ["source", "new", "shop", "-C", str(tmp_path)])
    other.write_text(
        (tmp_path / "sources" / "shop" / "source.yaml").read_text().replace("source: shop", "source: other")
    )
    connection = {"source": "other", "credentials": {"token": "${KEY}"}, "objects": {"things": {}}}
    (tmp_path / "pipelines" / "acme.yaml").write_text(yaml.safe_dump({"connections": {"crm": connection}}))
    (tmp_path / ".env").write_text("KEY=a-token\n")
    done = CliRunner().invoke(app, ["source", "check", "shop", *words, "-C", str(tmp_path)])
    assert done.exit_code == 2
    assert said in done.output
