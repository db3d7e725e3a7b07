"""A command's process does without what nobody there uses; a program that calls backhaul keeps what it has."""

from __future__ import annotations

import subprocess
import sys


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_pyarrow_makes_arrays_of_lists_without_pandas() -> None:
    lean = "from backhaul.cli.lean import without_pandas; without_pandas(); "
    arrow = "import sys, pyarrow as pa; print(pa.array(['a', None]).to_pylist(), 'pandas' in sys.modules)"
    assert run(lean + arrow) == "['a', None] False"


def test_dlt_and_duckdb_take_it_for_not_installed() -> None:
    lean = "from backhaul.cli.lean import without_pandas; without_pandas(); "
    both = "import sys, duckdb, backhaul.load.dlt_import; print(duckdb.sql('select 42').fetchall())"
    assert run(lean + both) == "[(42,)]"


def test_pandas_that_is_there_already_stays() -> None:
    code = "import pandas; from backhaul.cli.lean import without_pandas; without_pandas(); import pandas.api.types"
    assert run(code + "; print(pandas.DataFrame({'a': [1]}).shape)") == "(1, 1)"
