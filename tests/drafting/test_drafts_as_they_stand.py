"""A draft of a document that tells enough works as it stands: it reads, reads what changed, and writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from click.testing import CliRunner

from backhaul.cli.app import app
from backhaul.project import Project
from tests.drafting.vendor import Vendor

# each way to page, and each envelope
PAIRS = [
    ("token", "nested"), ("link", "data"), ("link header", "bare"), ("offset", "named"), ("page", "json api"),
    ("page from 0", "wrapped"), ("keyset", "data"), ("none", "bare"),
]  # fmt: skip


@pytest.fixture
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Vendor, Path]]:
    """A vendor, and a project whose customer is connected to it by a draft of its document."""
    vendor = Vendor(*request.param)
    (tmp_path / "api.json").write_text(vendor.text())
    (tmp_path / "pipelines").mkdir()
    (tmp_path / ".env").write_text("KEY=a-token\n")
    words = ["source", "new", "shop", "--openapi", str(tmp_path / "api.json"), "-C", str(tmp_path)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    rows = "select 'w2' as id, 'Renamed' as name, 9.25 as price union all select 'w3', 'Too', 1"
    push = {
        "names": {"to": "crm.widgets", "select": rows, "key": "id"},
        "more": {"to": "crm.widgets", "select": "select 'n1' as ours, 'New' as name, 3 as price",
                 "key": "ours", "mode": "create"},
    }  # fmt: skip
    connection = {"source": "shop", "credentials": {"key": "${KEY}"}, "objects": {"widgets": {}}}
    _write(tmp_path / "pipelines" / "acme.yaml", {"connections": {"crm": connection}, "push": push})
    yield vendor, tmp_path
    vendor.server.close()


@pytest.mark.parametrize("made", PAIRS, indirect=True, ids=", ".join)
def test_every_way_to_page_and_to_wrap_is_read_by_its_draft(made: tuple[Vendor, Path]) -> None:
    vendor, root = made
    assert _synced(root) == vendor.rows
    vendor.asked.clear()
    for key in ("w1", "w5"):
        vendor.put({"name": f"{key}, changed"}, key)
    assert _synced(root) == vendor.rows
    lists = [line for line in vendor.asked if line.startswith("GET /v2/widgets")]
    assert lists
    assert all("updated_since=" in line for line in lists), lists


@pytest.mark.parametrize(
    "made", [("none", "bare"), ("token", "data"), ("page", "json api")], indirect=True, ids=", ".join
)
def test_what_its_draft_writes_is_what_the_vendor_wants(made: tuple[Vendor, Path]) -> None:
    vendor, root = made
    with Project(root) as project:
        acme = project.customer("acme")
        assert acme.run().exit_code == 0
        assert [acme.push("names").written, acme.push("more").written] == [2, 1]
        assert [acme.push("names").written, acme.push("more").written] == [0, 0]
    assert (vendor.rows["w2"]["name"], vendor.rows["w2"]["price"]) == ("Renamed", 9.25)
    assert vendor.rows["w8"]["name"] == "New"


def _synced(root: Path) -> dict[str, dict[str, Any]]:
    with Project(root) as project:
        report = project.customer("acme").sync()
        assert report.exit_code == 0, report.all_failures
        work = project.config.layout.work("acme")
    with duckdb.connect(str(work), read_only=True) as opened:
        found = opened.execute("select id, name, price::double, in_stock, updated_at from raw.crm__widgets").fetchall()
    names = ("id", "name", "price", "in_stock", "updated_at")
    rows = [dict(zip(names, (*row[:4], f"{row[4]:%Y-%m-%dT%H:%M:%SZ}"), strict=True)) for row in found]
    return {row["id"]: row for row in rows}


def _write(path: Path, content: Any) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False))
