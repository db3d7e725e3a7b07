"""Objects and fields, and how the org describes them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "long": "xsd:long",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "time": "xsd:time",
    "base64": "xsd:base64Binary",
    "address": "urn:address",
}
NUMBERS = frozenset({"double", "currency", "percent", "int", "long"})
IDS = frozenset({"id", "reference"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `defaulted` fields may be left out on create; `filled` is what they get then."""

    name: str
    type: str
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted: bool = False
    filled: Any = None
    external_id: bool = False
    unique: bool = False
    id_lookup: bool = False
    auto_number: bool = False
    formula: str | None = None
    filterable: bool = True
    sortable: bool = True
    refers_to: tuple[str, ...] = ()
    relationship: str | None = None
    options: tuple[str, ...] = ()
    restricted: bool = False
    part_of: str | None = None  # the compound field that this one is a part of
    help: str | None = None

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def required(self) -> bool:
        return self.createable and not self.nillable and not self.defaulted

    @property
    def textual(self) -> bool:
        return self.type not in NUMBERS and self.type not in IDS and self.type not in ("boolean", "address")

    def describe(self) -> dict[str, Any]:
        label = self.label or labelled(self.name)
        grouping = self.filterable and self.type not in ("double", "currency", "percent", "datetime", "textarea")
        return {
            "aggregatable": self.filterable,
            "autoNumber": self.auto_number,
            "byteLength": self.length * 3 if self.textual else self.length,
            "calculated": self.formula is not None,
            "calculatedFormula": self.formula,
            "cascadeDelete": False,
            "caseSensitive": False,
            "compoundFieldName": self.part_of,
            "createable": self.createable,
            "custom": self.custom,
            "defaultValue": self.filled if self.type == "boolean" else None,
            "defaultedOnCreate": self.defaulted,
            "deprecatedAndHidden": False,
            "digits": self.precision if self.type == "int" else 0,
            "encrypted": False,
            "externalId": self.external_id,
            "filterable": self.filterable,
            "groupable": grouping,
            "htmlFormatted": False,
            "idLookup": self.id_lookup or self.external_id,
            "inlineHelpText": self.help,
            "label": label,
            "length": self.length,
            "name": self.name,
            "nameField": self.name == "Name",
            "nillable": self.nillable,
            "permissionable": self.custom or (self.updateable and self.nillable),
            "picklistValues": [
                {"active": True, "defaultValue": value == self.filled, "label": value, "validFor": None, "value": value}
                for value in self.options
            ],
            "polymorphicForeignKey": len(self.refers_to) > 1,
            "precision": self.precision if self.type != "int" else 0,
            "queryByDistance": False,
            "referenceTo": list(self.refers_to),
            "relationshipName": self.relationship,
            "restrictedPicklist": self.restricted,
            "scale": self.scale,
            "soapType": SOAP_TYPES.get(self.type, "xsd:string"),
            "sortable": self.sortable,
            "type": self.type,
            "unique": self.unique,
            "updateable": self.updateable,
        }


@dataclass(slots=True)
class SObject:
    """One object. `fields` may change while the simulator runs; `changed` then counts up."""

    name: str
    prefix: str
    fields: dict[str, Field]
    label: str = ""
    plural: str = ""
    queryable: bool = True
    writable: bool = True
    deletable: bool = True
    replicateable: bool = True
    hidden: bool = False
    bulk: bool = True
    denied: frozenset[str] = frozenset()  # create, update, delete: what the user's profile does not allow
    cascade: tuple[tuple[str, str], ...] = ()  # child object and its field: they go when a record of this one goes
    number: int = 0
    _folded: dict[str, Field] = field(default_factory=dict)
    _relations: dict[str, Field] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        self._folded = {name.lower(): found for name, found in self.fields.items()}
        self._relations = {found.relationship.lower(): found for found in self.fields.values() if found.relationship}

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    def may(self, do: str) -> bool:
        """Whether the user may create, update or delete records of it."""
        return (self.deletable if do == "delete" else self.writable) and do not in self.denied

    @property
    def mergeable(self) -> bool:
        return "MasterRecordId" in self.fields

    @property
    def soft_deletes(self) -> bool:
        return "IsDeleted" in self.fields

    def find(self, name: str) -> Field | None:
        """A field by its name in any case."""
        return self._folded.get(name.lower())

    def relation(self, name: str) -> Field | None:
        """The reference field of a parent path's first step: `Owner` -> OwnerId."""
        return self._relations.get(name.lower())

    def put(self, found: Field) -> None:
        self.fields[found.name] = found
        self.refresh()

    def drop(self, name: str) -> None:
        del self.fields[name]
        self.refresh()

    def summary(self, version: int) -> dict[str, Any]:
        """The entry of the global describe."""
        root = f"/services/data/v{version}.0/sobjects/{self.name}"
        label = self.label or labelled(self.name)
        return {
            "activateable": False,
            "associateEntityType": None,
            "associateParentEntity": None,
            "createable": self.may("create"),
            "custom": self.custom,
            "customSetting": False,
            "deepCloneable": False,
            "deletable": self.may("delete"),
            "deprecatedAndHidden": self.hidden,
            "feedEnabled": False,
            "hasSubtypes": False,
            "isInterface": False,
            "isSubtype": False,
            "keyPrefix": self.prefix or None,
            "label": label,
            "labelPlural": self.plural or label + "s",
            "layoutable": True,
            "mergeable": self.mergeable,
            "mruEnabled": True,
            "name": self.name,
            "queryable": self.queryable,
            "replicateable": self.replicateable,
            "retrieveable": self.queryable,
            "searchable": True,
            "triggerable": True,
            "undeletable": self.soft_deletes and self.may("delete"),
            "updateable": self.may("update"),
            "urls": {"rowTemplate": f"{root}/{{ID}}", "describe": f"{root}/describe", "sobject": root},
        }

    def describe(self, version: int, others: Iterable[SObject]) -> dict[str, Any]:
        children: list[dict[str, Any]] = [
            {
                "cascadeDelete": (other.name, reference.name) in self.cascade,
                "childSObject": other.name,
                "deprecatedAndHidden": False,
                "field": reference.name,
                "junctionIdListNames": [],
                "junctionReferenceTo": [],
                "relationshipName": None,
                "restrictedDelete": False,
            }
            for other in others
            for reference in other.fields.values()
            if self.name in reference.refers_to
        ]
        return {
            **self.summary(version),
            "actionOverrides": [],
            "childRelationships": children,
            "compactLayoutable": True,
            "fields": [found.describe() for found in self.fields.values()],
            "listviewable": None,
            "lookupLayoutable": None,
            "namedLayoutInfos": [],
            "networkScopeFieldName": None,
            "recordTypeInfos": [
                {
                    "active": True,
                    "available": True,
                    "defaultRecordTypeMapping": True,
                    "developerName": "Master",
                    "master": True,
                    "name": "Master",
                    "recordTypeId": "012000000000000AAA",
                    "urls": {},
                }
            ],
            "searchLayoutable": True,
            "supportedScopes": [{"label": "All records", "name": "everything"}],
        }


def labelled(name: str) -> str:
    """`AccountId` -> `Account ID`, `Health_Score__c` -> `Health Score`."""
    bare = name.removesuffix("__c").replace("_", " ")
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", bare)
    return re.sub(r"\bId\b", "ID", spaced)
