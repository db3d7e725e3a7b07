"""Short makers of fields and objects, so that the catalogue reads as a list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backhaul.sandbox.salesforce.describe import Field, SObject


def key() -> Field:
    return Field(
        "Id", "id", length=18, nillable=False, createable=False, updateable=False, defaulted=True, id_lookup=True
    )


def text(name: str, length: int = 255, **more: Any) -> Field:
    return Field(name, more.pop("type", "string"), length=length, **more)


def area(name: str, length: int = 32000) -> Field:
    """A long text area can be neither filtered nor sorted."""
    return Field(name, "textarea", length=length, filterable=False, sortable=False)


def email(name: str, **more: Any) -> Field:
    return Field(name, "email", length=80, **more)


def phone(name: str) -> Field:
    return Field(name, "phone", length=40)


def url(name: str) -> Field:
    return Field(name, "url", length=255)


def pick(name: str, *options: str, **more: Any) -> Field:
    return Field(name, more.pop("type", "picklist"), length=more.pop("length", 255), options=options, **more)


def flag(name: str, filled: bool = False, **more: Any) -> Field:
    return Field(name, "boolean", nillable=False, defaulted=True, filled=filled, **more)


def money(name: str, **more: Any) -> Field:
    return Field(name, "currency", precision=18, scale=2, **more)


def double(name: str, precision: int = 18, scale: int = 2, **more: Any) -> Field:
    return Field(name, "double", precision=precision, scale=scale, **more)


def percent(name: str) -> Field:
    return Field(name, "percent", precision=3, scale=0)


def whole(name: str, **more: Any) -> Field:
    return Field(name, "int", precision=8, **more)


def day(name: str, **more: Any) -> Field:
    return Field(name, "date", **more)


def moment(name: str, **more: Any) -> Field:
    return Field(name, "datetime", **more)


def refer(name: str, *objects: str, **more: Any) -> Field:
    relation = name.removesuffix("__c") + "__r" if name.endswith("__c") else name.removesuffix("Id")
    return Field(name, "reference", length=18, refers_to=objects, relationship=relation, **more)


def owner() -> Field:
    return refer("OwnerId", "User", nillable=False, defaulted=True)


def derived(found: Field, formula: str | None = None) -> Field:
    """A field that the org fills itself."""
    return replace(found, createable=False, updateable=False, formula=formula)


def address(name: str) -> list[Field]:
    """The compound field and its parts: BillingAddress, BillingStreet, ..."""
    prefix = name.removesuffix("Address")
    return [
        Field(f"{prefix}Street", "textarea", length=255, part_of=name),
        text(f"{prefix}City", 40, part_of=name),
        text(f"{prefix}State", 80, part_of=name),
        text(f"{prefix}PostalCode", 20, part_of=name),
        text(f"{prefix}Country", 80, part_of=name),
        Field(name, "address", createable=False, updateable=False, filterable=False, sortable=False),
    ]


def person_name() -> list[Field]:
    return [
        text("LastName", 80, nillable=False, part_of="Name"),
        text("FirstName", 40, part_of="Name"),
        derived(text("Name", 121, nillable=False)),
    ]


def stamps(*, deletes: bool) -> list[Field]:
    system: dict[str, Any] = {"nillable": False, "createable": False, "updateable": False, "defaulted": True}
    first = [Field("IsDeleted", "boolean", **system)] if deletes else []
    return [
        *first,
        Field("CreatedDate", "datetime", **system),
        refer("CreatedById", "User", **system),
        Field("LastModifiedDate", "datetime", **system),
        refer("LastModifiedById", "User", **system),
        Field("SystemModstamp", "datetime", **system),
    ]


def sobject(
    name: str, prefix: str, *fields: Field | list[Field], merges: bool = False, deletes: bool = True, **more: Any
) -> SObject:
    """An object with the system fields that every one has."""
    found = [key()]
    if merges:
        found.append(refer("MasterRecordId", name, createable=False, updateable=False))
    for entry in fields:
        found += entry if isinstance(entry, list) else [entry]
    found += stamps(deletes=deletes)
    return SObject(name, prefix, {one.name: one for one in found}, **more)


def history(name: str, prefix: str, parent: str, reference: str) -> SObject:
    """What the org remembers of tracked fields: rows that it alone writes, with no stamp but their making."""
    system: dict[str, Any] = {"nillable": False, "createable": False, "updateable": False, "defaulted": True}
    value: dict[str, Any] = {"type": "anyType", "createable": False, "updateable": False}
    fields = [
        key(),
        Field("IsDeleted", "boolean", **system),
        refer(reference, parent, **system),
        refer("CreatedById", "User", **system),
        Field("CreatedDate", "datetime", **system),
        pick("Field", createable=False, updateable=False, restricted=True),
        text("DataType", 40, createable=False, updateable=False),
        Field("OldValue", length=255, filterable=False, sortable=False, **value),
        Field("NewValue", length=255, filterable=False, sortable=False, **value),
    ]
    return SObject(
        name, prefix, {one.name: one for one in fields}, writable=False, deletable=False, replicateable=False
    )
