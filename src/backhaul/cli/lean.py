"""What a command's process does without."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec


class _NoPandas:
    """Answers who looks for pandas that it is not there."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name == "pandas":
            raise ModuleNotFoundError("no command of backhaul uses pandas", name=name)
        return None


def without_pandas() -> None:
    """Keep pandas out of this process.

    pyarrow imports it, where it is installed, to make the first array of a list: a third of a second and 50 MB.
    Only for a process that is ours alone: who calls backhaul from Python may want pandas.
    """
    if "pandas" not in sys.modules:
        sys.meta_path.insert(0, _NoPandas())
