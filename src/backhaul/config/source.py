"""sources/<name>/source.yaml: how one vendor is reached, read and written. The whole vocabulary
is here and in its parts: calls, reads, writes, objects, auth, templates.

One shape of request serves everywhere: a method with a path, params, headers and one body, and how its answer is
read. Whatever holds an unbound placeholder falls away (with the container that it empties), so that a first page, a
full read and a window are one text. Placeholders write requests, paths read answers, conditions are maps of path to
value; there are no expressions and no code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from backhaul.config.auth import Auth
from backhaul.config.base import Duration, Model
from backhaul.config.calls import Call, Condition, PathText, Reader, Template, Values, VendorType
from backhaul.config.objects import ChangedField, CreateField, DeleteCensus, DeleteScan, Discover, ObjectDefinition
from backhaul.config.reads import ErrorAt, Read


class Discovery(Model):
    """Where objects and fields come from. Kept of an object: name, label, custom, what the account may do with it
    (readable, creatable, updatable, deletable), and what `{object.*}` needs; of a field: name, type, label,
    description, custom, read_only, creatable, updatable, required, unique, options (or `option`, one of them, where
    each is a record of its own), open (other values are taken, too), references, length, written (its name in writes).
    Of several requests for fields each adds to what the ones before told of a field; `marks` add to that."""

    objects: Discover | None = Field(default=None, description="Asks which objects there are, beside those listed.")
    named: Template | None = Field(
        default=None,
        description="Objects that the vendor has and does not list: a setting that names them, with commas between.",
    )
    fields: Discover | list[Discover] | None = Field(
        default=None, description="Asks for the fields of one, or of all at once."
    )
    types: dict[str, VendorType] = Field(default_factory=dict, description="An unknown type is text, and is reported.")
    reference: Template | None = Field(
        default=None,
        description="How writes spell a value of a field that `references` another object, where they do not take the "
        "bare key: `{key}`, and as `{object.x}` what is kept of the object that it names.",
    )
    create_field: CreateField | None = Field(default=None, description="How a push's own fields are made.")


class Choices(Call):
    """Asks the vendor which values a setting may have: told to whoever connects with another one, and is refused."""

    records: PathText = Field(default=".", description="Where they stand.")
    only: Condition | None = Field(default=None, description="Those that do not hold it are left out.")
    value: PathText = Field(description="Where one has the setting's value.")
    label: PathText | None = Field(default=None, description="Where it has a name for people.")


class Setting(Model):
    """A question that a connection answers beside its credentials."""

    title: str = Field(description="What is asked, in words.")
    default: Any = Field(default=None, description="Without one the setting must be given.")
    pattern: str | None = Field(default=None, description="A regular expression that the whole value fits.")
    one_of: list[Any] | None = Field(default=None, description="The values it may have.")
    choices: Choices | None = Field(default=None, description="How to ask for them, with the connection's credentials.")


class Probe(Read):
    """The request that proves a connection; `keep` gives `{account.*}`, of which `id` is what budgets hang on."""

    keep: dict[str, Reader | Template] = Field(description="Name -> where the answer has it, or a placeholder.")


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
    objects: list[str] = Field(
        default_factory=list, description="Objects that it is for: of vendors that count each method apart; empty: all."
    )
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

    def nested_in(self, object: str) -> frozenset[str]:
        """The fields of an object's records in which records of its children stand."""
        return frozenset(
            each.parent.at.split("[")[0].split(".")[0]
            for each in self.objects.values()
            if each.parent is not None and each.parent.object == object and each.parent.at is not None
        )

    def way_in(self, asked: str | None) -> str | None:
        """The name of a connection's auth: what it asks for, or the only one there is; None where there is no such."""
        if asked is not None:
            return asked if asked in self.auth else None
        return next(iter(self.auth)) if len(self.auth) == 1 else None

    def definition(self, object: str) -> ObjectDefinition | None:
        """An object's definition, its own or that of `"*"`; None where the source has neither."""
        return self.objects.get(object) or self.objects.get("*")

    def create_field(self, definition: ObjectDefinition) -> CreateField | None:
        """How the custom fields of an object are made; None where they are not."""
        return definition.create_field or self.discovery.create_field

    @model_validator(mode="after")
    def _names_point_somewhere(self) -> Source:
        for limit in self.limits:
            if strangers := [name for name in limit.objects if name not in self.objects]:
                raise ValueError(f"a limit is for {', '.join(strangers)}, which is not an object")
        for name, definition in self.objects.items():
            if definition.parent and definition.parent.object not in self.objects:
                raise ValueError(f"objects.{name}.parent names {definition.parent.object}, which is not an object")
            _check_child(name, definition, self.objects)
            _check_marks(name, definition)
            for delete in definition.deletes:
                if isinstance(delete, DeleteScan | DeleteCensus) and not getattr(definition.reads, delete.read, None):
                    raise ValueError(f"objects.{name}.deletes needs the read `{delete.read}`, which is not there")
        return self


def _check_marks(name: str, definition: ObjectDefinition) -> None:
    """Marks are of fields that are there. Raises ValueError."""
    absent = sorted(set(definition.marks) - set(definition.fields or ()))
    if absent:
        raise ValueError(f"objects.{name}.marks names {', '.join(absent)}, which `fields` has not")


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
