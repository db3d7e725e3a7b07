from __future__ import annotations

import copy
import pickle

import pytest

from backhaul.config.pipeline import Connection
from backhaul.config.secret import Secret
from backhaul.errors import ConfigError

CANARY = "canary-4711"


def test_no_repr_dump_or_json_shows_a_secret() -> None:
    connection = Connection(source="shop", credentials={"token": Secret(CANARY, written="${TOKEN}")})
    shown = [repr(connection), str(connection), str(connection.model_dump()), connection.model_dump_json()]
    assert all(CANARY not in text for text in shown)
    assert "${TOKEN}" in connection.model_dump_json()


def test_a_text_becomes_a_secret_and_is_not_shown_either() -> None:
    connection = Connection.model_validate({"source": "shop", "credentials": {"token": CANARY}})
    assert CANARY not in f"{connection!r}{connection.model_dump_json()}{connection.model_dump()}"
    assert connection.secrets() == {"token": CANARY}


def test_a_secret_is_text() -> None:
    with pytest.raises(ValueError, match="a secret is text"):
        Connection.model_validate({"source": "shop", "credentials": {"token": ["x"]}})


def test_revealing_what_is_missing_names_the_variables_and_the_place() -> None:
    secret = Secret("", written="${A}${B}", missing=("A", "B"), place="pipelines/acme.yaml:3:4")
    with pytest.raises(ConfigError) as caught:
        secret.reveal()
    assert "pipelines/acme.yaml:3:4" in str(caught.value)
    assert "set A and B" in str(caught.value)


def test_a_secret_travels_to_another_process() -> None:
    secret = Secret(CANARY, written="${TOKEN}")
    assert pickle.loads(pickle.dumps(secret)) == secret
    assert copy.deepcopy(secret).reveal() == CANARY


def test_secrets_are_equal_by_what_they_are() -> None:
    assert Secret("a", written="${A}") == Secret("a", written="${A}")
    assert Secret("a", written="${A}") != Secret("b", written="${A}")
    assert len({Secret("a"), Secret("a")}) == 1
