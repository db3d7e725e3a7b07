"""What the README, the guide and CONTRIBUTING say is tried, block by block, in the order in which one reads."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from docs.generate import ROOT
from tests.docs.blocks import Block, anchors, blocks, links
from tests.docs.output import difference
from tests.docs.stage import Stage, stage

GUIDE = sorted((ROOT / "docs" / "guide").glob("[0-9]*.md"), key=lambda page: int(page.name.split("-")[0]))
# getting started needs an account where nothing has happened yet
TRIED = [page for page in GUIDE if not re.search("<!-- (not tried|needs): ", page.read_text(encoding="utf-8"))]
PLAYED = [*TRIED[:1], ROOT / "README.md", *TRIED[1:], ROOT / "CONTRIBUTING.md"]
ALL = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("transforms/**/*.md")]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame")  # duckdb's own way to pandas 3
def test_every_command_and_block_does_what_its_page_says(tmp_path: Path) -> None:
    with stage(tmp_path / "demo") as played:
        for page in PLAYED:
            played.play(list(blocks(page)))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_page_on_a_system_of_ones_own_does_what_it_says(tmp_path: Path, kinto: str) -> None:
    before = Path.cwd()
    try:
        Stage(tmp_path, ()).play(list(blocks(ROOT / "docs" / "guide" / "13-your-own-system.md")))
    finally:
        os.chdir(before)


def test_the_definition_of_that_page_is_under_sixty_lines() -> None:
    (definition,) = (
        each for each in blocks(ROOT / "docs" / "guide" / "13-your-own-system.md") if each.info == "source kinto"
    )
    assert len(definition.lines) < 60


@pytest.mark.parametrize("page", ALL, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = Path(os.path.normpath(page.parent / path)) if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_file_that_names_a_schema_names_one_that_is_there() -> None:
    files = [*ROOT.glob("sources/*/*.yaml"), *ROOT.glob("pipelines/*.yaml"), *ROOT.glob("docs/vocabulary/*.yaml")]
    named = {path: re.search(r"\$schema=(\S+)", path.read_text(encoding="utf-8")) for path in files}
    for path, schema in named.items():
        assert schema, path
        # a new project has its own, which `init` and `validate` write
        assert ".backhaul/" in schema[1] or (path.parent / schema[1]).is_file(), path


def test_the_guide_has_a_page_of_contents_that_names_each_page() -> None:
    named = links(ROOT / "docs" / "guide" / "README.md")
    assert [link for link in named if "/" not in link] == [page.name for page in GUIDE]


def test_each_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = sorted(path.name for path in folder.glob("0*.md"))
    assert [link for link in links(folder / "README.md") if link.startswith("0")] == pages


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (["a  b"], "a b\n\n", True),
        (
            ["run 1a21e3f63dcfc570277, done in 11 s, 82 requests"],
            "run 1a21e3f66666c570277, done in 0.4 s, 1 request",
            True,
        ),
        (["rows 8"], "rows 9", False),
        (["first", "..."], "first\nsecond\nthird", True),
        (["first"], "first\nsecond", False),
        (["...", "third"], "first\nsecond\nthird", True),
        (["first", "third"], "first\nsecond\nthird", False),
    ],
)
def test_an_output_is_compared_in_what_is_stable(shown: list[str], printed: str, same: bool) -> None:
    assert (difference(shown, printed) is None) is same


def test_a_page_is_cut_into_commands_and_their_output(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- run: x -->\n```console\n$ a 'b\n  c'   # why\nout\n$ d\n```\n")
    hidden, console = blocks(page)
    assert isinstance(hidden, Block)
    assert (hidden.language, hidden.lines) == ("hidden", ("x",))
    from tests.docs.blocks import typed

    assert [(each.command, each.shown) for each in typed(console)] == [("a 'b\n  c'   # why", ("out",)), ("d", ())]
