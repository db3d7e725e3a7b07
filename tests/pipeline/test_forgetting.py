"""Who is forgotten is in no file of ours any more, stays away when read again, and a receipt says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from handmade import Handmade

from backhaul.errors import ConfigError

CONTACT = {"id": "VARCHAR", "firstname": "VARCHAR", "email": "VARCHAR"}
SECRET = "Zebedee-the-forgotten"


def known(root: Path) -> Handmade:
    """Two people, published twice."""
    found = Handmade(root)
    found.table("crm__contacts", CONTACT, [["1", "1", SECRET, f"{SECRET}@x.example"], ["2", "2", "Ada", "a@x.example"]])
    found.table("crm__contacts_companies", {"from_id": "VARCHAR", "to_id": "VARCHAR"}, [["1:9", "1", "9"]])
    found.shape()
    found.table("crm__contacts", CONTACT, [["2", "2", "Ada L.", "a@x.example"]], run="run2")
    found.shape()
    return found


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Handmade]:
    found = known(tmp_path)
    yield found
    found.project.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handmade]:
    """For what leaves everything as it was."""
    found = known(tmp_path_factory.mktemp("kept"))
    yield found
    found.project.close()


def holders(root: Path) -> list[str]:
    return [str(path) for path in root.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


def test_a_forgotten_person_is_in_no_file_and_stays_away(made: Handmade) -> None:
    view = made.project.config.layout.agent("acme") / "00001-x"
    view.mkdir(parents=True)
    (view / "entities.duckdb").write_text(SECRET, encoding="utf-8")
    assert holders(made.root) != []
    receipt = made.acme.forget("contacts", "crm:contacts:1")
    assert holders(made.root) == []
    assert receipt.erased["raw crm__contacts"] == 1
    assert receipt.snapshots_deleted == 2
    assert receipt.path is not None
    assert "crm:contacts:1" not in json.dumps(json.loads(receipt.path.read_text(encoding="utf-8")))
    assert made.read("select id from contacts") == [("crm:contacts:2",)]
    comment = "select comment from duckdb_columns() where table_name = 'contacts' and column_name = 'email'"
    assert made.read(comment) == [("Main e-mail address, spelt as entered.",)]
    made.table("crm__contacts", CONTACT, [["1", "1", SECRET, None], ["3", "3", "New", None]], run="run3")
    made.shape()
    assert made.read("select id from contacts order by id") == [("crm:contacts:2",), ("crm:contacts:3",)]


@pytest.mark.parametrize("id", ["crm:contacts:404", "nonsense", "other:contacts:1"])
def test_who_is_not_there_cannot_be_forgotten(kept: Handmade, id: str) -> None:
    before = kept.snapshot()
    with pytest.raises(ConfigError, match=id):
        kept.acme.forget("contacts", id)
    assert kept.snapshot() == before
