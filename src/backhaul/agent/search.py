"""The search index of a view: names, e-mail addresses, subjects and texts, by words, with tantivy.

One index a version of the view. The next version starts as hard links to the files of the one before, which tantivy
never changes, and takes up what changed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    import tantivy

TITLES = ("name", "subject", "number", "reference", "description", "body", "memo")
"""The first of these that a row has is its title."""
SEARCHED = (
    "name", "first_name", "last_name", "company", "email", "domain", "website", "phone", "subject", "title", "number",
    "sku", "reference", "tags", "description", "memo", "body", "text",
)  # fmt: skip
UNSEARCHED = ("links", "document_lines", "journal_lines", "field_changes", "stages")
"""Rows that say nothing by themselves."""
KEPT = 600
"""Characters of a row's text that are kept for snippets; all of it is searched, up to LONGEST."""
LONGEST = 100_000
_HEAP = 64 << 20
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Hit:
    """One row that was found. snippet: the words around what was looked for."""

    entity: str
    id: str
    title: str
    snippet: str
    is_deleted: bool
    score: float


@dataclass(frozen=True, slots=True)
class Hits:
    """total: rows that match. loose: none has all of the words, these have some."""

    hits: tuple[Hit, ...]
    total: int
    loose: bool


def searched_columns(columns: Mapping[str, str]) -> list[str]:
    """Of a table's columns with their types, those whose words can be searched."""
    return [name for name in SEARCHED if columns.get(name) == "VARCHAR"]


def write(
    folder: Path,
    tables: Mapping[str, Mapping[str, str]],
    connection: duckdb.DuckDBPyConnection,
    changed: Mapping[str, str] | None = None,
) -> None:
    """Index the tables of the database at hand.

    changed: table -> the condition that the rows to take up meet; those in the table `gone` are taken out before.
    """

    folder.mkdir(parents=True, exist_ok=True)
    index = _opened(folder)
    writer = index.writer(heap_size=_HEAP, num_threads=1)
    for name, columns in tables.items():
        texts = searched_columns(columns)
        # without an id a hit would lead nowhere: such a mart is read, not searched
        if not texts or name in UNSEARCHED or "id" not in columns:
            continue
        condition = "" if changed is None else f" WHERE {changed[name]}" if name in changed else None
        if condition is None:
            continue
        if changed is not None:
            gone = connection.execute("SELECT id FROM gone WHERE entity = ?", [name]).fetchall()
            for (id,) in gone:
                writer.delete_documents_by_term("key", f"{name}/{id}")
        deleted = "is_deleted" if "is_deleted" in columns else "false"
        cursor = connection.execute(_documents(name, texts, condition, deleted))
        while rows := cursor.fetchmany(_BATCH):
            for (document,) in rows:
                writer.add_json(document)
    writer.commit()
    writer.wait_merging_threads()


def link(source: Path, target: Path) -> None:
    """The same index under another folder, to be written on. Nothing is copied but the lists of files."""
    target.mkdir(parents=True)
    for path in source.iterdir():
        if not path.name.endswith(".lock"):
            os.link(path, target / path.name)


class Search:
    """One version's index, open for reading."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _index(self) -> tantivy.Index:
        return _opened(self._folder)

    @cached_property
    def _searcher(self) -> tantivy.Searcher:
        return self._index.searcher()

    def find(
        self, words: str, entities: Sequence[str] | None = None, *, limit: int, offset: int = 0, deleted: bool = False
    ) -> Hits:
        """Rows with all of the words, the best first; with some of them where none has all.

        entities: the tables to look in; None: all. deleted: also rows that were deleted at the vendor.
        """
        import tantivy

        schema = self._index.schema
        must: list[tuple[tantivy.Occur, tantivy.Query]] = []
        if entities is not None:
            one_of = [(tantivy.Occur.Should, tantivy.Query.term_query(schema, "entity", name)) for name in entities]
            must.append((tantivy.Occur.Must, tantivy.Query.boolean_query(one_of)))
        if not deleted:
            live = tantivy.Query.term_query(schema, "state", "live")
            must.append((tantivy.Occur.Must, live))
        for all_words in (True, False):
            query = self._parsed(words, all_words)
            whole = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), *must])
            result = self._searcher.search(whole, limit, offset=offset)
            total = int(getattr(result, "count", 0) or 0)
            if total or not all_words:
                hits = tuple(self._hits(result.hits, query))
                return Hits(hits, total, loose=not all_words and bool(hits))
        return Hits((), 0, loose=False)

    def _parsed(self, words: str, all_words: bool) -> tantivy.Query:
        # what an agent writes is words, not the query language
        plain = "".join(each if each.isalnum() or each in "'" else " " for each in words)
        query, _ = self._index.parse_query_lenient(
            plain.lower().strip(), ["title", "text"], field_boosts={"title": 3.0}, conjunction_by_default=all_words
        )
        return query

    def _hits(self, found: Iterable[tuple[Any, Any]], query: tantivy.Query) -> Iterator[Hit]:
        import tantivy

        shown = tantivy.SnippetGenerator.create(self._searcher, query, self._index.schema, "shown")
        shown.set_max_num_chars(160)
        for score, address in found:
            document = self._searcher.doc(address)
            entity, _, id = str(document.get_first("key")).partition("/")
            title = str(document.get_first("title") or "")
            snippet = shown.snippet_from_doc(document).fragment() or str(document.get_first("shown") or "")[:160]
            yield Hit(entity, id, title, snippet, document.get_first("state") == "deleted", float(score))


def _opened(folder: Path) -> tantivy.Index:
    import tantivy

    schema = (
        tantivy.SchemaBuilder()
        .add_text_field("key", stored=True, tokenizer_name="raw", index_option="basic")
        .add_text_field("entity", tokenizer_name="raw", index_option="basic")
        .add_text_field("state", stored=True, tokenizer_name="raw", index_option="basic")
        .add_text_field("title", stored=True, tokenizer_name="words", index_option="freq")
        .add_text_field("text", tokenizer_name="words", index_option="freq")
        .add_text_field("shown", stored=True, tokenizer_name="words", index_option="basic")
        .build()
    )
    words = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(60))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .build()
    )
    index = tantivy.Index(schema, path=str(folder))
    index.register_tokenizer("words", words)
    return index


def _documents(name: str, texts: Sequence[str], condition: str, deleted: str) -> str:
    """A select of the rows as tantivy's JSON: made by the database, for Python takes several times as long."""
    titles = ", ".join(f"nullif(\"{each}\", '')" for each in TITLES if each in texts)
    words = ", ".join(f"nullif(nullif(\"{each}\", ''), title__)" for each in texts)
    return (
        f"SELECT json_object('key', '{name}/' || id, 'entity', '{name}', 'state', if(gone__, 'deleted', 'live'),"
        f" 'title', left(title__, 300), 'text', left(words, {LONGEST}), 'shown', left(words, {KEPT}))::VARCHAR"
        f" FROM (SELECT id, gone__, title__, concat_ws(' · ', {words}) AS words FROM"
        f" (SELECT *, {deleted} AS gone__, coalesce({titles or 'NULL'}, '') AS title__ FROM \"{name}\"{condition}))"
    )
