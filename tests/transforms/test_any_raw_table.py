"""Staging builds whatever the raw tables hold: few fields, fields of the wrong type, or nothing but garbage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import pytest
from rawtables import SYSTEM, Work
from sqlglot import exp

from backhaul.config.catalog import catalog_root
from backhaul.transform.models import Models

SOURCES = sorted(each.parent.name for each in catalog_root().glob("sources/*/source.yaml"))
# Their rows come into being by what their fields say: the kind of pipeline, record pointed at, person or line, the one
# whom a record names, the files that hang on a record, whether it was sold or bought, somebody's role, what was said,
# what a note stands on.
UNBORN = {
    "dynamics365": {"stages", "attachments", "links"},
    "hubspot": {"stages", "attachments"},
    "intercom": {"leads", "messages"},
    "pipedrive": {"links"},
    "quickbooks": {"contacts", "document_lines", "journal_lines", "links"},
    "servicenow": {"links", "messages"},
    "sage_intacct": {"links"},
    "slack": {"links"},
    "xero": {"bills", "contacts", "invoices", "links"},
    "zendesk": {"users"},
}


def fields_read(catalog: Models, source: str) -> dict[str, set[str]]:
    """Object -> the fields that staging names of it, joins included."""
    found: dict[str, set[str]] = defaultdict(set)
    for staging in catalog.staging:
        if staging.source == source:
            objects = {"src": staging.object, **staging.joins}
            for name in objects.values():
                found[name] |= set()
            for column in staging.tree.find_all(exp.Column):
                if column.table in objects and column.name not in SYSTEM:
                    found[objects[column.table]].add(column.name)
    return found


@pytest.mark.parametrize("source", SOURCES)
def test_objects_without_a_single_field_still_make_rows(
    work: Callable[[str], Work], catalog: Models, source: str
) -> None:
    it = work(source)
    for name in fields_read(catalog, source):
        it.table(name, "_key", "_key", ["1"])
    result = it.build_all()
    filled = {each.entity for each in catalog.staging if each.source == source}
    empty = {each.name for each in result.entities if each.name in filled and each.rows == 0}
    assert empty == UNBORN.get(source, set())


@pytest.mark.parametrize("source", SOURCES)
def test_fields_that_turned_into_text_cannot_break_the_build(
    work: Callable[[str], Work], catalog: Models, source: str
) -> None:
    it = work(source)
    values = {"1": "1", "2": "", "3": "garbage", "4": "2026-01-01"}
    for name, fields in fields_read(catalog, source).items():
        rows = [[key, *[value for _ in fields]] for key, value in values.items()]
        it.table(name, "_key", " ".join(["_key", *sorted(fields)]), *rows)
    it.build_all()
    filled = {each.entity for each in catalog.staging if each.source == source}
    there = {id for entity in filled for (id,) in it.rows(entity, "source_id")}
    assert set(values) <= there, "a row of each"
    # what was no number, day or moment is told, not dropped in silence
    told = it.connection.execute("SELECT DISTINCT raw_text FROM meta.rejects").fetchall()
    assert ("garbage",) in told


@pytest.mark.parametrize("source", SOURCES)
def test_a_second_build_with_nothing_new_writes_nothing(
    work: Callable[[str], Work], catalog: Models, source: str
) -> None:
    it = work(source)
    for name, fields in fields_read(catalog, source).items():
        it.table(name, "_key", " ".join(["_key", *sorted(fields)]), ["1", *["1" for _ in fields]])
    assert it.build_all().changed > 0
    assert it.build_all().changed == 0


@pytest.mark.parametrize("source", SOURCES)
def test_a_join_to_an_object_that_is_not_read_costs_no_row(
    work: Callable[[str], Work], catalog: Models, source: str
) -> None:
    it = work(source)
    joined = {name for each in catalog.staging if each.source == source for name in each.joins.values()}
    main = {each.object for each in catalog.staging if each.source == source}
    for name in main - joined:
        it.table(name, "_key", "_key", ["1"])
    rows = {each.name: each.rows for each in it.build_all().entities}
    for each in catalog.staging:
        unborn = {"links", "stages", "attachments"} | UNBORN.get(source, set())
        if each.source == source and each.object in main - joined and each.entity not in unborn:
            assert rows[each.entity] > 0
