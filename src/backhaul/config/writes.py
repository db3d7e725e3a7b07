"""Requests that write, and how their answers say what became of each row."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from backhaul.config.base import Model
from backhaul.config.calls import Call, Condition, PathText, Reader, Template, Values, listed
from backhaul.config.reads import ErrorAt, JobCreate, Poll


class Result(Model):
    """Which row of a batch got which answer; a row without one is `unknown`."""

    type: Literal["status", "all", "order", "id", "key", "echo"] = Field(
        description="status: one row, HTTP says. all: the batch at once. order: by place, or by the place from 0 that "
        "`id` tells. id, key: by the row's own id, by key. echo: result rows hold the sent columns."
    )
    records: PathText | None = Field(default=None, description="Where the rows' answers stand.")
    id: Reader | None = Field(default=None, description="The row's own id, as it was sent.")
    unpack: str | None = Field(
        default=None,
        description="The entry of a row's answer that holds a whole answer as text, JSON in base64 or as it is: paths "
        "lead into it.",
    )
    left: PathText | None = Field(
        default=None, description="Where the answer lists the ids of rows that it did not get to: they are sent again."
    )
    key: Reader | list[Reader] | None = Field(
        default=None, description="The vendor's key of the record that was written; of a composite one, its parts."
    )
    ok: Condition | None = Field(default=None, description="What holds of a row that was written.")
    conflict: Condition | None = Field(
        default=None, description="Of a row that is not ok: it was no longer of the version that was told."
    )
    created: PathText | None = Field(default=None, description="Whether the record is new.")
    changed: PathText | None = Field(default=None, description="The record's new change value.")
    values: PathText | None = Field(
        default=None, description="Where an answer repeats what was written, for answers that lack the row's id."
    )
    kept: PathText | None = Field(
        default=None,
        description="Where an answer holds the record as it is now, of vendors that drop values without a word: what "
        "is not there as it was sent is told with the row.",
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
        default=None,
        description="How one row is written, within `{items}`; `...` spreads a map, `=base64` packs one: its JSON.",
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
    nest: str | None = Field(
        default=None,
        min_length=1,
        description="What parts the names of fields that stand within others: with `.` the field `a.b` is written as b "
        "within a.",
    )
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

    @property
    def is_keyed(self) -> bool:
        """A header or parameter says what we call the rows: the vendor knows a call that comes again. An id within the
        rows says nothing of that: it may only name their answers."""
        said = str((self.headers, self.params))
        return "{item.id" in said or "{batch.id" in said

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
        return listed(data)
