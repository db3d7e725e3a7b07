"""catalog.md: what each shipped definition reads and writes, object by object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backhaul.config.auth import Auth, AuthOAuth2
from backhaul.config.objects import ChangedField, ChangedToken, ObjectDefinition
from backhaul.config.reads import Read
from backhaul.config.source import Limit, Source
from backhaul.config.writes import Write
from docs.generate.definitions import Block, sources
from docs.generate.markdown import code, table
from docs.generate.markdown import page as whole

_MODES = ("create", "update", "upsert", "delete")


def page() -> str:
    return whole(
        "The catalog",
        "What the shipped definitions read and write. *Changes*: how a run finds what changed since the last. "
        "*Deletions*: how it shows that records are gone. Of writes: how many rows travel in a call, or in a job. "
        "**v**: the vendor itself refuses the write where somebody changed the record since it was read. **i**: the "
        "vendor remembers a write by its id, or it can be repeated without harm. Where there is no **v**, a push looks "
        "at the record just before it writes, and its report says how long that was before (`window_ms`). `*` stands "
        "for whatever else the account has, custom objects among it.",
        *(_section(_source(blocks)) for blocks in sources().values()),
    )


def _source(blocks: Sequence[Block]) -> Source:
    return next(each.model for each in blocks if isinstance(each.model, Source))


def _section(source: Source) -> str:
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, each in source.objects.items():
        writes = [_writes(getattr(each.writes, mode)) for mode in _MODES]
        deletions = ", ".join(dict.fromkeys(delete.type for delete in each.deletes))
        alike.setdefault((_read(each), _changes(each), deletions, *writes), []).append(name)
    rows = [(", ".join(code(name) for name in names), *cells) for cells, names in alike.items()]
    ways = ", ".join(f"{code(name)} ({_way(way)})" for name, way in source.auth.items())
    limits = "; ".join(_limit(each) for each in source.limits) or "none stated"
    return "\n\n".join(
        [
            f"## {source.title}",
            f"{code(source.source)}, {source.category}; [the vendor's documentation]({source.docs}).",
            f"Ways in: {ways}. Limits that are kept: {limits}.",
            table(("objects", "read", "changes", "deletions", *_MODES), rows),
        ]
    )


def _way(auth: Auth) -> str:
    if isinstance(auth, AuthOAuth2):
        return f"OAuth 2, {auth.grant.replace('_', ' ')}"
    return {"bearer": "a token", "api_key": "a key", "basic": "user and password", "oauth1": "OAuth 1.0a"}.get(
        auth.type, auth.type
    )


def _limit(limit: Limit) -> str:
    if limit.per is None:
        what = f"{limit.requests} at a time"
    else:
        seconds = limit.per.total_seconds()
        span = "a day" if seconds == 86_400 else "a second" if seconds == 1 else f"in {seconds:g} s"
        what = f"{limit.requests:,} {span}"
    return f"{what} ({', '.join(limit.only)})" if limit.only else what


def _read(definition: ObjectDefinition) -> str:
    if definition.parent is not None:
        return f"with {code(definition.parent.object)}"
    return ", ".join(dict.fromkeys(_how(each) for each in definition.reads.all))


def _how(read: Read) -> str:
    size = read.job.results.size if read.job is not None else read.size
    pages = f"{size:,} a page" if size else "pages"
    return f"jobs from {read.at_least:,} rows" if read.job is not None else pages


def _changes(definition: ObjectDefinition) -> str:
    match definition.changed:
        case ChangedField(field=str(field)) | ChangedField(field=[field, *_]):
            return f"by {code(field)}"
        case ChangedToken():
            return "the vendor's token"
        case _:
            return "" if definition.parent is not None else "compared"


def _writes(writes: list[Write]) -> str:
    return "; ".join(_write(each) for each in writes)


def _write(write: Write) -> str:
    many = f"job of {write.batch:,}" if write.job is not None else f"{write.batch:,}" if write.batch > 1 else "one"
    return many + "".join(_marks(write))


def _marks(write: Write) -> Iterator[str]:
    if write.version is not None:
        yield " **v**"
    if write.repeatable:
        yield " **i**"
