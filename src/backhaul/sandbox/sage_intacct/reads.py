"""Functions that read: query, readByQuery and readMore, read and readByName, lookup and inspect."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backhaul.sandbox.sage_intacct.answers import NO_READ, NO_RECORD, Failed, Fault, Outcome
from backhaul.sandbox.sage_intacct.company import Company
from backhaul.sandbox.sage_intacct.filters import Filters, field_of, refused, sortable
from backhaul.sandbox.sage_intacct.kinds import Field, Kind
from backhaul.sandbox.sage_intacct.sessions import Session
from backhaul.sandbox.sage_intacct.sql import condition, wrong
from backhaul.sandbox.sage_intacct.xmlish import Element, Markup, tag, text_of
from backhaul.sandbox.tables import Row

MOST, MOST_LEGACY, MOST_KEYS = 2000, 1000, 100
_PARTS = frozenset({"object", "select", "filter", "orderby", "options", "pagesize", "offset", "docparid"})
_OPTIONS = frozenset({"caseinsensitive", "showprivate", "returnformat"})
_HEADED = ("SODOCUMENT",)
"""Objects whose custom fields are shown for one transaction definition alone."""


class Reads:
    """Handlers of one company's reading functions."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._handlers: dict[str, Callable[[Element, Session, Outcome], None]] = {
            "query": self._query,
            "readByQuery": self._read_by_query,
            "readMore": self._read_more,
            "read": self._read,
            "readByName": self._read_by_name,
            "lookup": self._lookup,
            "inspect": self._inspect,
        }

    @property
    def functions(self) -> dict[str, Callable[[Element, Session, Outcome], None]]:
        return self._handlers

    def _kind(self, asked: Element) -> Kind:
        name = text_of(asked, "object") or ""
        kind = self._company.kind(name)
        if kind is None:
            raise Failed(Fault(NO_READ, f"Object definition {name} not found"))
        if kind.name in self._company.controls["forbidden"]:
            raise Failed(
                Fault(NO_READ, f"You do not have permission for API operation READ on objects of type {kind.name}")
            )
        return kind

    # -- query -------------------------------------------------------------------------------------------------------

    def _query(self, asked: Element, session: Session, told: Outcome) -> None:
        if strangers := [each.tag for each in asked if each.tag not in _PARTS]:
            raise refused(f"Unknown element {strangers[0]} in query")
        kind = self._kind(asked)
        options = asked.find("options")
        chosen = {each.tag: (each.text or "").strip() for each in options} if options is not None else {}
        if strangers := sorted(set(chosen) - _OPTIONS):
            raise refused(f"Unknown query option {strangers[0]}")
        definition = text_of(asked, "docparid")
        fields = self._selected(asked, kind, definition)
        size = self._number(asked, "pagesize", 100, 1, MOST)
        offset = self._number(asked, "offset", 0, 0, None)
        test = Filters(self._company, kind, folded=chosen.get("caseinsensitive") == "true").test(asked.find("filter"))
        rows = [
            row
            for row in self._company.rows(kind)
            if test(row) and (definition is None or row.values.get("DOCPARID", definition) == definition)
        ]
        self._sort(asked, kind, rows)
        cap = self._company.controls["page_size_cap"]
        page = rows[offset : offset + min(size, cap or size)]
        told.rows = len(page)
        told.data = tag(
            "data", *(self._record(kind, row, fields) for row in page), listtype=kind.name, totalcount=len(rows),
            offset=offset, count=len(page), numremaining=max(0, len(rows) - offset - len(page)),
        )  # fmt: skip

    def _selected(self, asked: Element, kind: Kind, definition: str | None) -> list[Field]:
        select = asked.find("select")
        names = [(each.text or "").strip() for each in select] if select is not None else []
        if not names or any(each.tag != "field" for each in select or ()):
            raise refused("select names the fields to return")
        if "*" in names:
            raise refused("Returning all fields is not supported")
        fields = [field_of(self._company, kind, name) for name in names]
        for field in fields:
            if field.custom and kind.name in _HEADED and definition is None:
                field_of(self._company, kind, f"{field.name} ")  # which there is not
        return fields

    def _sort(self, asked: Element, kind: Kind, rows: list[Row]) -> None:
        orders = asked.find("orderby")
        rows.sort(key=lambda row: int(row.id))
        for order in reversed(list(orders)) if orders is not None else ():
            field = field_of(self._company, kind, text_of(order, "field") or "")
            down = order.find("descending") is not None
            if down == (order.find("ascending") is not None):
                raise refused("An order is ascending or descending")
            rows.sort(key=lambda row: sortable(self._company.value(kind, row, field.name)), reverse=down)

    @staticmethod
    def _number(asked: Element, name: str, usual: int, least: int, most: int | None) -> int:
        text = text_of(asked, name)
        if not text:
            return usual
        if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
            raise refused(f"The {name} {text} is not valid: it is between {least} and {most}")
        return int(text)

    def _record(self, kind: Kind, row: Row, fields: Sequence[Field], *, name: str = "") -> Markup:
        return tag(name or kind.name, *(tag(each.name, self._company.written(kind, row, each)) for each in fields))

    # -- the legacy ones ---------------------------------------------------------------------------------------------

    def _read_by_query(self, asked: Element, session: Session, told: Outcome) -> None:
        kind = self._kind(asked)
        fields = self._listed(asked, kind)
        size = text_of(asked, "pagesize") or "100"
        if not size.isdecimal() or not 1 <= int(size) <= MOST_LEGACY:
            raise wrong(f"pagesize is between 1 and {MOST_LEGACY}, not {size}")
        test = condition(self._company, kind, text_of(asked, "query") or "")
        rows = [row for row in self._company.rows(kind) if test(row)]
        cursor = f"{len(session.cursors) + 7030372031}{session.id[:8]}"
        session.cursors[cursor] = (kind, fields, rows, len(rows), int(size))
        self._page(session, cursor, told)

    def _read_more(self, asked: Element, session: Session, told: Outcome) -> None:
        cursor = text_of(asked, "resultId") or ""
        if cursor not in session.cursors:
            raise Failed(Fault("readMore failed", "Attempt to readMore on an invalid or expired resultId"))
        self._page(session, cursor, told)

    def _page(self, session: Session, cursor: str, told: Outcome) -> None:
        kind, fields, rows, total, size = session.cursors[cursor]
        page, rest = rows[:size], rows[size:]
        session.cursors[cursor] = (kind, fields, rest, total, size)
        name = kind.name.lower()
        told.rows = len(page)
        told.data = tag(
            "data", *(self._record(kind, row, fields, name=name) for row in page), listtype=name, count=len(page),
            totalcount=total, numremaining=len(rest), resultId=cursor,
        )  # fmt: skip

    def _listed(self, asked: Element, kind: Kind) -> list[Field]:
        names = text_of(asked, "fields") or "*"
        if names == "*":
            return list(kind.fields.values())
        fields = []
        for name in names.split(","):
            found = kind.fields.get(name.strip()) or kind.fields.get(name.strip().upper())
            if found is None:
                raise wrong(f"The field {name} is not valid for {kind.name}")
            fields.append(found)
        return fields

    def _read(self, asked: Element, session: Session, told: Outcome) -> None:
        kind = self._kind(asked)
        keys = [each.strip() for each in (text_of(asked, "keys") or "").split(",") if each.strip()]
        rows = [self._company.tables[kind.name].get(key) for key in keys]
        self._whole(asked, kind, [row for row in rows if row is not None and row.live], len(keys), told)

    def _read_by_name(self, asked: Element, session: Session, told: Outcome) -> None:
        kind = self._kind(asked)
        keys = [each.strip() for each in (text_of(asked, "keys") or "").split(",") if each.strip()]
        found = [row for key in keys if kind.id and (row := self._company.named(kind, key)) is not None]
        self._whole(asked, kind, found, len(keys), told)

    def _whole(self, asked: Element, kind: Kind, rows: list[Row], count: int, told: Outcome) -> None:
        """Records with the lines that they own, where all fields are asked for."""
        if not 0 < count <= MOST_KEYS:
            raise wrong(f"read takes between 1 and {MOST_KEYS} keys, not {count}")
        fields = self._listed(asked, kind)
        whole = (text_of(asked, "fields") or "*") == "*"
        records = []
        for row in rows:
            content = [tag(each.name, self._company.written(kind, row, each)) for each in fields]
            if whole and kind.lines:
                of = self._company.kinds[kind.lines]
                inner = list(of.fields.values())
                lines = [
                    self._record(of, line, inner, name=of.name.lower()) for line in self._company.lines_of(kind, row)
                ]
                content.append(tag(kind.wrapper or f"{kind.lines}S", *lines))
            records.append(tag(kind.name, *content))
        told.rows = len(records)
        told.data = tag("data", *records, listtype=kind.name, count=len(records))

    # -- what there is -----------------------------------------------------------------------------------------------

    def _lookup(self, asked: Element, session: Session, told: Outcome) -> None:
        kind = self._kind(asked)
        definition = text_of(asked, "docparid") or ""
        fields = [
            each for each in kind.fields.values() if not (each.custom and kind.name in _HEADED and not definition)
        ]
        shown = tag(
            "Type", tag("Fields", *map(_told, fields)), self._related(kind), Name=kind.name, DocumentType=definition
        )
        told.data = tag("data", shown, listtype="All", count=1)

    def _related(self, kind: Kind) -> Markup:
        related = [(kind.lines, "ONE2MANY", self._company.kinds[kind.lines].parent[0])] if kind.lines else []  # type: ignore[index]
        if kind.parent is not None:
            related.append((kind.parent[1], "MANY2ONE", kind.parent[0]))
        return tag(
            "Relationships",
            *(
                tag("Relationship", tag("OBJECTPATH", name), tag("OBJECTNAME", name), tag("LABEL"),
                    tag("RELATIONSHIPTYPE", how), tag("RELATEDBY", by))
                for name, how, by in related
            ),
        )  # fmt: skip

    def _inspect(self, asked: Element, session: Session, told: Outcome) -> None:
        if text_of(asked, "object") != "*":
            kind = self._kind(asked)
            fields = [
                tag("Field", tag("Name", each.name), tag("DisplayLabel", each.label)) for each in kind.fields.values()
            ]
            shown = tag("Type", tag("Fields", *fields), Name=kind.name)
            told.data = tag("data", shown, listtype="All", count=1)
            return
        named = self._company.variants["inspect"] == "typename"
        types = [
            tag("type", kind.label, typename=kind.name) if named else tag("type", kind.name)
            for kind in self._company.kinds.values()
        ]
        told.data = tag("data", *types, listtype="All", count=len(types))


def _told(field: Field) -> Markup:
    words = [tag("VALIDVALUES", *(tag("VALIDVALUE", each) for each in field.words))] if field.words else []
    return tag(
        "Field", tag("ID", field.name), tag("LABEL", field.label), tag("DESCRIPTION", field.label),
        tag("REQUIRED", str(field.required).lower()), tag("READONLY", str(field.read_only).lower()),
        tag("DATATYPE", field.type), *words, tag("ISCUSTOM", str(field.custom).lower()),
    )  # fmt: skip


def no_record(kind: Kind, key: str) -> Failed:
    return Failed(Fault(NO_RECORD, f"Could not find the {kind.label} record with key {key}", f"{kind.label} not found"))
