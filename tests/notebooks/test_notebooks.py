"""The notebooks as analysts open them: on a customer with three systems, on one with nothing, and without a network."""

from __future__ import annotations

import importlib.util
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from docs.generate import ROOT
from tests.conftest import Bench

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
SYSTEMS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "crm": ("hubspot", {"companies": {}, "owners": {}, "deals": {}, "deals_companies": {}}),
    "erp": ("netsuite", {"customer": {}, "invoice": {}, "employee": {}, "currency": {}}),
    "desk": ("zendesk", {"organizations": {}, "users": {}, "tickets": {}}),
}


@pytest.fixture
def three(has_run: Callable[..., Bench]) -> Bench:
    return has_run(**SYSTEMS)


def run(path: Path, root: Path, monkeypatch: pytest.MonkeyPatch, customer: str | None = "acme") -> Mapping[str, Any]:
    """What the notebook's cells define, once all have run. Raises what a cell raises."""
    named = ["--customer", customer] if customer else []
    monkeypatch.setattr(sys, "argv", [str(path), "--project", str(root), *named])
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _, defined = module.app.run()
    found: Mapping[str, Any] = defined
    found["project"].close()
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs_on_a_customer_with_three_systems(
    three: Bench, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(path, three.root, monkeypatch)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_customer_of_whom_nothing_is_published_is_told_so(
    bench: Callable[..., Bench], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    defined = run(path, bench(**SYSTEMS).root, monkeypatch, customer=None)
    assert not defined.get("snapshots")
    assert "found" not in defined
    assert "counted" not in defined


def test_a_notebook_is_a_script_too(three: Bench) -> None:
    command = [sys.executable, str(ROOT / "notebooks" / "health.py"), "--project", str(three.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_companies_with_open_tickets_and_overdue_invoices_are_those_that_the_vendors_tell(
    three: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run(ROOT / "notebooks" / "overdue.py", three.root, monkeypatch)["found"]
    today = date.today().isoformat()
    erp, desk, crm = (three.simulators[name] for name in ("erp", "desk", "crm"))
    customers = {str(each["id"]): host(each.get("url")) for each in erp.dump("customer")}
    late = {
        customers[str(each["entity"])]
        for each in erp.dump("invoice")
        if not each.get("_deleted") and str(each["status"]).endswith("A") and day(each["duedate"]) < today
    }
    domains = {each["id"]: (each.get("domain_names") or [""])[0] for each in desk.dump("organizations")}
    waiting = {
        domains[each["organization_id"]]
        for each in desk.dump("tickets")
        if not each.get("_deleted") and each["status"] in ("new", "open", "pending", "hold") and each["organization_id"]
    }
    both = (late & waiting) - {""}
    assert both
    assert {each["domain"] for each in found} == both
    owners = {str(each["id"]): f"{each['firstName']} {each['lastName']}" for each in crm.dump("owners")}
    owned = {each["domain"]: owners.get(str(each.get("hubspot_owner_id"))) for each in crm.dump("companies")}
    for each in found:
        assert each["owner"] in (owned.get(each["domain"]), "(nobody)")


def test_the_page_is_served_without_asking_another_host_for_anything(three: Bench) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "backhaul", "-C", str(three.root), "notebook", "explore", "acme"]
    server = subprocess.Popen([*command, "--no-browser", "--port", str(port)], stdout=subprocess.DEVNULL)
    try:
        page = _fetched(f"http://127.0.0.1:{port}/", server)
    finally:
        server.terminate()
        server.wait(30)
    loaded = re.findall(r'<(?:script|link)[^>]+(?:src|href)="([^"]+)"', page)
    assert loaded
    assert not [each for each in loaded if urlsplit(each).netloc]


def _fetched(url: str, server: subprocess.Popen[bytes]) -> str:
    for _ in range(300):
        assert server.poll() is None
        try:
            answer = httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.1)
            continue
        assert answer.status_code == 200
        return answer.text
    raise AssertionError("it was never served")


def host(url: object) -> str:
    return (urlsplit(str(url)).hostname or "").removeprefix("www.") if url else ""


def day(text: str) -> str:
    return str(text)[:10]
