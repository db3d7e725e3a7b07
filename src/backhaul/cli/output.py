"""What commands print: aligned tables and plain lines for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `wide`: it gives way when the line is too long; `quiet`: dimmed."""

    title: str
    number: bool = False
    wide: bool = False
    quiet: bool = False


class Output:
    """Where a command's answer goes. Colours and widths only where a terminal listens; NO_COLOR is respected."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    @cached_property
    def console(self) -> Console:
        from rich.console import Console

        console = Console(highlight=False, soft_wrap=False)
        if not console.is_terminal:
            # lines in a file or a pipe are for grep: nothing is cut
            console.width = 10_000
        return console

    def json(self, document: Any) -> None:
        """One document, in one line; secrets blanked."""
        import msgspec

        from backhaul.telemetry import redact

        click.echo(redact.registered(msgspec.json.Encoder(enc_hook=str).encode(document).decode()))

    def data(self, document: Any) -> None:
        """One document of a customer's own data, as it is: what looks like a secret there is none of ours."""
        import msgspec

        click.echo(msgspec.json.Encoder(enc_hook=str, decimal_format="number").encode(document).decode())

    def line(self, text: str = "", style: str = "", indent: int = 0) -> None:
        """A line as it is: no markup in it is understood. Long ones are wrapped with their indent."""
        from rich.padding import Padding
        from rich.text import Text

        from backhaul.telemetry import redact

        shown = Text(redact.registered(text), style=style)
        self.console.print(Padding(shown, (0, 0, 0, indent), expand=False) if indent else shown)

    def show(self, *parts: RenderableType) -> None:
        for part in parts:
            self.console.print(part)

    def heading(self, bold: str, rest: str = "") -> None:
        from rich.text import Text

        self.console.print(Text.assemble((bold, "bold"), ("  " + rest if rest else "", "dim")))

    def note(self, label: str, text: str, style: str = "") -> None:
        """`label` before a text that may take several lines, each with the same indent."""
        from rich.table import Table
        from rich.text import Text

        from backhaul.telemetry import redact

        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=10, no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(Text(label, style=style or "dim"), Text(redact.registered(text)))
        self.console.print(grid)

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> None:
        """Columns aligned by spaces alone, for the eye and for awk. Those with nothing in them are left out."""
        lines = [list(row) for row in rows]
        told = [place for place in range(len(columns)) if any(row[place] not in (None, "") for row in lines)]
        self.console.print(table([columns[place] for place in told], [[row[place] for place in told] for row in lines]))


def table(columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> Table:
    """The table of these columns, all of them."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for column in columns:
        made.add_column(
            column.title,
            justify="right" if column.number else "left",
            overflow="fold" if column.wide else "ellipsis",
            no_wrap=not column.wide,
            style="dim" if column.quiet else "",
        )
    for row in rows:
        pairs = zip(row, columns, strict=True)
        made.add_row(*(each if isinstance(each, Text) else _cell(each, column) for each, column in pairs))
    return made


def _cell(value: Any, column: Column) -> Text:
    from rich.text import Text

    if value is None or value == "":
        return Text("")
    if column.number and isinstance(value, int) and not isinstance(value, bool):
        return Text(f"{value:,}", style="dim" if value == 0 else "")
    return Text(str(value))


def many(count: int, one: str, more: str | None = None) -> str:
    """`1 row`, `1,204 rows`."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def listing(names: Sequence[str], most: int = 4) -> str:
    """`a, b, c and 12 more`."""
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"
