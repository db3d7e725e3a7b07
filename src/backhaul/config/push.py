"""`push:` of a pipeline: a select whose rows are written to an object or an entity, and what guards that."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from backhaul.config.base import Duration, Model, Name, ScheduleText
from backhaul.config.objects import ObjectDefinition

Mode = Literal["create", "update", "upsert", "mirror", "append", "associate"]
WriteWhen = Literal["always", "create", "update", "empty", "never"]
"""When a field is written: into new records only, into records that are there only, where it holds nothing, never."""
Value = str | int | float | bool
FieldType = Literal["text", "integer", "decimal", "boolean", "date", "timestamp"]


class Guard(Model):
    """When a field may be written, whatever a push says, and why."""

    write: WriteWhen = Field(description="When it may be written.")
    why: str = Field(default="", description="Told to whoever meets it.")


class PushField(Model):
    """How one column of a push is written."""

    write: WriteWhen = Field(default="always", description="When it is written.")
    default: Value | None = Field(default=None, description="Written where the select gives nothing.")


class OwnField(Model):
    """A custom field that a push needs; it is made where the account lacks it."""

    type: FieldType = Field(default="text", description="What it holds.")
    label: str | None = Field(default=None, description="Its name for people; without one, the field's own.")
    group: str | None = Field(default=None, description="Where the vendor shows it.")
    description: str = Field(default="", description="What the vendor shows beside it.")
    unique: bool = Field(default=False, description="Two records cannot hold the same value.")
    options: list[str] = Field(default_factory=list, description="The only values that it takes.")


class Trigger(Model):
    """A push that goes off when rows of an entity change; its select may use them, as `changed(id)`."""

    rows_of: Name = Field(description="The entity whose rows are watched.")
    when: str | None = Field(default=None, description="A condition over its columns, that holds now.")
    columns: list[str] = Field(default_factory=list, description="Only where one of these changed; empty: any.")


class Retries(Model):
    """How often a row that the vendor refused is sent again by itself, and after what time: doubled at each try."""

    most: int = Field(default=5, ge=0, description="Times; then it is left for `push retry --force`.")
    after: Duration = Field(default="1h", validate_default=True, description="The first wait.")


class Push(Model):
    """A select whose rows are written to an object or an entity."""

    to: str = Field(description="An entity (`accounts`) or a connection's object (`crm.companies`).")
    select: str = Field(description="SQL over the published entities; its columns are the fields to write.")
    mode: Mode = Field(
        default="update",
        description="mirror: upsert, and take away what we made and the select gives no more. append: once for each "
        "row, never again. associate: a link between two records.",
    )
    key: str | None = Field(
        default=None,
        description="The column that finds the record: the vendor's key, or the unique field of an upsert. "
        "`id` where the target is an entity.",
    )
    conflict: Literal["skip", "overwrite", "fail"] = Field(
        default="skip", description="What to do where the vendor's value changed since we read it."
    )
    strict: bool = Field(
        default=False,
        description="Use the vendor's own version check for every row, where it has one, whatever calls it costs.",
    )
    gone: Literal["delete", "keep"] | dict[str, Value | None] | None = Field(
        default=None,
        description="What becomes of records that we made and the select gives no more: deleted (what mirror does), "
        "kept (what associate does), or these fields set.",
    )
    fields: dict[str, PushField | WriteWhen] = Field(
        default_factory=dict, description="Column -> when it is written, and what stands in for nothing."
    )
    own_fields: dict[str, OwnField] = Field(
        default_factory=dict, description="Custom fields that this push needs, by the vendor's names; made if missing."
    )
    trace: str | None = Field(
        default=None,
        description="A unique field of the object that takes our row's id: by it a record whose answer was lost is "
        "found again.",
    )
    schedule: ScheduleText | None = Field(
        default=None, description="For `backhaul run --due` and `--watch`, after the connections that are due."
    )
    trigger: Literal["transform"] | Trigger | None = Field(
        default=None, description="Applied after each run that publishes something new, or when rows change."
    )
    max_rows: int = Field(default=100_000, gt=0, description="A plan with more rows is refused.")
    max_deletes: int = Field(default=100, ge=0, description="A plan that deletes more waits for approval.")
    max_quota: str = Field(
        default="50%", pattern=r"^\d{1,3}%$", description="A plan that takes more of a day's calls waits for approval."
    )
    min_share: str = Field(
        default="50%",
        pattern=r"^\d{1,3}%$",
        description="A select that gives fewer rows than this share of the last time's takes nothing away, and waits "
        "for approval.",
    )
    retries: Retries = Field(default_factory=Retries, description="Of rows that the vendor refused.")

    @model_validator(mode="after")
    def _what_goes_together(self) -> Push:
        if self.gone not in (None, "keep") and self.mode not in ("mirror", "associate"):
            raise ValueError("`gone` is for the modes mirror and associate")
        if self.mode not in ("create", "update") and "." not in self.to:
            raise ValueError(f"the mode {self.mode} needs a connection's object as `to`, as crm.contacts")
        if isinstance(self.trigger, Trigger) and self.when_gone() != "keep":
            raise ValueError(
                "a trigger of rows gives some of them: what it does not give is not gone; use `gone: keep`"
            )
        if self.own_fields and "." not in self.to:
            raise ValueError("`own_fields` needs a connection's object as `to`, as crm.companies")
        return self

    def lacks(self, definition: ObjectDefinition) -> list[str]:
        """What the push has to do with records of an object, and the object's definition has no write for."""
        writes = definition.writes
        taken = {"mirror": ["update"], "append": ["create"], "associate": ["create"]}.get(self.mode, [self.mode])
        found = [each for each in taken if not getattr(writes, each)]
        if self.mode == "upsert" and writes.create and writes.update and definition.reads.by_match:
            found = []  # it is looked for, and then made or changed
        if self.mode == "mirror" and not (writes.create or writes.upsert):
            found.append("create")
        if self.when_gone() == "delete" and not writes.delete:
            found.append("delete")
        if self.mode == "associate" and definition.link is None:
            found.append("link two records by")
        return found

    def when_gone(self) -> Literal["delete", "keep"] | dict[str, Any]:
        return self.gone if self.gone is not None else "delete" if self.mode == "mirror" else "keep"
