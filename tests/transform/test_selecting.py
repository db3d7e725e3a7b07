"""What `--select` leaves out may never have been made: what refers to it is made all the same, what reads it is not."""

from __future__ import annotations

import pytest
from workdb import CONTRACTS, STAGING, Work

from backhaul.errors import ConfigError
from backhaul.transform.models import read_models

MARTS = {
    "people": "-- One row per user.\nselect u.id, u.name from users as u",
    "owned": "-- One row per account.\nselect a.id, p.name from accounts as a join people as p on p.id = a.owner_id",
}


@pytest.fixture
def marts(work: Work) -> Work:
    work.models = read_models(CONTRACTS, STAGING, MARTS)
    work.put("owners", "1", email="a@example.com")
    work.put("companies", "7", name="Globex", owner="1")
    return work


def test_the_first_transform_may_be_of_an_entity_that_refers_to_one_that_was_never_made(marts: Work) -> None:
    (result,) = marts.transform(select=["accounts"]).entities
    assert (result.name, result.rows, result.warnings) == ("accounts", 1, ())
    assert marts.row("accounts", "owner_id") == ("crm:owners:1",)


def test_a_reference_is_checked_as_soon_as_what_it_names_is_made(marts: Work) -> None:
    marts.transform(select=["users"])
    marts.put("companies", "7", name="Globex", owner="2")
    (result,) = marts.transform(select=["accounts"]).entities
    assert [each.check for each in result.warnings] == ["owner_id names no row of users"]


def test_a_mart_of_entities_that_were_never_made_says_what_to_select(marts: Work) -> None:
    with pytest.raises(ConfigError, match="owned reads accounts, people, which no transform has made yet") as error:
        marts.transform(select=["owned"])
    assert "--select +owned" in str(error.value)
    assert {each.name for each in marts.transform(select=["+owned"]).entities} == {"users", "accounts", *MARTS}


def test_a_mart_reads_another_that_an_earlier_transform_made(marts: Work) -> None:
    marts.transform()
    marts.put("companies", "8", name="Initech", owner="1")
    marts.transform(select=["accounts"])
    marts.transform(select=["owned"])
    assert marts.rows("owned", "id, name") == [
        ("crm:companies:7", "a@example.com"), ("crm:companies:8", "a@example.com")
    ]  # fmt: skip
