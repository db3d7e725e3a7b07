"""A first read that is cut off, and what happens at the vendor before the next run goes on with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.bad_input.runs import landed, run, the_failure
from tests.conftest import Bench
from tests.truth import key_of

OBJECTS = {
    "hubspot": ("companies", {"path": "/objects/companies$", "after": 3}),
    "salesforce": ("Account", {"path": "/query/", "after": 3}),
    "netsuite": ("customer", {"path": "suiteql", "body": "FROM customer", "after": 8}),
}
"""Object -> the requests for its pages, and how many of them are answered."""


@pytest.mark.parametrize("source", OBJECTS)
def test_what_was_read_and_then_deleted_is_found_deleted(source: str, bench: Callable[..., Bench]) -> None:
    object, pages = OBJECTS[source]
    made = bench(crm=(source, {object: {}}))
    vendor = made.simulators["crm"]
    vendor.configure(page_size_cap=None if source == "netsuite" else 20)
    if source == "netsuite":
        small_pages(made, 20)
    ids = sorted((key_of(each, object) for each in vendor.dump(object) if not each["_deleted"]), key=int_or_text)
    vendor.fault("500", count=None, **pages)
    the_failure(run(made), "crm", object)
    vendor.clear_faults()
    read = {row[0] for row in made.raw(f"crm__{object}", "_key")}
    assert set(ids[:2]) <= read < set(ids), "some of it was read"

    vendor.advance(7200)
    vendor.mutate("delete", object, ids[0])
    vendor.mutate("delete", object, ids[1])
    vendor.advance(7200)
    assert run(made).exit_code == 0
    landed(made, "crm", object)


def int_or_text(key: str) -> tuple[int, str]:
    return (int(key) if key.isdigit() else 0, key)


def small_pages(made: Bench, rows: int) -> None:
    """The shipped definition with pages of so many rows: the vendor's own are never short before the last."""
    from backhaul.config.catalog import catalog_root

    text = (catalog_root() / "sources" / "netsuite" / "source.yaml").read_text(encoding="utf-8")
    own = made.root / "sources" / "netsuite" / "source.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(text.replace("size: 1000", f"size: {rows}"), encoding="utf-8")
    made.project.close()
    made.project = type(made.project)(made.root)
