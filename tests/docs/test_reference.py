"""The reference says what the code says."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import BaseModel

from backhaul.config.destination import Destination
from backhaul.config.pipeline import Pipeline
from backhaul.config.source import OUTCOMES, Outcome, Source
from docs.generate import PAGES, ROOT
from docs.generate.models import keys, parts

MODELS = list(dict.fromkeys(each for file in (Source, Pipeline, Destination) for each in parts(file)))


@pytest.mark.parametrize("name", PAGES)
def test_each_page_is_what_the_generator_makes(name: str) -> None:
    committed = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert committed == PAGES[name](), f"docs/{name} is not up to date: run `make docs` and commit what it writes"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_each_block_and_key_has_a_word_about_it(model: type[BaseModel]) -> None:
    assert model.__dict__.get("__doc__"), "the block has no docstring"
    assert [key.name for key in keys(model) if not key.description] == []


def test_each_outcome_is_explained() -> None:
    assert tuple(OUTCOMES) == get_args(Outcome)
