"""Whether a contender's destination holds what it should: as many rows as there are records, with the right sum.

python -m benchmarks.check FOLDER TABLE ROWS
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb


def main() -> None:
    folder, table, expect = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    file = next(folder.rglob("*.duckdb"))
    schema, _, name = table.partition(".")
    with duckdb.connect(str(file), read_only=True) as connection:
        columns = [row[0] for row in connection.execute(f"DESCRIBE {schema}.{name}").fetchall()]
        score = next(column for column in columns if column.endswith("score"))
        found = connection.execute(f"SELECT count(*), sum({score}::DECIMAL(38, 9)) FROM {schema}.{name}").fetchone()
    wanted = sum(number % 1000 for number in range(expect))
    if found is None or (found[0], int(found[1])) != (expect, wanted):
        sys.exit(f"{table} holds (rows, sum of scores) {found}; there should be {(expect, wanted)}")


if __name__ == "__main__":
    main()
