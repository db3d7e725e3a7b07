"""What HubSpot's objects and properties are made of, and how its schema endpoints show them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

SHAPED = "2024-01-15T09:00:00.000Z"


@dataclass(frozen=True, slots=True)
class Property:
    name: str
    type: str = "string"  # string, number, date, datetime, enumeration, bool, phone_number
    field_type: str = "text"
    label: str = ""
    options: tuple[tuple[str, str], ...] = ()  # label, value
    custom: bool = False
    read_only: bool = False
    calculated: bool = False
    unique: bool = False
    # Where the options live when they are not here: owners, pipelines, stages.
    external: str | None = None
    references: str | None = None
    searchable: bool = False
    required: bool = False

    def shown(self) -> dict[str, Any]:
        """As `/crm/v3/properties` shows it."""
        shown: dict[str, Any] = {
            "updatedAt": SHAPED,
            "createdAt": SHAPED,
            "name": self.name,
            "label": self.label or self.name.replace("_", " ").capitalize(),
            "type": self.type,
            "fieldType": self.field_type,
            "description": "",
            "groupName": "custom_information" if self.custom else "information",
            "options": [
                {"label": label, "value": value, "displayOrder": place, "hidden": False}
                for place, (label, value) in enumerate(self.options)
            ],
            "displayOrder": -1,
            "calculated": self.calculated,
            "externalOptions": self.external is not None,
            "archived": False,
            "hasUniqueValue": self.unique,
            "hidden": False,
            "modificationMetadata": {
                "archivable": self.custom,
                "readOnlyDefinition": not self.custom,
                "readOnlyValue": self.read_only or self.calculated,
            },
            "formField": False,
            "dataSensitivity": "non_sensitive",
        }
        if self.references:
            shown["referencedObjectType"] = self.references
        # Left out, not false, on properties that the customer made.
        if not self.custom:
            shown["hubspotDefined"] = True
        return shown


@dataclass(slots=True)
class ObjectType:
    name: str  # in paths: contacts, p48291034_subscription
    singular: str
    type_id: str
    scope: str  # the middle of crm.objects.<scope>.read
    properties: dict[str, Property]
    created: str = "createdate"
    changed: str = "hs_lastmodifieddate"
    # What is shown when nothing is asked for, besides what always is.
    default: tuple[str, ...] = ()
    upsert: bool = True
    labels: tuple[str, str] = ("", "")
    custom: bool = False
    primary: str = ""
    associated: tuple[str, ...] = ()
    # Grows with every change of the properties: projections made before it are stale.
    version: int = 0
    shown: bytes | None = field(default=None, repr=False)

    @property
    def always(self) -> frozenset[str]:
        """Shown whatever is asked for."""
        return frozenset((self.created, self.changed, "hs_object_id"))

    def add(self, prop: Property) -> None:
        self.properties[prop.name] = prop
        self._reshaped()

    def remove(self, name: str) -> None:
        del self.properties[name]
        self._reshaped()

    def retype(self, name: str, type: str, field_type: str, options: tuple[tuple[str, str], ...]) -> None:
        self.add(replace(self.properties[name], type=type, field_type=field_type, options=options))

    def _reshaped(self) -> None:
        self.version += 1
        self.shown = None

    def schema(self, portal_id: int) -> dict[str, Any]:
        """As `/crm/v3/schemas` shows it."""
        return {
            "labels": {"singular": self.labels[0], "plural": self.labels[1]},
            "requiredProperties": [prop.name for prop in self.properties.values() if prop.required],
            "searchableProperties": [prop.name for prop in self.properties.values() if prop.searchable],
            "primaryDisplayProperty": self.primary,
            "secondaryDisplayProperties": [],
            "archived": False,
            "restorable": True,
            "metaType": "PORTAL_SPECIFIC",
            "id": self.type_id.removeprefix("2-"),
            "fullyQualifiedName": self.name,
            "createdAt": SHAPED,
            "updatedAt": SHAPED,
            "objectTypeId": self.type_id,
            "properties": [prop.shown() for prop in self.properties.values()],
            "associations": [
                {
                    "fromObjectTypeId": self.type_id,
                    "toObjectTypeId": other,
                    "name": f"{self.singular.lower()}_to_{other}",
                    "id": str(place + 21),
                    "createdAt": SHAPED,
                    "updatedAt": SHAPED,
                }
                for place, other in enumerate(self.associated)
            ],
            "name": self.name.split("_", 1)[1],
            "portalId": portal_id,
        }
