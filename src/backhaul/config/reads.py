"""Requests that read: their pages, their jobs, and where the records are."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from backhaul.config.base import Duration, Model
from backhaul.config.calls import Call, Condition, PathText, Reader, Template, Values, Wrap


class NextToken(Model):
    """`{page}` is read from the answer; the same request again."""

    type: Literal["token"]
    source: PathText = Field(alias="from", description="Where the answer has the token.")
    until: Condition | None = Field(default=None, description="The last page; without it, an absent token.")


class NextLink(Model):
    """The next page's address, absolute or relative, is read from the answer; the same host only. Of a `Link` header
    (`from: header:Link`, RFC 8288) it is the one whose `rel` is `next`."""

    type: Literal["link"]
    source: Reader = Field(alias="from", description="Where the answer has the link.")
    until: Condition | None = Field(default=None, description="The last page; without it, an absent link.")


class NextOffset(Model):
    """`{page}` counts rows from 0."""

    type: Literal["offset"]
    until: Condition | None = Field(default=None, description="The last page; without it, a short page.")


class NextPage(Model):
    """`{page}` counts pages, from the first one on."""

    type: Literal["page"]
    start: int = Field(default=1, description="The first page's number.")
    until: Condition | None = Field(default=None, description="The last page; without it, a short page.")
    last: PathText | None = Field(
        default=None, description="Where the answer tells the last page's number; a short page where it does not."
    )


class NextKeyset(Model):
    """`{last.key}` of the last row; the same request again."""

    type: Literal["keyset"]
    until: Condition | None = Field(default=None, description="The last page; without it, a short page.")
    beyond: Reader | None = Field(
        default=None,
        description="Where an answer tells the place at which the next page starts, counted from the last key: as "
        "`{page}` behind a page that came without rows though more follow, because what the account may not see is "
        "taken out of a page once it is cut. It needs `until`.",
    )

    @model_validator(mode="after")
    def _an_end_is_told(self) -> NextKeyset:
        if self.beyond is not None and self.until is None:
            raise ValueError("where a page without rows is no end, `until` must say what is")
        return self


class NextMoment(Model):
    """`{since}` moves to the last row's change time, and the rows of that moment come again: so no page lies deep, and
    no row is skipped where others move to the end while we read. Where one moment fills a page, `{page}` counts on
    within it, from 1. Rows must come in the order of their change."""

    type: Literal["moment"]
    start: datetime | None = Field(default=None, description="What `{since}` is on the first page of a full read.")
    until: Condition | None = Field(default=None, description="The last page; without it, a short page.")


class NextScroll(Model):
    """A place that the vendor keeps, and moves on with every answer: `{page}` is its name, read from the answer. No
    page can be had twice, so where an answer is lost, or a run ends, the read begins again. An account has one at a
    time: our reads wait for each other. The last page has no records."""

    type: Literal["scroll"]
    source: PathText = Field(alias="from", description="Where the answer names the place.")


Next = Annotated[
    NextToken | NextLink | NextOffset | NextPage | NextKeyset | NextMoment | NextScroll, Field(discriminator="type")
]


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
    wrap: Wrap = Field(default="{}", description="How the fields are called here, as discovery calls them: `cf_{}`.")


class Read(Call):
    """One way to get records of an object."""

    size: int | None = Field(default=None, gt=0, description="The page size, as `{size}`.")
    records: PathText = Field(default=".", description="Where the records stand.")
    lift: PathText | None = Field(default=None, description="A map on the record whose entries are its fields.")
    spread: Spread | None = Field(default=None, description="Fields that stand apart from the record's own.")
    drop: list[str] = Field(
        default_factory=list, description="Entries of a record that are no fields; `*` is any text."
    )
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
