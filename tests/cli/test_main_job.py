"""The main job, from the command line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from backhaul.sandbox.server import Running
from tests.cli.conftest import SMALL, Call
from tests.conftest import connection_to


def test_a_run_tells_of_each_object_what_became_of_it(backhaul: Call, acme: Running) -> None:
    said = backhaul("run", "acme")
    assert said.code == 0
    companies = acme.objects()["companies"]
    (line,) = [line.split() for line in said.out.splitlines() if line.startswith("crm.companies")]
    assert line == ["crm.companies", str(companies), str(companies), "0"]
    assert "snapshot    v1: published/acme.duckdb" in said.out
    again = backhaul("run", "acme")
    assert "nothing changed" in again.out
    assert "v1, nothing new" in again.out


def test_a_run_for_programs_is_one_document(backhaul: Call, acme: Running) -> None:
    said = backhaul("run", "acme", "--json")
    assert said.code == 0
    assert said.err == ""
    found = said.json
    assert (found["status"], found["exit_code"], found["failures"]) == ("done", 0, [])
    objects = {each["object"]: each for each in found["objects"]}
    assert objects["companies"]["inserted"] == acme.objects()["companies"]
    assert found["snapshot"]["version"] == 1
    assert {each["entity"]: each["rows"] for each in found["entities"]}["accounts"] == acme.objects()["companies"]


def test_steps_can_be_taken_one_by_one(backhaul: Call, acme: Running) -> None:
    assert backhaul("sync", "acme", "--object", "crm.companies", "--json").json["objects"][0]["object"] == "companies"
    assert "entities" in backhaul("transform", "acme", "--json").json
    assert backhaul("publish", "acme", "--json").json["snapshot"]["version"] == 1
    assert backhaul("sync", "acme", "--full", "--json").json["exit_code"] == 0
    assert backhaul("sync", "acme", "--since", "2024-01-01", "--json").json["exit_code"] == 0


def test_refetch_reads_named_records_and_says_which_it_did_not_get(backhaul: Call, acme: Running) -> None:
    backhaul("sync", "acme")
    known = str(acme.dump("companies")[0]["id"])
    assert backhaul("refetch", "acme", "crm", "companies", known, "--json").json["objects"][0]["read"] == 1
    said = backhaul("refetch", "acme", "crm", "companies", known, "1")
    assert said.code == 1
    assert "does not give 1 of the 2 records" in said.out
    assert [each["kind"] for each in backhaul("runs", "--json").json["runs"]] == ["refetch", "refetch", "sync"]


def test_query_prints_a_table_json_and_csv(backhaul: Call, published: Running) -> None:
    sql = "select name, is_deleted, employees from accounts order by name limit 3"
    table = backhaul("query", "acme", sql)
    assert table.out.splitlines()[0].split() == ["name", "is_deleted", "employees"]
    assert "3 rows, snapshot v1" in table.err
    found = backhaul("query", "acme", sql, "--json").json
    assert [each["name"] for each in found["columns"]] == ["name", "is_deleted", "employees"]
    assert len(found["rows"]) == 3
    assert found["version"] == 1
    rows = list(csv.reader(io.StringIO(backhaul("query", "acme", sql, "--format", "csv").out)))
    assert rows[0] == ["name", "is_deleted", "employees"]
    assert [row[0] for row in rows[1:]] == [row[0] for row in found["rows"]]


def test_query_tells_when_there_is_more_and_gives_all_when_asked(backhaul: Call, published: Running) -> None:
    assert "the first 2 rows" in backhaul("query", "acme", "select id from accounts", "--limit", "2").err
    found = backhaul("query", "acme", "select id from accounts", "--limit", "0", "--json").json
    assert not found["truncated"]
    assert len(found["rows"]) == published.objects()["companies"]


def test_query_reads_raw_tables_and_sql_from_standard_input(backhaul: Call, published: Running) -> None:
    said = backhaul("query", "acme", "-", "--raw", "--json", input="select count(*) from crm__companies")
    assert said.json["rows"] == [[published.objects()["companies"]]]


def test_a_customers_own_values_are_not_blanked(backhaul: Call, published: Running) -> None:
    said = backhaul("query", "acme", "select 'token=abcdef password: hunter2' as token", "--json")
    assert said.json["rows"] == [["token=abcdef password: hunter2"]]


def test_query_of_an_earlier_snapshot_that_is_not_kept_is_told(backhaul: Call, published: Running) -> None:
    said = backhaul("query", "acme", "select 1", "--as-of", "2001-01-01")
    assert said.code == 2
    assert "no snapshot of 2001-01-01" in said.err


def test_status_tells_state_freshness_rows_calls_and_the_next_run(backhaul: Call, acme: Running) -> None:
    (before,) = backhaul("status", "--json").json["connections"]
    assert (before["state"], before["rows"], before["last_run"]) == ("new", 0, None)
    backhaul("run", "acme")
    (after,) = backhaul("status", "acme", "--json").json["connections"]
    assert after["state"] == "ok"
    assert after["rows"] > acme.objects()["companies"]
    assert after["requests_today"] > 3
    assert after["budget_left"] > 0
    assert after["data_as_of"] is not None
    assert after["schedule"] == "every 15m"
    text = backhaul("status", "acme").out
    assert "acme crm" in text
    assert "of today's budget left" in text


def test_usage_counts_the_requests_of_the_day(backhaul: Call, acme: Running) -> None:
    backhaul("run", "acme")
    (day,) = backhaul("usage", "--json").json["days"]
    assert (day["customer"], day["connection"]) == ("acme", "crm")
    assert day["requests"] == len(acme.received())
    assert day["day"] in backhaul("usage", "acme").out


def test_runs_and_the_log_of_one_run(backhaul: Call, published: Running) -> None:
    (run,) = backhaul("runs", "acme", "--json").json["runs"]
    assert (run["status"], run["kind"]) == ("done", "run")
    short = run["run"][-8:]
    assert short in backhaul("runs").out
    lines = backhaul("logs", "acme", "--run", short, "--json").lines
    assert {each["run"] for each in lines} == {run["run"]}
    assert "request" in {each["event"] for each in lines}
    assert "request" in backhaul("logs", "--run", short).out
    assert "no such line" in backhaul("logs", "--run", "nonesuch").out


def test_discover_shows_objects_fields_and_what_is_lacking(
    backhaul: Call, hubspot: Running, customer: Callable[..., Path]
) -> None:
    objects = {"companies": {"fields": ["name", "arr__d"]}, "contats": {}}
    customer("acme", crm=connection_to(hubspot, objects))
    said = backhaul("discover", "acme")
    assert said.code == 1
    assert "companies.arr__d: the object has no such field; did you mean arr__c?" in said.out
    assert "contats: the account has no such object; did you mean contacts?" in said.out
    found = backhaul("discover", "acme", "crm", "--object", "deals", "--json").json["connections"][0]
    deals = next(each for each in found["objects"] if each["name"] == "deals")
    assert not deals["chosen"]
    assert {"dealname", "amount"} <= {each["name"] for each in deals["fields"]}
    assert "dealname" in backhaul("discover", "acme", "crm", "--object", "deals").out


def test_drift_is_told_when_seen_and_kept(backhaul: Call, acme: Running) -> None:
    assert backhaul("discover", "acme", "crm").code == 0
    acme.mutate("add_field", "companies", None, {"name": "favourite_colour", "type": "string"})
    assert "+ companies.favourite_colour" in backhaul("discover", "acme", "crm").out
    (drift,) = backhaul("discover", "acme", "--drift", "--json").json["drift"]["crm"]
    assert (drift["object"], drift["field"], drift["change"]) == ("companies", "favourite_colour", "added")
    assert "favourite_colour" in backhaul("discover", "acme", "--drift").out


def test_a_value_that_does_not_fit_is_listed(backhaul: Call, hubspot: Running, customer: Callable[..., Path]) -> None:
    mapping = {"mappings": {"accounts": {"crm": {"annual_revenue": "to_decimal(name)"}}}}
    customer("acme", crm=connection_to(hubspot, SMALL), extra=mapping)
    assert backhaul("rejects", "acme").code == 2  # nothing is there yet
    assert "could not be read as their type" in backhaul("run", "acme").out
    found = backhaul("rejects", "acme", "--json", "--limit", "5").json
    assert found["total"] == hubspot.objects()["companies"]
    assert len(found["rejects"]) == 5
    assert {(each["stage"], each["object"]) for each in found["rejects"]} == {("accounts", "companies")}
    assert "5 of" in backhaul("rejects", "acme", "--object", "crm.companies", "--limit", "5").out
    assert backhaul("rejects", "acme", "--object", "crm.owners", "--json").json["total"] == 0


def test_several_customers_run_side_by_side_and_each_is_told(
    backhaul: Call, hubspot: Running, customer: Callable[..., Path]
) -> None:
    for name in ("acme", "globex", "initech"):
        customer(name, crm=connection_to(hubspot, {"owners": {}}))
    said = backhaul("run", "--json")
    assert said.code == 0
    assert {each["customer"] for each in said.lines} == {"acme", "globex", "initech"}
    text = backhaul("run", "acme", "globex").out
    assert "acme  run" in text
    assert "globex  run" in text


def test_plain_output_has_no_escapes_and_no_line_is_cut(backhaul: Call, acme: Running) -> None:
    said = backhaul("run", "acme")
    assert "\x1b" not in said.out + said.err
    assert "crm.companies: " in said.err
    assert "…" not in backhaul("query", "acme", "select * from accounts limit 3").out


def test_no_color_is_respected_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from backhaul.cli.output import Output

    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert Output(False).console.no_color
