"""What holds for every contract and every staging file of the catalog, whatever the vendor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from sqlglot import exp

from backhaul.transform.contracts import STAGED_COMMON
from backhaul.transform.models import Models, find_models
from backhaul.transform.staging import Staging

ROOT = Path(__file__).parents[2]
MODELS = find_models([ROOT / "transforms"])
SOURCES = sorted(each.parent.name for each in ROOT.glob("sources/*/source.yaml"))
ENTITIES = {
    "users", "accounts", "contacts", "leads", "stages", "deals", "activities", "links", "items", "orders", "invoices",
    "document_lines", "payments", "bills", "ledger_accounts", "journal_lines", "tickets", "conversations", "messages",
    "attachments", "field_changes", "channels",
}  # fmt: skip
every_file = pytest.mark.parametrize(
    "staging", MODELS.staging, ids=lambda each: f"{each.source}-{each.entity}-{each.object}"
)


def test_every_entity_is_filled_by_some_source() -> None:
    assert set(MODELS.contracts) == ENTITIES
    filled = {each.entity for each in MODELS.staging if each.source in SOURCES}
    assert filled == ENTITIES
    assert len(ENTITIES) == 22


def test_every_entity_and_column_says_what_it_is() -> None:
    silent = [
        f"{contract.entity}.{name}"
        for contract in MODELS.contracts.values()
        for name, text in [("", contract.description), *((n, c.description) for n, c in contract.columns.items())]
        if not text.endswith((".", ".)")) or len(text) > 240
    ]
    assert silent == []


def test_every_entity_with_money_names_its_currency() -> None:
    without = [each.entity for each in MODELS.contracts.values() if each.holds_money and "currency" not in each.columns]
    assert without == []


def test_every_status_keeps_the_vendors_word_beside_it() -> None:
    without = [
        contract.entity
        for contract in MODELS.contracts.values()
        if contract.columns.get("status")
        and contract.columns["status"].enum
        and "source_status" not in contract.columns
    ]
    assert without == []


@every_file
def test_a_file_fills_only_columns_of_its_contract(staging: Staging) -> None:
    known = {*MODELS.contracts[staging.entity].columns, *STAGED_COMMON}
    assert set(staging.projections) <= known


@every_file
def test_a_file_reads_only_objects_that_the_source_defines(staging: Staging) -> None:
    definition = yaml.load(
        (ROOT / "sources" / staging.source / "source.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader
    )
    assert {staging.object, *staging.joins.values()} <= set(definition["objects"])


@every_file
def test_a_file_says_its_grain_its_joins_and_its_currency_first(staging: Staging) -> None:
    text = (ROOT / staging.path).read_text(encoding="utf-8")
    comment = " ".join(line.removeprefix("-- ") for line in text.split("\nselect\n")[0].splitlines())
    assert text.startswith("-- ")
    assert "Grain: " in comment
    assert ("Joins: none" in comment) == (not staging.joins)
    for joined in staging.joins.values():
        assert joined in comment
    columns = MODELS.contracts[staging.entity].columns
    if any(columns[name].type == "money" for name in staging.projections if name in columns):
        assert "Currency: " in comment


@every_file
def test_a_literal_in_an_enum_column_is_one_of_its_values(staging: Staging) -> None:
    columns = MODELS.contracts[staging.entity].columns
    strangers = {
        (name, value)
        for name, tree in staging.projections.items()
        if name in columns and columns[name].enum
        for value in outcomes(tree)
        if value not in columns[name].enum
    }
    assert strangers == set()


@every_file
def test_a_reference_points_at_the_entity_that_its_contract_names(staging: Staging) -> None:
    columns = MODELS.contracts[staging.entity].columns
    wrong = {
        (name, called.expressions[0].name)
        for name, tree in staging.projections.items()
        if name in columns and columns[name].references
        for called in tree.find_all(exp.Anonymous)
        if called.name.lower() == "ref" and called.expressions[0].name != columns[name].references
    }
    assert wrong == set()


@every_file
def test_a_column_that_references_is_always_made_by_ref(staging: Staging) -> None:
    columns = MODELS.contracts[staging.entity].columns
    bare = [
        name
        for name, tree in staging.projections.items()
        if name in columns
        and columns[name].references
        and not any(called.name.lower() == "ref" for called in tree.find_all(exp.Anonymous))
    ]
    assert bare == []


def outcomes(tree: exp.Expression) -> Iterator[str]:
    """The text literals that an expression can come to, conditions left aside."""
    if isinstance(tree, exp.Literal) and tree.is_string:
        yield tree.name
    elif isinstance(tree, exp.Case):
        for branch in tree.args["ifs"]:
            yield from outcomes(branch.args["true"])
        if tree.args.get("default"):
            yield from outcomes(tree.args["default"])
    elif isinstance(tree, exp.Coalesce):
        for part in (tree.this, *tree.expressions):
            yield from outcomes(part)
    elif isinstance(tree, exp.Paren | exp.Lower):
        yield from outcomes(tree.this)


def test_outcomes_are_what_a_case_can_come_to_and_not_what_it_compares_with(catalog: Models) -> None:
    status = next(
        each for each in catalog.staging if (each.source, each.object) == ("netsuite", "invoice")
    ).projections["status"]
    assert sorted(outcomes(status)) == ["draft", "open", "paid", "void", "void"]
