"""An object of a source: its key, how change and deletion show, its reads and its writes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from backhaul.config.base import Duration, Model
from backhaul.config.calls import Call, Condition, OurType, PathText, Pattern, Reader, Template, listed
from backhaul.config.reads import Next, Read
from backhaul.config.writes import Writes


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
    key: PathText | None = Field(
        default=None, description="Where an entry of a change feed that tells of a deletion has the record's key."
    )


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
        default_factory=dict,
        description="Fields taken over: `{parent.x}` is the parent's field x; `{place}`, of a child that stands within "
        "its parent, its place there from 1.",
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


class ObjectReads(Model):
    """Reads by role."""

    all: list[Read] = Field(default_factory=list, description="Everything.")
    changes: list[Read] = Field(default_factory=list, description="What changed in a window.")
    by_key: list[Read] = Field(default_factory=list, description="Records by their keys.")
    by_match: list[Read] = Field(
        default_factory=list,
        description="Records by the values of a unique field. One that looks for a row whose answer was lost may use "
        "`{values.x}`, what was sent, and `{since}`, shortly before it was sent.",
    )
    keys: list[Read] = Field(default_factory=list, description="Every key, for the census.")
    deleted: list[Read] = Field(default_factory=list, description="Deleted records only.")
    count: list[Read] = Field(default_factory=list, description="How many, by `total`.")
    by_parent: list[Read] = Field(default_factory=list, description="The children of a batch of parents.")
    touched: list[Read] = Field(default_factory=list, description="Keys of parents whose children changed.")

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, data: Any) -> Any:
        return listed(data)


class Discover(Call):
    """A discovery request: `keep` names what is kept of each record."""

    records: PathText = Field(default=".", description="Where the entries stand.")
    next: Next | None = Field(default=None, description="How the next page is found.")
    size: int | None = Field(default=None, description="The page size, as `{size}`.")
    only: Condition | None = Field(default=None, description="Entries that do not hold it are left out.")
    keep: dict[str, Reader | bool | Condition] = Field(
        description="Name -> where an entry has it, a constant, or a condition that makes it true."
    )


class CreateField(Call):
    """Makes a custom field. The request may use `{field.name}` (group 1 of `name`), `{field.label}`, `{field.group}`,
    `{field.unique}`, `{field.description}`, `{field.options}` (each as `option` says) and whatever `types` gives for
    the field's type, as `{field.x}`."""

    types: dict[OurType | Literal["options"], dict[str, Any]] = Field(
        description="Our type -> what the vendor's request says of it; `options`: a choice of given values."
    )
    group: Template | None = Field(default=None, description="Where a field goes whose group is not told.")
    name: Pattern = Field(
        default="(.+)", description="How the names of custom fields are spelt here; group 1 is what the request takes."
    )
    key: Reader | None = Field(
        default=None,
        description="Where the answer tells the field's name, of vendors that choose it. A push calls it as it "
        "likes, and the field is found again by its label.",
    )
    option: dict[str, Any] | None = Field(default=None, description="How one option is written: `{each}`.")
    needs: str = Field(default="", description="The permission it takes, for people.")
    also: list[Call] = Field(default_factory=list, description="What makes the new field usable, afterwards.")


class Link(Model):
    """What makes an object a link between two records: the fields that hold their keys."""

    source: str = Field(alias="from", description="The field that holds the one's key.")
    to: str = Field(description="The field that holds the other's.")


Mark = Literal["read_only", "create_only", "update_only", "write_only", "required", "unique"]


class Scopes(Model):
    """What the vendor's scopes must allow, where it has any. `a | b`: either of them is enough."""

    read: list[Template] = Field(default_factory=list, description="To read the object.")
    write: list[Template] = Field(default_factory=list, description="To write it.")


class ObjectDefinition(Model):
    """A thing in the source: its key, how change shows, how it is read and written."""

    key: Template | list[Template] = Field(default="id", description="A field, or several; may hold `{object.x}`.")
    constants: dict[str, Any] = Field(
        default_factory=dict, alias="with", description="Its own constants, as `{with.x}`."
    )
    fields: dict[str, OurType] | None = Field(
        default=None, description="Fields that discovery does not give; the source's discovery is not asked then."
    )
    marks: dict[str, Mark | list[Mark]] = Field(
        default_factory=dict,
        description="What else is known of `fields`, by name: read_only; create_only, written only when a record is "
        "made; update_only, only when it is there; write_only, taken by writes and unknown to reads, as the lines of "
        "a document that are read by themselves; "
        "required, a new record needs it; unique, upserts match by it.",
    )
    discovery: Discover | list[Discover] | None = Field(
        default=None, description="Its own requests for fields, beside `fields`, in place of the source's."
    )
    create_field: CreateField | None = Field(
        default=None, description="How a push's own fields are made here, in place of the source's way."
    )
    changed: Changed = Field(
        default=ChangedNone(type="none"), description="How change shows; without it everything is read and compared."
    )
    parent: Parent | None = Field(default=None, description="What makes it a child.")
    reads: ObjectReads = Field(default_factory=ObjectReads, description="How its records are read.")
    deletes: list[Delete] = Field(default_factory=list, description="How it shows that records are gone.")
    writes: Writes = Field(default_factory=Writes, description="How its records are written.")
    scopes: Scopes = Field(default_factory=Scopes, description="Scopes that it takes, compared with those granted.")
    link: Link | None = Field(default=None, description="It links two records; a push of mode `associate` makes it.")

    def marks_of(self, field: str) -> frozenset[str]:
        found = self.marks.get(field, [])
        return frozenset([found] if isinstance(found, str) else found)

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key,) if isinstance(self.key, str) else tuple(self.key)
