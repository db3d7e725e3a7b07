"""What `import backhaul` promises."""

from __future__ import annotations

import subprocess
import sys

import pytest

import backhaul


def test_there_are_at_most_a_dozen_names_and_they_are_sorted() -> None:
    assert len(backhaul.__all__) <= 12
    assert backhaul.__all__ == sorted(backhaul.__all__)


@pytest.mark.parametrize("name", backhaul.__all__)
def test_each_name_is_there_with_a_word_about_it(name: str) -> None:
    found = getattr(backhaul, name)
    assert found.__doc__
    assert found.__module__.startswith("backhaul.")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonesuch"):
        backhaul.nonesuch  # noqa: B018
    assert "Project" in dir(backhaul)


def test_importing_the_package_imports_nothing_else() -> None:
    program = "import sys, backhaul; print(sorted(each for each in sys.modules if each.startswith('backhaul')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "['backhaul']\n"
