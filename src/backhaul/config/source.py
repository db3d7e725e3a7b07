"""sources/<name>/source.yaml: how one vendor is reached, read and written. The whole vocabulary is here.

One shape of request serves everywhere: a method with a path, params, headers and one body, and how its answer is
read. Whatever holds an unbound placeholder falls away (with the container that it empties), so that a first page, a
full read and a window are one text. Placeholders write requests, paths read answers, conditions are maps of path to
value; there are no expressions and no code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from backhaul.config import paths, placeholders
from backhaul.config.base import Duration, Model


def _check_path(text: str) -> str:
    paths.parse(text)
    return text


def _check_template(text: str) -> str:
    placeholders.check(text)
    return text


PathText = Annotated[str, AfterValidator(_check_path)]
Template = Annotated[str, AfterValidator(_check_template)]
Condition = Annotated[
    dict[str, Any],
    Field(
        description="path -> value, all must hold. A value is a scalar, a list (any of), null (absent or empty), "
        "`{not: x}` or `{contains: text}`."
    ),
]


def _check_pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as failure:
        raise ValueError(f"is no regular expression: {failure}") from None
    if groups < 1:
        raise ValueError("needs a group, whose text is the value")
    return text


def _check_wrap(text: str) -> str:
    if text.count("{}") != 1:
        raise ValueError("needs one {}, where the value goes")
    return text


class Cut(Model):
    """A path whose text is cut or changed: group 1 of `match`, its case, then what is put around it."""

    source: PathText = Field(alias="from", description="Where the text is.")
    match: Annotated[str, AfterValidator(_check_pattern)] | None = Field(
        default=None, description="A regular expression; group 1 is the value."
    )
    case: Literal["lower", "upper"] | None = Field(default=None, description="Turned into it.")
    wrap: Annotated[str, AfterValidator(_check_wrap)] | None = Field(
        default=None, description="What stands around the value, at `{}`: `cf_{}`."
    )


Reader = PathText | Cut
OurType = Literal["text", "integer", "decimal", "float", "boolean", "date", "timestamp", "time", "json"]
VendorType = OurType | Literal["skip"]


class Values(Model):
    """How the vendor spells values, read and written."""

    timestamp: str = Field(default="iso", description="iso, epoch_s, epoch_ms, http, or a strftime format.")
    date: str = Field(default="iso", description="iso, epoch_ms, or a strftime format.")
    zone: Template = Field(default="UTC", description="The zone of times that carry none.")
    boolean: tuple[str, str] | None = Field(default=None, description="How false and true are spelt as text.")
    empty: str | None = Field(default=None, description="What clears a field; null where that is JSON null.")


class Query(Model):
    """A query text, rendered to `{query}`: the text, `where` joined by and, then `order`. Without a text the clauses
    stand alone, and where none is bound `{query}` is unbound."""

    language: Literal["soql", "suiteql", "odata"] = Field(description="How literals are escaped and times written.")
    text: Template = Field(default="", description="The query, without conditions and order.")
    where: list[Template] = Field(
        default_factory=list, description="Clauses; one with an unbound placeholder is left out."
    )
    order: Template | None = Field(default=None, description="Stands last, as it is written.")
    columns: dict[OurType, str] = Field(
        default_factory=dict, description="How `{fields}` writes a field of that type, with `{field}` for its name."
    )


class Call(Model):
    """A request: exactly one of the methods, with a path below `base_url` or a whole URL."""

    get: Template | None = Field(default=None, description="The path below `base_url`, or a whole URL.")
    post: Template | None = Field(default=None, description="As `get`.")
    put: Template | None = Field(default=None, description="As `get`.")
    patch: Template | None = Field(default=None, description="As `get`.")
    delete: Template | None = Field(default=None, description="As `get`.")
    params: dict[str, Any] = Field(default_factory=dict, description="Query string; a list joins with commas.")
    headers: dict[str, Any] = Field(default_factory=dict, description="Beside the source's.")
    json_body: Any = Field(default=None, alias="json", description="A JSON body.")
    form: dict[str, Any] | None = Field(default=None, description="A form body, URL-encoded.")
    xml: Any = Field(default=None, description="`@x` is an attribute, a list repeats its element.")
    csv: Literal["items"] | None = Field(default=None, description="The batch as CSV with a header line.")
    query: Query | None = Field(
        default=None, description="A query text in the vendor's language, put where `{query}` stands."
    )
    format: Literal["json", "csv", "xml"] = Field(default="json", description="What the answer is.")

    @property
    def method(self) -> str:
        return next(
            name.upper() for name in ("get", "post", "put", "patch", "delete") if getattr(self, name) is not None
        )

    @property
    def url(self) -> str:
        return next(
            str(text) for name in ("get", "post", "put", "patch", "delete") if (text := getattr(self, name)) is not None
        )

    @model_validator(mode="after")
    def _one_method_and_known_placeholders(self) -> Call:
        given = [name for name in ("get", "post", "put", "patch", "delete") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a request needs one of get, post, put, patch, delete; it has {given or 'none'}")
        bodies = [name for name in ("json_body", "form", "xml", "csv") if getattr(self, name) is not None]
        if len(bodies) > 1:
            raise ValueError(f"a request has one body; this has {', '.join(bodies)}")
        for value in (self.params, self.headers, self.json_body, self.form, self.xml):
            for text in placeholders.texts(value):
                placeholders.check(text)
        return self


# -- paging --------------------------------------------------------------------------------------------------------


class NextToken(Model):
    """`{page}` is read from the answer; the same request again."""

    type: Literal["token"]
    source: PathText = Field(alias="from", description="Where the answer has the token.")
    until: Condition | None = Field(default=None, description="The last page; without it, an absent token.")


class NextLink(Model):
    """The next page's address, absolute or relative, is read from the answer; the same host only."""

    type: Literal["link"]
    source: PathText = Field(alias="from", description="Where the answer has the link.")
    until: Condition | None = Field(default=None, description="The last page; without it, an absent link.")


class NextOffset(Model):
    """`{page}` counts rows from 0."""

    type: Literal["offset"]
    until: Condition | None = Field(default=None, description="The last page; without it, a short page.")


class NextPage(Model):
    """`{page}` counts pages."""

    type: Literal["page"]
    start: int = Field(default=1, description="The first page's number.")
    until: Condition | None = Field(default=None, description="The last page; without it, a short page.")


class NextKeyset(Model):
    """`{last.key}` of the last row; the same request again."""

    type: Literal["keyset"]
    until: Condition | None = Field(default=None, description="The last page; without it, a short page.")


Next = Annotated[NextToken | NextLink | NextOffset | NextPage | NextKeyset, Field(discriminator="type")]


# -- reads ---------------------------------------------------------------------------------------------------------


class ErrorAt(Model):
    """Where an error says what; `records` and `id` where errors stand in a list of their own."""

    code: Reader | None = Field(default=None, description="The vendor's word or number for it.")
    message: Reader | None = Field(default=None, description="What it says.")
    field: Reader | None = Field(default=None, description="The field at fault.")
    request_id: Reader | None = Field(default=None, description="What the vendor's support asks for.")
    records: PathText | None = Field(default=None, description="The list of errors.")
    id: PathText | None = Field(default=None, description="Which row an error of that list is about.")


class Poll(Call):
    """Asks a job how it is, with growing waits."""

    every: Duration = Field(default="2s", validate_default=True, description="First wait; it grows by half each time.")
    up_to: Duration = Field(default="30s", validate_default=True, description="Longest wait between two polls.")
    timeout: Duration = Field(default="2h", validate_default=True, description="Then the job is aborted.")
    done: Condition
    failed: Condition = Field(default_factory=dict)
    error: ErrorAt = Field(default_factory=ErrorAt, description="Where a failed job says why.")


class JobCreate(Call):
    """Starts a job; `keep` names what `{job.*}` holds from then on."""

    keep: dict[str, Reader] = Field(description="Name -> where the answer has it.")


class ReadJob(Model):
    """An asynchronous read: create, poll, results by pages."""

    create: JobCreate = Field(description="Starts it.")
    poll: Poll = Field(description="Asks how it is.")
    results: Read = Field(description="Reads what it found.")
    abort: Call | None = Field(default=None, description="Sent when it takes too long.")
    delete: Call | None = Field(default=None, description="Sent when its results are read.")


class Spread(Model):
    """Fields that stand apart from a record's own, in a map or a list of pairs; a write puts them back there."""

    source: PathText = Field(alias="from", description="The map or list, on the record.")
    name: PathText | None = Field(default=None, description="Of a list: where an entry has the field's name.")
    value: PathText | None = Field(default=None, description="Of a list: where an entry has its value.")
    entry: dict[str, Any] | None = Field(
        default=None,
        description="Of a list: a written entry, with `{entry.name}` and `{entry.value}`; else as it is read.",
    )
    wrap: Annotated[str, AfterValidator(_check_wrap)] = Field(
        default="{}", description="How the fields are called here, as discovery calls them: `cf_{}`."
    )


class Read(Call):
    """One way to get records of an object."""

    size: int | None = Field(default=None, gt=0, description="The page size, as `{size}`.")
    records: PathText = Field(default=".", description="Where the records stand.")
    lift: PathText | None = Field(default=None, description="A map on the record whose entries are its fields.")
    spread: Spread | None = Field(default=None, description="Fields that stand apart from the record's own.")
    drop: list[str] = Field(default_factory=list, description="Entries of a record that are no fields.")
    add: dict[str, Reader] = Field(
        default_factory=dict, description="Fields put on the record: a path, or a placeholder."
    )
    only: Condition | None = Field(default=None, description="Records that do not hold it are left out.")
    order: Literal["none", "key", "changed"] = Field(
        default="none", description="The order of rows over the whole window; what a part-read may commit hangs on it."
    )
    next: Next | None = Field(default=None, description="How the next page is found; without it there is one page.")
    cap: int | None = Field(
        default=None, gt=0, description="More rows are not served of one read; it starts again after the last key."
    )
    total: PathText | None = Field(default=None, description="The vendor's own count of the window.")
    at_least: int = Field(default=0, ge=0, description="Rows, by the `count` read, below which it is not worth it.")
    batch: int = Field(default=1, gt=0, description="Keys, or parents, a call.")
    item: dict[str, Any] | None = Field(
        default=None, description="How one key of a batch is written, within `{items}`."
    )
    parent: PathText | None = Field(default=None, description="Which parent a child record is of: a path to its key.")
    max_url: int | None = Field(
        default=None, gt=0, description="A longer URL is split by slices of fields, joined on the key."
    )
    each: list[str] | Template | None = Field(
        default=None, description="Done once a value, as `{each}`: of this list, or of a setting that holds one."
    )
    hydrate: bool = Field(
        default=False, description="It gives keys only; the records of each page are read `by_key` before it counts."
    )
    lag: Duration = Field(
        default="0s", validate_default=True, description="How long it may not find a record that was just made."
    )
    values: Values | None = Field(default=None, description="Overrides the source's `values`.")
    job: ReadJob | None = Field(default=None, description="The read is an asynchronous job.")

    @model_validator(mode="before")
    @classmethod
    def _a_job_needs_no_method(cls, data: Any) -> Any:
        # a read that is a job makes its requests there; the method stands for the create request
        if (
            isinstance(data, dict)
            and "job" in data
            and not any(m in data for m in ("get", "post", "put", "patch", "delete"))
        ):
            create = data["job"].get("create") if isinstance(data["job"], dict) else None
            if isinstance(create, dict):
                data = {**data, **{m: create[m] for m in ("get", "post", "put", "patch") if m in create}}
        return data


ReadJob.model_rebuild()
Reads = Annotated[list[Read], Field(description="Several serve one role: the first that fits is taken.")]


# -- change and deletion -------------------------------------------------------------------------------------------


class ChangedField(Model):
    """A field says when a record changed; windows are [since, until)."""

    type: Literal["field"]
    field: str | list[str] = Field(description="The change field, or a list: the first that the object has.")
    resolution: Duration = Field(default="1ms", validate_default=True, description="The step of the vendor's clock.")
    overlap: Duration = Field(default="5m", validate_default=True, description="Read again at the start of a window.")
    index_lag: Duration = Field(default="60s", validate_default=True, description="Held back at the end of a window.")


class ChangedToken(Model):
    """The vendor keeps the position: a delta token or link, kept with the rows. `all` begins without one; `changes`
    begins with the one kept last, as the page token (or link) of its first page. Where `all` tells none, `changes` is
    read from its beginning after it. A token that the vendor no longer takes (`then: resync`) is given up: `all` is
    read again, and what it does not show was deleted."""

    type: Literal["token"]
    save: PathText = Field(description="Where a page tells the position; the last page that does counts.")
    field: str | None = Field(default=None, description="The change field, for newest wins; else the last read wins.")
    reach: Duration | None = Field(default=None, description="How long a token lives; older, `all` is read again.")


class ChangedNone(Model):
    """Nothing tells: everything is read, unchanged rows are dropped by comparison."""

    type: Literal["none"]
    field: str | None = Field(default=None, description="The change field, for newest wins.")


Changed = Annotated[ChangedField | ChangedToken | ChangedNone, Field(discriminator="type")]


class DeleteFlag(Model):
    """A condition on records that are read anyway."""

    type: Literal["flag"]
    when: Condition
    at: PathText | None = Field(default=None, description="When it was deleted.")


class DeleteFeed(Read):
    """The vendor lists deletions since a time; it has a watermark of its own."""

    type: Literal["feed"]
    key: PathText = Field(description="Which record was deleted.")
    at: PathText = Field(description="When.")
    every: Duration = Field(default="1h", validate_default=True, description="How often it is asked.")


class DeleteScan(Model):
    """A read that serves deleted records only."""

    type: Literal["scan"]
    read: str = Field(description="The read's role.")
    every: Duration = Field(default="1d", validate_default=True, description="How often it is made.")
    at: PathText | None = Field(default=None, description="When it was deleted.")


class DeleteCensus(Model):
    """Keys at the vendor compared with the raw table; guarded, see DESIGN: deletes are dangerous."""

    type: Literal["census"]
    read: str = Field(default="keys", description="The read's role.")
    every: Duration = Field(default="7d", validate_default=True, description="How often it is made.")


class DeleteMerge(Model):
    """A record that was merged away points to its winner, or the winner lists its losers."""

    type: Literal["merge"]
    when: Condition | None = Field(default=None, description="Which records tell of a merge.")
    winner: PathText = Field(description="The key of the record that is left.")
    loser: PathText = Field(description="The key of the record that is gone, or the list of them.")
    split: str | None = Field(default=None, description="What parts the losers that stand in one text.")


class DeleteWindow(Model):
    """What a window of changes was to show and does not is gone. Of children with a position a parent, by a change
    field that never moves (when a message was written): the overlap says how far back deletions are seen."""

    type: Literal["window"]


Delete = Annotated[
    DeleteFlag | DeleteFeed | DeleteScan | DeleteCensus | DeleteMerge | DeleteWindow, Field(discriminator="type")
]


class Parent(Model):
    """What makes an object a child: asked with its parents, its rows replaced parent by parent (`by_parent`). A child
    that tells change itself (`changed`) is asked for every parent in every run instead, by `all` and `changes` with
    `{parent.x}`, with a position for each parent; its rows are merged. A child may have children."""

    object: str = Field(description="The parent's name.")
    at: PathText | None = Field(default=None, description="Where the children stand within the parent's record.")
    add: dict[str, Reader] = Field(
        default_factory=dict, description="Fields taken over; `parent.x` is the parent's field x."
    )
    shared: bool = Field(
        default=False,
        description="Several parents may give the same child: every parent is asked in every run, and a child is gone "
        "when none of them gives it.",
    )
    when: dict[str, Any] | None = Field(
        default=None, description="Field of the parent -> value, as in conditions: the other parents are not asked."
    )
    when_changed: list[str] = Field(
        default_factory=list,
        description="Fields of the parent: with all of them as they landed it is not asked, though it was read again.",
    )


# -- writes --------------------------------------------------------------------------------------------------------


class Result(Model):
    """Which row of a batch got which answer; a row without one is `unknown`."""

    type: Literal["status", "all", "order", "id", "key", "echo"] = Field(
        description="status: one row, HTTP says. all: the batch at once. order: by place, or by the place from 0 that "
        "`id` tells. id, key: by the row's own id, by key. echo: result rows hold the sent columns."
    )
    records: PathText | None = Field(default=None, description="Where the rows' answers stand.")
    id: PathText | None = Field(default=None, description="The row's own id, as it was sent.")
    key: Reader | None = Field(default=None, description="The vendor's key of the record that was written.")
    ok: Condition | None = Field(default=None, description="What holds of a row that was written.")
    conflict: Condition | None = Field(
        default=None, description="Of a row that is not ok: it was no longer of the version that was told."
    )
    created: PathText | None = Field(default=None, description="Whether the record is new.")
    changed: PathText | None = Field(default=None, description="The record's new change value.")
    values: PathText | None = Field(
        default=None, description="Where an answer repeats what was written, for answers that lack the row's id."
    )
    error: ErrorAt | None = Field(default=None, description="Where a row's error says what.")
    outcome: Literal["confirmed", "refused", "planned"] | None = Field(
        default=None, description="Of every row in a result file."
    )


class WriteResults(Call):
    """A file or page of a job's results."""

    result: Result = Field(description="How its rows are read.")


class WriteJob(Model):
    """An asynchronous write."""

    create: JobCreate = Field(description="Starts it.")
    upload: Call | None = Field(default=None, description="Hands it the rows.")
    start: Call | None = Field(default=None, description="Tells it that all rows are there.")
    poll: Poll = Field(description="Asks how it is.")
    results: list[WriteResults] = Field(description="Reads what became of the rows.")
    abort: Call | None = Field(default=None, description="Sent when it takes too long.")
    delete: Call | None = Field(default=None, description="Sent when its results are read.")


class Version(Model):
    """The vendor's own check that nobody else wrote in between: a field of the record as it was just read goes along
    as `{version}`, in a header or in the item. What is no longer so is refused (`then: conflict`)."""

    field: Template = Field(description="Where the record tells its version; may be `{changed.field}`.")
    timestamp: str | None = Field(default=None, description="How a time is spelt in it, as in `values`.")


class Write(Call):
    """One way to write records of an object."""

    batch: int = Field(default=1, gt=0, description="Rows a call.")
    item: dict[str, Any] | None = Field(
        default=None, description="How one row is written, within `{items}`; `...` spreads a map."
    )
    result: Result | None = Field(default=None, description="Which row got which answer.")
    repeatable: bool = Field(default=False, description="Safe to send again after a lost answer.")
    at_least: int = Field(default=0, ge=0, description="Rows below which it is not worth it.")
    at_most: int | None = Field(default=None, gt=0, description="Rows above which another is taken.")
    version: Version | None = Field(
        default=None, description="The vendor refuses the write where the record is no longer of this version."
    )
    max_bytes: int | None = Field(default=None, gt=0, description="A larger body is split by rows.")
    values: Values | None = Field(default=None, description="Overrides the source's `values`.")
    match: str | None = Field(default=None, description="The one field that an upsert matches by; else any unique one.")
    trace: str | None = Field(
        default=None,
        description="The field that holds the row's own id at the vendor: by it a lost row is found again.",
    )
    job: WriteJob | None = Field(default=None, description="The write is an asynchronous job.")

    @model_validator(mode="before")
    @classmethod
    def _a_job_needs_no_method(cls, data: Any) -> Any:
        if (
            isinstance(data, dict)
            and "job" in data
            and not any(m in data for m in ("get", "post", "put", "patch", "delete"))
        ):
            create = data["job"].get("create") if isinstance(data["job"], dict) else None
            if isinstance(create, dict):
                data = {**data, **{m: create[m] for m in ("post", "put", "patch", "delete") if m in create}}
        return data

    @model_validator(mode="after")
    def _answers_are_read(self) -> Write:
        if self.job is None and self.result is None:
            raise ValueError("a write needs `result`: which row got which answer")
        return self


class Writes(Model):
    """Writes by mode; a list where several serve: the first that fits is taken."""

    create: list[Write] = Field(default_factory=list, description="New records.")
    update: list[Write] = Field(default_factory=list, description="Records found by their key.")
    upsert: list[Write] = Field(default_factory=list, description="Records found by a unique field, else new ones.")
    delete: list[Write] = Field(default_factory=list, description="Takes records away.")

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, data: Any) -> Any:
        return _listed(data)


class ObjectReads(Model):
    """Reads by role."""

    all: list[Read] = Field(default_factory=list, description="Everything.")
    changes: list[Read] = Field(default_factory=list, description="What changed in a window.")
    by_key: list[Read] = Field(default_factory=list, description="Records by their keys.")
    by_match: list[Read] = Field(default_factory=list, description="Records by the values of a unique field.")
    keys: list[Read] = Field(default_factory=list, description="Every key, for the census.")
    deleted: list[Read] = Field(default_factory=list, description="Deleted records only.")
    count: list[Read] = Field(default_factory=list, description="How many, by `total`.")
    by_parent: list[Read] = Field(default_factory=list, description="The children of a batch of parents.")
    touched: list[Read] = Field(default_factory=list, description="Keys of parents whose children changed.")

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, data: Any) -> Any:
        return _listed(data)


def _listed(data: Any) -> Any:
    if isinstance(data, dict):
        return {
            role: value if isinstance(value, list) else [value] for role, value in data.items() if value is not None
        }
    return data


# -- objects and the source ----------------------------------------------------------------------------------------


class Discover(Call):
    """A discovery request: `keep` names what is kept of each record."""

    records: PathText = Field(default=".", description="Where the entries stand.")
    next: Next | None = Field(default=None, description="How the next page is found.")
    size: int | None = Field(default=None, description="The page size, as `{size}`.")
    only: Condition | None = Field(default=None, description="Entries that do not hold it are left out.")
    keep: dict[str, Reader | bool | Condition] = Field(
        description="Name -> where an entry has it, a constant, or a condition that makes it true."
    )


class Link(Model):
    """What makes an object a link between two records: the fields that hold their keys."""

    source: str = Field(alias="from", description="The field that holds the one's key.")
    to: str = Field(description="The field that holds the other's.")


class ObjectDefinition(Model):
    """A thing in the source: its key, how change shows, how it is read and written."""

    key: Template | list[Template] = Field(default="id", description="A field, or several; may hold `{object.x}`.")
    constants: dict[str, Any] = Field(
        default_factory=dict, alias="with", description="Its own constants, as `{with.x}`."
    )
    fields: dict[str, OurType] | None = Field(
        default=None, description="Fields that discovery does not give; the source's discovery is not asked then."
    )
    discovery: Discover | list[Discover] | None = Field(
        default=None, description="Its own requests for fields, beside `fields`, in place of the source's."
    )
    changed: Changed = Field(
        default=ChangedNone(type="none"), description="How change shows; without it everything is read and compared."
    )
    parent: Parent | None = Field(default=None, description="What makes it a child.")
    reads: ObjectReads = Field(default_factory=ObjectReads, description="How its records are read.")
    deletes: list[Delete] = Field(default_factory=list, description="How it shows that records are gone.")
    writes: Writes = Field(default_factory=Writes, description="How its records are written.")
    link: Link | None = Field(default=None, description="It links two records; a push of mode `associate` makes it.")

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key,) if isinstance(self.key, str) else tuple(self.key)


class CreateField(Call):
    """Makes a custom field. The request may use `{field.name}`, `{field.label}`, `{field.group}`, `{field.unique}`,
    `{field.options}` (each as `option` says) and whatever `types` gives for the field's type, as `{field.x}`."""

    types: dict[OurType | Literal["options"], dict[str, Any]] = Field(
        description="Our type -> what the vendor's request says of it; `options`: a choice of given values."
    )
    group: Template | None = Field(default=None, description="Where a field goes whose group is not told.")
    name: Annotated[str, AfterValidator(_check_pattern)] = Field(
        default="(.+)", description="How the names of custom fields are spelt here."
    )
    option: dict[str, Any] | None = Field(default=None, description="How one option is written: `{each}`.")
    needs: str = Field(default="", description="The permission it takes, for people.")
    also: list[Call] = Field(default_factory=list, description="What makes the new field usable, afterwards.")


class Discovery(Model):
    """Where objects and fields come from. Kept of an object: name, label, custom, readable, writable, and what
    `{object.*}` needs; of a field: name, type, label, description, custom, read_only, creatable, updatable, required,
    unique, options, open (other values are taken, too), references, length, written (its name in writes). Of several
    requests for fields each adds to what the ones before told of a field."""

    objects: Discover | None = Field(default=None, description="Asks which objects there are, beside those listed.")
    fields: Discover | list[Discover] | None = Field(
        default=None, description="Asks for the fields of one, or of all at once."
    )
    types: dict[str, VendorType] = Field(default_factory=dict, description="An unknown type is text, and is reported.")
    create_field: CreateField | None = Field(default=None, description="How a push's own fields are made.")


class Setting(Model):
    """A question that a connection answers beside its credentials."""

    title: str = Field(description="What is asked, in words.")
    default: Any = Field(default=None, description="Without one the setting must be given.")
    pattern: str | None = Field(default=None, description="A regular expression that the whole value fits.")
    one_of: list[Any] | None = Field(default=None, description="The values it may have.")


class Probe(Read):
    """The request that proves a connection; `keep` gives `{account.*}`, of which `id` is what budgets hang on."""

    keep: dict[str, Reader | Template] = Field(description="Name -> where the answer has it, or a placeholder.")


class AuthBearer(Model):
    """A token, sent as it is."""

    type: Literal["bearer"]
    token: Template = Field(default="{credentials.token}", description="What stands behind `Authorization: Bearer`.")


class AuthApiKey(Model):
    """A key in a header or a parameter."""

    type: Literal["api_key"]
    header: str | None = Field(default=None, description="The header that carries it.")
    param: str | None = Field(default=None, description="Or the query parameter.")
    value: Template = Field(default="{credentials.key}", description="What is sent there.")


class AuthBasic(Model):
    """A user and a password."""

    type: Literal["basic"]
    user: Template = Field(default="{credentials.user}", description="The user's name.")
    password: Template = Field(
        default="{credentials.password}", description="The password, or the token that stands for one."
    )


class Assertion(Model):
    """The JWT that a client signs; iat, exp and jti are added. `{auth.token_url}` is the address that it is sent to."""

    algorithm: Literal["RS256", "PS256", "ES256"] = Field(description="What signs it, with `credentials.private_key`.")
    expires: Duration = Field(default="180s", validate_default=True, description="How long it is good for.")
    claims: dict[str, Template] = Field(description="Its claims.")
    headers: dict[str, Template] = Field(default_factory=dict, description="More of the JWT's header: `kid`, `x5t`.")


class AuthOAuth2(Model):
    """OAuth 2 (RFC 6749). With `authorization_code` a person consents, by `backhaul connect`, to what the product's
    app asks for; the tokens are kept in the vault and renewed there, one process at a time."""

    type: Literal["oauth2"]
    grant: Literal["authorization_code", "client_credentials", "jwt_bearer"] = Field(description="How tokens are got.")
    token_url: Template = Field(description="A path below `base_url`, or a whole URL.")
    authorize_url: Template | None = Field(default=None, description="Where a person consents.")
    authorize_params: dict[str, Template] = Field(default_factory=dict, description="More parameters of that address.")
    token_params: dict[str, Template | int] = Field(default_factory=dict, description="More of every token request.")
    client_auth: Literal["form", "json", "basic", "assertion", "none"] = Field(
        default="form",
        description="How the client proves itself: `credentials.client_id` and `client_secret` in a form, in a JSON "
        "body, or as HTTP Basic; by the assertion; or not at all, a public client, which sends its id alone.",
    )
    pkce: bool = Field(default=False, description="Bind the code to who asked for it (RFC 7636, S256).")
    rotates: bool = Field(default=False, description="A refresh token is taken once: the answer holds the next one.")
    grace: Duration | None = Field(
        default=None, description="How long a refresh token that was taken may be sent again, when its answer was lost."
    )
    refresh_ahead: Duration | None = Field(
        default=None, description="Renewed so long before the end; else when a fifth of its life is left."
    )
    scopes: list[Template] = Field(default_factory=list, description="What is asked for.")
    scope_separator: Literal[" ", ","] = Field(default=" ", description="What stands between them.")
    granted: PathText = Field(default="scope", description="Where the token answer tells the scopes that were granted.")
    expires: Duration | None = Field(default=None, description="A token's life where the answer does not say.")
    assertion: Assertion | None = Field(default=None, description="The JWT that stands for a secret.")
    keep: dict[str, PathText] = Field(default_factory=dict, description="Kept of the token answer, as `{auth.x}`.")
    from_redirect: dict[str, str] = Field(
        default_factory=dict, description="Kept of the parameters that the consent comes back with, as `{auth.x}`."
    )

    @model_validator(mode="after")
    def _what_the_grant_needs(self) -> AuthOAuth2:
        if (self.grant == "jwt_bearer" or self.client_auth == "assertion") and self.assertion is None:
            raise ValueError("a signed assertion is needed: give `assertion`")
        consent = ("authorize_url", "authorize_params", "pkce", "rotates", "grace", "refresh_ahead", "from_redirect")
        if self.grant != "authorization_code":
            given = [name for name in consent if getattr(self, name)]
            if given:
                raise ValueError(f"{', '.join(given)} are for grant authorization_code")
        elif self.authorize_url is None:
            raise ValueError("grant authorization_code needs `authorize_url`")
        if self.grace is not None and not self.rotates:
            raise ValueError("`grace` is for refresh tokens that rotate: say `rotates: true`")
        return self


class AuthOAuth1(Model):
    """Each request signed with HMAC-SHA256, by `credentials.consumer_key`, `consumer_secret`, `token_id` and
    `token_secret`."""

    type: Literal["oauth1"]
    realm: Template | None = Field(
        default=None, description="Stands in the Authorization header, outside the signature."
    )


class AuthSession(Model):
    """Logs in by a request; what it keeps stands in the other requests as `{auth.*}`. Where the vendor says that the
    session is over (`then: refresh`) it logs in anew, and the request that was refused is sent again with that."""

    type: Literal["session"]
    login: Call = Field(description="The request that logs in.")
    keep: dict[str, PathText] = Field(description="Kept of its answer, as `{auth.x}`.")


Auth = Annotated[
    AuthBearer | AuthApiKey | AuthBasic | AuthOAuth2 | AuthOAuth1 | AuthSession, Field(discriminator="type")
]


def needs(auth: Auth) -> tuple[str, ...]:
    """The credentials that a way in asks for, by name."""
    found = {
        placeholder.name.partition(".")[2]
        for text in placeholders.texts(auth.model_dump(mode="json", exclude_none=True))
        for placeholder in placeholders.parse(text).names
        if placeholder.root == "credentials"
    }
    match auth:
        case AuthOAuth1():
            found |= {"consumer_key", "consumer_secret", "token_id", "token_secret"}
        case AuthOAuth2(client_auth="none"):
            found.add("client_id")
        case AuthOAuth2(assertion=None):
            found |= {"client_id", "client_secret"}
        case AuthOAuth2(grant="jwt_bearer"):
            found.add("private_key")
        case AuthOAuth2():
            found |= {"client_id", "private_key"}
        case _:
            pass
    return tuple(sorted(found))


class Limit(Model):
    """What the vendor allows. `requests` are requests in a span, or in flight for type concurrency."""

    type: Literal["rate", "concurrency", "quota"] = Field(
        description="Requests in a span, at one time, or a quota by the day."
    )
    scope: Literal["app", "account", "user", "connection", "parent"] = Field(
        default="account", description="Who shares it."
    )
    requests: int = Field(gt=0, description="How many.")
    per: Duration | None = Field(default=None, description="In which span.")
    only: list[str] = Field(default_factory=list, description="Read roles and write modes that it is for; empty: all.")
    remaining: Reader | None = Field(default=None, description="What the answers say is left; believed over ours.")
    used: Reader | None = Field(default=None, description="What the answers say is used.")
    max: Reader | None = Field(default=None, description="What the answers say is allowed.")
    resets: Template | None = Field(
        default=None, description="The zone at whose midnight a quota starts anew; else it rolls."
    )

    @model_validator(mode="after")
    def _a_span_where_one_is_needed(self) -> Limit:
        if (self.type == "concurrency") != (self.per is None):
            raise ValueError("rate and quota need `per`, concurrency has none")
        return self


Outcome = Literal[
    "retry", "wait", "wait_for_quota", "refresh", "reauthorise", "skip", "absent", "split", "restart", "resync",
    "next_read", "drop_field", "unknown", "conflict", "reject", "fail",
]  # fmt: skip

OUTCOMES: dict[Outcome, str] = {
    "retry": "Tries again with growing waits, where that is safe; then the vendor counts as down.",
    "wait": "Pauses the limit that the request fell under, for `Retry-After` or the rule's `wait`, then goes on.",
    "wait_for_quota": "Pauses the daily quota. A wait that is longer than a run has patience for ends the connection's "
    "work for now; the others go on.",
    "refresh": "Gets new tokens once and tries again; then as `reauthorise`.",
    "reauthorise": "Stops the connection: a person must give it valid credentials (exit code 4).",
    "skip": "This account may not see it: the object is left out of the run, and said.",
    "absent": "It is not there: no rows of a read; a row of a write is refused.",
    "split": "Asks for less at once: half the batch, or fewer fields; a single row that still fails is refused.",
    "restart": "The page token died: the window starts again from its lower bound.",
    "resync": "The position of a delta died: everything is read again.",
    "next_read": "This read cannot serve it: the next one of the same role is taken.",
    "drop_field": "The field that the error names cannot be read: it is left out, remembered and shown as drift.",
    "unknown": "A write may have been applied: the row is read back before anything is sent again.",
    "conflict": "The record is no longer of the version that was told: the row is looked at once more.",
    "reject": "The record is at fault: it becomes a dead letter, the others go on.",
    "fail": "The definition and the vendor disagree: the object fails with what the vendor said.",
}


class ErrorRule(Model):
    """What an answer means; the first rule that holds, then the common rules."""

    when: Condition
    then: Outcome = Field(description="What it means.")
    wait: Duration | None = Field(default=None, description="At least; Retry-After wins; doubles with jitter.")
    only: list[str] = Field(default_factory=list, description="Read roles and write modes that it is for; empty: all.")


class Source(Model):
    """A vendor system's definition."""

    format: Literal[1] = Field(default=1, description="Of this vocabulary; a new one ships with its rewrite command.")
    source: str = Field(description="Its name, as pipelines say it: the folder's.")
    title: str = Field(description="The vendor's own name for it.")
    category: Literal["crm", "erp", "accounting", "support", "chat", "other"] = Field(
        description="What kind of system it is."
    )
    docs: str = Field(description="Where the vendor documents its API.")
    settings: dict[str, Setting] = Field(
        default_factory=dict, description="What a connection must tell beside its credentials, as `{settings.x}`."
    )
    base_url: Template = Field(description="What paths are relative to; a connection may override it.")
    headers: dict[str, Template] = Field(default_factory=dict, description="On every request.")
    auth: dict[str, Auth] = Field(description="The ways in, by name.")
    probe: Probe = Field(description="Asked first, once a connection and run.")
    values: Values = Field(
        default_factory=Values, description="How values are spelt, where a read or write does not say otherwise."
    )
    limits: list[Limit] = Field(default_factory=list, description="Every one is kept at once.")
    error: ErrorAt = Field(default_factory=ErrorAt, description="Where its errors say what.")
    on_error: list[ErrorRule] = Field(
        default_factory=list, description="What its answers mean; the first rule that holds."
    )
    discovery: Discovery = Field(default_factory=Discovery, description="How its schema is asked for.")
    objects: dict[str, ObjectDefinition] = Field(description='By the vendor\'s names; `"*"`: whatever else there is.')

    def definition(self, object: str) -> ObjectDefinition | None:
        """An object's definition, its own or that of `"*"`; None where the source has neither."""
        return self.objects.get(object) or self.objects.get("*")

    @model_validator(mode="after")
    def _names_point_somewhere(self) -> Source:
        for name, definition in self.objects.items():
            if definition.parent and definition.parent.object not in self.objects:
                raise ValueError(f"objects.{name}.parent names {definition.parent.object}, which is not an object")
            _check_child(name, definition, self.objects)
            for delete in definition.deletes:
                if isinstance(delete, DeleteScan | DeleteCensus) and not getattr(definition.reads, delete.read, None):
                    raise ValueError(f"objects.{name}.deletes needs the read `{delete.read}`, which is not there")
        return self


def _check_child(name: str, definition: ObjectDefinition, objects: Mapping[str, ObjectDefinition]) -> None:
    """What a child cannot be. Raises ValueError."""
    parent = definition.parent
    windowed = any(each.type == "window" for each in definition.deletes)
    if windowed and (parent is None or not isinstance(definition.changed, ChangedField)):
        raise ValueError(f"objects.{name}: deletes of type window are for children with a change field of their own")
    if parent is None:
        return
    above = objects[parent.object].parent
    if above is not None and (above.at is not None or parent.at is not None):
        raise ValueError(
            f"objects.{name}: children that stand within a record have no children of their own, and stand in no "
            "child; give the path from the outermost record"
        )
    kinds = {each.type for each in definition.deletes} - {"flag", "merge", "window"}
    if kinds:
        raise ValueError(
            f"objects.{name}: a child goes with its parent, or shows that it is gone (`flag`, `merge`, `window`); "
            f"it has no {' and no '.join(sorted(kinds))}"
        )


# -- templates -----------------------------------------------------------------------------------------------------


def merge(beneath: Any, above: Any) -> Any:
    """Maps merge deep; lists and blocks of another `type` replace; null removes."""
    if not isinstance(beneath, Mapping) or not isinstance(above, Mapping):
        return above
    if "type" in above and beneath.get("type") not in (None, above["type"]):
        return above
    merged = dict(beneath)
    for key, value in above.items():
        if value is None:
            merged.pop(key, None)
        elif key in merged:
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def resolve(document: Mapping[str, Any]) -> dict[str, Any]:
    """Put each `use` in its place: the named templates, left to right, then what stands beside it.

    `use` may stand in any map of the document, templates included. Raises ValueError for a name that is not there
    or for a template that uses itself.
    """
    templates = document.get("templates") or {}

    def expand(value: Any, within: tuple[str, ...]) -> Any:
        if isinstance(value, Mapping):
            beneath: Any = {}
            names = value.get("use") or []
            for name in [names] if isinstance(names, str) else names:
                if name not in templates:
                    known = ", ".join(sorted(templates)) or "none"
                    raise ValueError(f"use names the template {name}, which is not there; there are {known}")
                if name in within:
                    raise ValueError(f"the template {name} uses itself: {' > '.join((*within, name))}")
                beneath = merge(beneath, expand(templates[name], (*within, name)))
            own = {key: expand(inner, within) for key, inner in value.items() if key != "use"}
            return merge(beneath, own) if names else own
        if isinstance(value, list):
            return [expand(inner, within) for inner in value]
        return value

    return {key: expand(value, ()) for key, value in document.items() if key != "templates"}
