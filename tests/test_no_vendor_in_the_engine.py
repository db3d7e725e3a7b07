"""The engine knows no vendor by name: only simulators, the demo and the first project that `init` makes do."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

import backhaul
from backhaul.config.catalog import catalog_root
from docs.generate import ROOT
from docs.generate.kinds import alone

ENGINE = Path(backhaul.__file__).parent
EXAMPLES = ("cli/commands/demo.py", "cli/commands/init.py")
"""They start simulators, or name one to begin with."""
FILES = sorted(
    path.relative_to(ENGINE).as_posix()
    for path in ENGINE.rglob("*.py")
    if path.relative_to(ENGINE).parts[0] != "sandbox" and path.relative_to(ENGINE).as_posix() not in EXAMPLES
)
NAMES = sorted(
    name.lower()
    for path in catalog_root().glob("sources/*/source.yaml")
    for name in (path.parent.name, yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)["title"])
)
ANY = re.compile(r"(?<![a-z])(" + "|".join(re.escape(name) for name in dict.fromkeys(NAMES)) + r")(?![a-z])")


def test_there_are_names_and_files_to_look_at() -> None:
    assert len(NAMES) >= 6
    assert len(FILES) > 100


def test_no_file_of_the_engine_names_a_vendor() -> None:
    found = {name: ANY.findall((ENGINE / name).read_text("utf-8").lower()) for name in FILES}
    assert {name: names for name, names in found.items() if names} == {}


def test_a_kind_that_one_source_uses_has_a_decision() -> None:
    record = (ROOT / "docs/decisions/0027-kinds-of-one-source.md").read_text("utf-8")
    undefended = [f"{block} `{kind}`" for block, kind in alone() if f"| {block} | `{kind}` |" not in record]
    assert undefended == [], "say in 0027 why each is general, or let it go"
