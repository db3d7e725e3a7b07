"""The rows of one object that may have to be written, found set-wise; all others are as they should be.

Both sides are brought to the field's types and hashed. What differs in its hash, or is not known well enough for
that, comes out with its values, to be judged row by row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from backhaul.protocol.schema import Field
from backhaul.push import sql
from backhaul.push.ledger import Ledger
from backhaul.push.sql import quote
from backhaul.push.target import Column, Object
from backhaul.push.wanted import Wanted

_CHUNK = 2_000
_LEDGER = {
    "row": pa.string(), "h": pa.int64(), "changed": pa.string(), "confirmed_at": pa.float64(), "made": pa.int64(),
    "flying": pa.int64(),
}  # fmt: skip
"""What the ledger's chunks hold."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """How rows are told apart, and found at the vendor.

    column: of the select; None where a row is known by its values alone. field: the unique field that the column
    holds; None where it holds the vendor's key, or a name of our own (`own`). pair: the columns of a link's two ends.
    once: a row that was written is never looked at again.
    """

    column: str | None
    field: Field | None = None
    own: bool = False
    pair: tuple[str, str] | None = None
    once: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that is not plainly as it should be. seen: the raw table's values, None where it has no such record."""

    row: str
    key_text: str | None
    """The key as the select gives it."""
    hash: int
    wanted: Mapping[str, str | None]
    misfits: frozenset[str]
    """Fields whose value does not fit their type."""
    seen: Mapping[str, str | None] | None
    vendor_key: str | None
    deleted: bool
    read_at: datetime | None
    changed_at: datetime | None


class Diff:
    """One object's rows of a push, compared. takes_away: what is wanted no more is looked for, too."""

    def __init__(
        self, wanted: Wanted, object: Object, ways: Sequence[Column], keyed: Keyed, ledger: Ledger, target: int, *,
        takes_away: bool = False,
    ) -> None:  # fmt: skip
        self._wanted = wanted
        self._sql = wanted.sql
        self._object = object
        self._ways = tuple(ways)
        self._keyed = keyed
        self._takes_away = takes_away
        self._fields = [object.field(way.field) for way in self._ways]
        self._values = [
            sql.wanted(way, wanted.columns[way.column], field)
            for way, field in zip(self._ways, self._fields, strict=True)
        ]
        self._raw = wanted.raw_columns(object.raw_table)
        self.scheme = self._scheme()
        self._compare(ledger, target)

    @property
    def is_known(self) -> bool:
        """The raw table is there, and rows can be found in it."""
        if self._keyed.pair is not None:
            return all(name in self._raw for name in self._object.link or ())
        if not self._raw or self._keyed.own or self._keyed.column is None:
            return False
        return self._keyed.field is None or self._keyed.field.name in self._raw

    # -- what came out ---------------------------------------------------------------------------------------------

    rows: int = 0
    nameless: int = 0
    """Rows without a key."""
    in_flight: int = 0
    same: int = 0

    def repeated(self) -> list[tuple[str, int]]:
        """Keys that several rows of the select have."""
        return [
            (str(row), int(count))
            for row, count in self._sql.execute("SELECT k, n FROM repeated ORDER BY k").fetchall()
        ]

    def candidates(self) -> Iterator[list[Candidate]]:
        """What is to be judged row by row, in chunks, in no order."""
        names = [field.name for field in self._fields]
        shown = [
            f"coalesce({sql.shown(value, field)}, CAST(s.{quote(way.column)} AS VARCHAR))"
            if lost
            else sql.shown(value, field)
            for way, field, (value, lost) in zip(self._ways, self._fields, self._values, strict=True)
        ]
        misfits = [f"coalesce({lost}, false)" if lost else "false" for _, lost in self._values]
        held = [name for name in names if self._is_seen(name)]
        seen = [
            sql.shown(sql.seen(f"r.{quote(n)}", self._raw[n], self._object.field(n)), self._object.field(n))
            for n in held
        ]
        raw = (
            f"LEFT JOIN raw.main.{quote(self._object.raw_table)} AS r ON r._key = c.vendor_key" if self.is_known else ""
        )
        facts = "r._deleted_at IS NOT NULL, r._read_at, r._changed_at" if self.is_known else "false, NULL, NULL"
        mine = self._wanted.mine(self._object, "s")
        query = (
            f"SELECT c.k, {self._key_text('s')}, c.h, c.vendor_key, {facts}, [{', '.join(shown)}]::VARCHAR[],"
            f" [{', '.join(misfits)}]::BOOLEAN[], [{', '.join(seen)}]::VARCHAR[]"
            " FROM (SELECT * FROM candidates WHERE NOT flying) AS c"
            f" JOIN (SELECT s.*, {self._key('s')} AS _own_key FROM wanted AS s {mine}) AS s"
            f" ON s._own_key = c.asked {raw}"
        )
        result = self._sql.execute(query)
        while chunk := result.fetchmany(_CHUNK):
            yield [
                Candidate(
                    row=row,
                    key_text=key_text,
                    hash=hash_,
                    wanted=dict(zip(names, values, strict=True)),
                    misfits=frozenset(name for name, misfit in zip(names, bad, strict=True) if misfit),
                    seen=dict(zip(held, old, strict=True)) if key is not None else None,
                    vendor_key=key,
                    deleted=deleted or False,
                    read_at=read_at,
                    changed_at=changed_at,
                )
                for row, key_text, hash_, key, deleted, read_at, changed_at, values, bad, old in chunk
            ]

    def gone(self) -> tuple[list[str], int]:
        """Rows that we made and the select gives no more; and how many more were written once and are not ours."""
        ours = self._sql.execute("SELECT row FROM gone WHERE made ORDER BY row").fetchall()
        _, kept = self._two("SELECT count(*) FILTER (WHERE made), count(*) FILTER (WHERE NOT made) FROM gone")
        return [str(row) for (row,) in ours], kept

    # -- the comparison --------------------------------------------------------------------------------------------

    def _compare(self, ledger: Ledger, target: int) -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="ledger") as pool:
            # beside DuckDB, which hashes meanwhile: taking rows out of SQLite is Python's work
            ledgers = pool.submit(self._side_ledger, ledger, target)
            self._side_wanted()
            self._side_seen()
            has_ledger = ledgers.result()
        older = "coalesce(l.changed > r.changed_at, l.confirmed_at >= r.read_at, l.confirmed_at IS NOT NULL)"
        same = f"(r.k IS NOT NULL AND r.h = d.h AND NOT coalesce({older}, false))"
        if has_ledger:
            same = f"{same} OR (l.h = d.h AND {older})"
        if self._keyed.own:
            same = "l.h = d.h"
        if self._keyed.once:
            same = "r.k IS NOT NULL OR l.confirmed_at IS NOT NULL" if self._keyed.pair else "l.confirmed_at IS NOT NULL"
        flying = "coalesce(l.flying, false)"
        self._sql.execute(
            "CREATE OR REPLACE TEMP TABLE candidates AS SELECT d.k, coalesce(d.asked, d.k) AS asked, d.h,"
            f" CASE WHEN r.k IS NOT NULL THEN coalesce(r.vendor_key, r.k) END AS vendor_key, {flying} AS flying"
            " FROM side_wanted AS d LEFT JOIN side_seen AS r ON r.k = d.k LEFT JOIN side_ledger AS l ON l.row = d.k"
            f" WHERE d.k IS NOT NULL AND d.k NOT IN (SELECT k FROM repeated)"
            f" AND NOT (NOT d.misfit AND NOT {flying} AND coalesce({same}, false))"
        )
        if self._takes_away:
            self._sql.execute(
                "CREATE OR REPLACE TEMP TABLE gone AS SELECT l.row, l.made FROM side_ledger AS l"
                " ANTI JOIN side_wanted AS d ON d.k = l.row"
                " WHERE l.confirmed_at IS NOT NULL AND NOT l.flying"
            )
        self._sql.execute("DROP TABLE side_seen; DROP TABLE side_ledger")
        self.rows, self.nameless = self._two("SELECT count(*), count(*) FILTER (WHERE k IS NULL) FROM side_wanted")
        self._sql.execute("DROP TABLE side_wanted")
        judged, self.in_flight = self._two("SELECT count(*), count(*) FILTER (WHERE flying) FROM candidates")
        self.same = self.rows - self.nameless - sum(count for _, count in self.repeated()) - judged

    def _side_wanted(self) -> None:
        hashed = ", ".join(
            sql.comparable(value, field, self._object.step)
            for (value, _), field in zip(self._values, self._fields, strict=True)
        )
        misfit = " OR ".join(lost for _, lost in self._values if lost) or "false"
        merged = key = self._key("s")
        join, asked = "", "NULL::VARCHAR"
        if self.is_known and self._keyed.field is None and self._keyed.pair is None:
            # a record that was merged away is written where it went
            join = (
                f" LEFT JOIN (SELECT _key, _merged_into FROM raw.main.{quote(self._object.raw_table)}"
                f" WHERE _merged_into IS NOT NULL) AS m ON m._key = {key}"
            )
            merged = f"coalesce(m._merged_into, {key})"
            asked = f"CASE WHEN m._merged_into IS NOT NULL THEN {key} END"
        self._sql.execute(
            "CREATE OR REPLACE TEMP TABLE side_wanted AS"
            f" SELECT {merged} AS k, {asked} AS asked, {_hash(hashed)} AS h, coalesce({misfit}, false) AS misfit"
            f" FROM wanted AS s{join} {self._wanted.mine(self._object, 's')}"
        )
        self._sql.execute(
            "CREATE OR REPLACE TEMP TABLE repeated AS SELECT k, count(*) AS n FROM side_wanted"
            " WHERE k IS NOT NULL GROUP BY k HAVING count(*) > 1"
        )

    def _side_seen(self) -> None:
        empty = (
            "SELECT NULL::VARCHAR AS k, NULL::VARCHAR AS vendor_key, NULL::BIGINT AS h, NULL::TIMESTAMPTZ AS read_at,"
            " NULL::TIMESTAMPTZ AS changed_at WHERE false"
        )
        if not self.is_known:
            self._sql.execute(f"CREATE OR REPLACE TEMP TABLE side_seen AS {empty}")
            return
        whole = all(self._is_seen(field.name) for field in self._fields)
        hashed = ", ".join(
            sql.comparable(sql.seen(f"r.{quote(field.name)}", self._raw[field.name], field), field, self._object.step)
            for field in self._fields
            if self._is_seen(field.name)
        )
        # a field that the raw table lacks cannot be compared: such rows are judged one by one
        hash_ = _hash(hashed) if whole and hashed else "NULL::BIGINT"
        field = self._keyed.field
        if self._keyed.pair is not None:
            ends = [_escaped(sql.text(f"r.{quote(end)}", self._raw[end])) for end in self._object.link or ()]
            key, live, group = " || ':' || ".join(ends), " WHERE r._deleted_at IS NULL", " GROUP BY 1"
            facts = "min(r._key) AS vendor_key, NULL::BIGINT AS h, NULL::TIMESTAMPTZ AS read_at, NULL::TIMESTAMPTZ"
            facts += " AS changed_at"
        elif field is None:
            key, live, group = "r._key", "", ""
            facts = f"NULL::VARCHAR AS vendor_key, {hash_} AS h, r._read_at AS read_at, r._changed_at AS changed_at"
        else:
            key = _folded(sql.text(f"r.{quote(field.name)}", self._raw[field.name]))
            live, group = " WHERE r._deleted_at IS NULL", " GROUP BY 1"
            facts = (
                f"min(r._key) AS vendor_key, arg_min({hash_}, r._key) AS h, arg_min(r._read_at, r._key) AS read_at,"
                " arg_min(r._changed_at, r._key) AS changed_at"
            )
            live += f" AND r.{quote(field.name)} IS NOT NULL"
        self._sql.execute(
            f"CREATE OR REPLACE TEMP TABLE side_seen AS SELECT {key} AS k, {facts}"
            f" FROM raw.main.{quote(self._object.raw_table)} AS r{live}{group}"
        )

    def _side_ledger(self, ledger: Ledger, target: int) -> bool:
        """Whether it holds any row. The table is one that all cursors see."""
        names, types = zip(*_LEDGER.items(), strict=True)
        filled = False
        with self._sql.cursor() as side:
            side.execute("SET TimeZone = 'UTC'")
            side.execute(
                "CREATE OR REPLACE TABLE memory.side_ledger"
                " (row VARCHAR, h BIGINT, changed TIMESTAMPTZ, confirmed_at TIMESTAMPTZ, made BOOLEAN, flying BOOLEAN)"
            )
            for chunk in ledger.hashes(target, self.scheme):
                columns = zip(*chunk, strict=True)
                arrays = [pa.array(values, kind) for values, kind in zip(columns, types, strict=True)]
                side.register("ledger_chunk", pa.table(arrays, names=list(names)))
                side.execute(
                    "INSERT INTO memory.side_ledger SELECT row, h, TRY_CAST(changed AS TIMESTAMPTZ),"
                    " make_timestamptz(CAST(confirmed_at * 1000000 AS BIGINT)), made = 1, flying = 1 FROM ledger_chunk"
                )
                side.unregister("ledger_chunk")
                filled = True
        return filled

    # -- pieces ----------------------------------------------------------------------------------------------------

    def _is_seen(self, name: str) -> bool:
        return self.is_known and name in self._raw and name not in self._object.private

    def _key(self, alias: str) -> str:
        """The row's name, as text; NULL where it has none."""
        column = self._keyed.column
        if self._keyed.pair is not None:
            ends = [sql.text(f"{alias}.{quote(each)}", self._wanted.columns[each]) for each in self._keyed.pair]
            return " || ':' || ".join(_escaped(f"nullif(trim({each}), '')") for each in ends)
        if column is None:
            names = ", ".join(f"coalesce(CAST({alias}.{quote(way.column)} AS VARCHAR), '')" for way in self._ways)
            return f"md5(concat_ws(chr(31), {names}))"
        if self._object.ways is not None:
            value = f"nullif(regexp_extract({alias}.{quote(column)}, '^[^:]+:[^:]+:(.+)$', 1), '')"
        else:
            value = f"nullif(trim({self._key_text(alias)}), '')"
        if self._keyed.field is not None:
            return _folded(value)
        # the raw tables' keys: parts joined by colons, a colon within a part escaped
        single = len(self._object.schema.key) == 1 and not self._keyed.own
        return _escaped(value) if single else value

    def _key_text(self, alias: str) -> str:
        column = self._keyed.column
        if column is None:
            return "NULL"
        return sql.text(f"{alias}.{quote(column)}", self._wanted.columns[column])

    def _scheme(self) -> str:
        """What hashes may be compared under: the same columns, types and engine."""
        content = [duckdb.__version__]
        for way, field in zip(self._ways, self._fields, strict=True):
            content.append(f"{way.field}:{field.type}:{way.values}:{way.prefix}:{way.default}:{bool(field.options)}")
        return hashlib.sha256("\x1f".join(content).encode()).hexdigest()[:16]

    def _two(self, query: str) -> tuple[int, int]:
        found = self._sql.execute(query).fetchone()
        return (int(found[0]), int(found[1])) if found else (0, 0)


def _hash(columns: str) -> str:
    # 63 bits: SQLite's integers have a sign
    return f"CAST(hash({columns}) >> 1 AS BIGINT)"


def _escaped(value: str) -> str:
    return f"replace(replace({value}, '\\', '\\\\'), ':', '\\:')"


def _folded(value: str) -> str:
    # vendors tell unique values apart without regard to letters' case
    return f"lower(trim({value}))"
