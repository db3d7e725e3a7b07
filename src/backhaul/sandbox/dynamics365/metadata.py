"""Definitions as data: tables, columns with what each kind has beside, keys, relations; new columns, published."""

from __future__ import annotations

import re
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.dynamics365.answers import bad, label, no_segment, nothing, refuse, reply
from backhaul.sandbox.dynamics365.columns import CHOICES, LENGTHS, LOOKUPS, TYPES, Column
from backhaul.sandbox.dynamics365.definitions import TableDefinition
from backhaul.sandbox.dynamics365.organization import Organization
from backhaul.sandbox.dynamics365.writes import body

_PREFIX = re.compile(r"[a-z][a-z0-9]{1,7}_[A-Za-z0-9_]+")
_KINDS = {of: kind for kind, (_, _, of) in TYPES.items() if kind not in ("guid", "virtual", "day", "customer", "owner")}


class Metadata:
    def __init__(self, organization: Organization) -> None:
        self._organization = organization
        # Columns that were made and not published yet: reads do not know them.
        self._waiting: dict[str, list[Column]] = {}

    async def tables(self, request: Request) -> Response:
        found = _options(request)
        told = [self._of_table(each) for each in self._organization.definitions.values()]
        if "$filter" in found:
            match = re.fullmatch(
                r"(LogicalName|SchemaName) eq '([^']*)'|(ChangeTrackingEnabled|IsCustomEntity) eq (true|false)",
                found["$filter"],
            )
            if match is None:
                bad(f"Syntax error in '{found['$filter']}'.")
            name, wanted = (match[1], match[2]) if match[1] else (match[3], match[4] == "true")
            told = [each for each in told if each[name] == wanted]
        return self._answer("EntityDefinitions", told, found)

    async def table(self, request: Request) -> Response:
        definition = self._named(request)
        chosen = _chosen([self._of_table(definition)], _options(request))[0]
        return reply({"@odata.context": f"{self._organization.api}/$metadata#EntityDefinitions/$entity", **chosen})

    def _of_table(self, table: TableDefinition) -> dict[str, Any]:
        return {
            "MetadataId": str(uuid.uuid5(uuid.NAMESPACE_OID, table.name)),
            "LogicalName": table.name,
            "SchemaName": table.name if table.custom else table.name.capitalize(),
            "EntitySetName": table.set,
            "LogicalCollectionName": table.set,
            "PrimaryIdAttribute": table.key,
            "PrimaryNameAttribute": table.primary_name,
            "DisplayName": label(table.label),
            "DisplayCollectionName": label(f"{table.label}s"),
            "IsCustomEntity": table.custom,
            "ChangeTrackingEnabled": table.tracked,
            "IsOptimisticConcurrencyEnabled": True,
            "TableType": table.kind,
            "DataProviderId": None,
        }

    async def columns(self, request: Request) -> Response:
        table, found = self._named(request), _options(request)
        told = [self._of_column(table, each) for each in table.columns.values()]
        return self._answer(f"EntityDefinitions('{table.name}')/Attributes", told, found)

    async def of_kind(self, request: Request) -> Response:
        """A cast: the columns of one class, with what it has beside."""
        kind = request.path_params["kind"].removeprefix("Microsoft.Dynamics.CRM.")
        if kind not in _KINDS:
            return no_segment(request.path_params["kind"])
        table, found = self._named(request), _options(request)
        told = [
            self._of_column(table, each, whole=True) for each in table.columns.values() if TYPES[each.kind][2] == kind
        ]
        expanded = found.get("$expand", "")
        if expanded and not (expanded.startswith(("OptionSet", "GlobalOptionSet")) and _KINDS[kind] in CHOICES):
            bad(f"Could not find a property named '{expanded}' on type 'Microsoft.Dynamics.CRM.{kind}'.")
        if not expanded:
            for each in told:
                each.pop("OptionSet", None)
        return self._answer(f"EntityDefinitions('{table.name}')/Attributes/{kind}", told, found, "OptionSet")

    def _of_column(self, table: TableDefinition, column: Column, *, whole: bool = False) -> dict[str, Any]:
        kind, name, of = TYPES[column.kind]
        told: dict[str, Any] = {
            "@odata.type": f"#Microsoft.Dynamics.CRM.{of}",
            "MetadataId": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{table.name}.{column.name}")),
            "LogicalName": column.name,
            "SchemaName": column.schema_name,
            "AttributeType": kind,
            "AttributeTypeName": {"Value": name},
            "DisplayName": label(column.label),
            "Description": label(""),
            "IsCustomAttribute": column.custom,
            "IsValidForRead": column.readable,
            "IsValidForCreate": column.creatable,
            "IsValidForUpdate": column.updatable,
            "RequiredLevel": {"Value": "ApplicationRequired" if column.required else "None", "CanBeChanged": True},
            "IsLogical": False,
            "AttributeOf": column.of,
            "IsPrimaryId": column.name == table.key,
        }
        if not whole:
            return told
        if column.kind in LOOKUPS:
            told["Targets"] = list(column.targets)
        if column.kind in ("time", "day"):
            told["DateTimeBehavior"] = {"Value": "DateOnly" if column.kind == "day" else "UserLocal"}
            told["Format"] = "DateOnly" if column.kind == "day" else "DateAndTime"
        if column.kind in LENGTHS:
            told["MaxLength"] = LENGTHS[column.kind]
        if column.kind in CHOICES:
            told["OptionSet"] = {
                "MetadataId": told["MetadataId"],
                "Name": f"{table.name}_{column.name}",
                "Options": [_option(value, text) for value, text in column.options],
            }
        return told

    async def keys(self, request: Request) -> Response:
        table, found = self._named(request), _options(request)
        told = [
            {
                "LogicalName": f"{name}_key",
                "SchemaName": f"{name}_key",
                "KeyAttributes": [name],
                "EntityKeyIndexStatus": state,
                "EntityLogicalName": table.name,
            }
            for name, state in table.keys.items()
        ]
        return self._answer(f"EntityDefinitions('{table.name}')/Keys", told, found)

    async def relations(self, request: Request) -> Response:
        table, found = self._named(request), _options(request)
        told = [
            {
                "SchemaName": f"{target}_{table.name}_{column.name}",
                "ReferencingEntity": table.name,
                "ReferencingAttribute": column.name,
                "ReferencedEntity": target,
                "ReferencedAttribute": self._organization.definitions[target].key,
                "ReferencingEntityNavigationPropertyName": nav,
            }
            for column in table.columns.values()
            for nav, target in column.binds(table.name).items()
        ]
        return self._answer(f"EntityDefinitions('{table.name}')/ManyToOneRelationships", told, found)

    async def create_column(self, request: Request) -> Response:
        table, given = self._named(request), await body(request)
        made = _new_column(table, given)
        if self._organization.variants["new_columns"] == "at once":
            table.columns[made.name] = made
        else:
            self._waiting.setdefault(table.name, []).append(made)
        at = f"EntityDefinitions(LogicalName='{table.name}')/Attributes({uuid.uuid5(uuid.NAMESPACE_OID, made.name)})"
        return nothing({"OData-EntityId": f"{self._organization.api}/{at}"})

    async def publish(self, request: Request) -> Response:
        given = await body(request)
        xml = str(given.get("ParameterXml", ""))
        if set(given) != {"ParameterXml"} or not xml.startswith("<importexportxml>"):
            refuse(400, "0x80040203", "PublishXml needs ParameterXml.")
        for name in re.findall(r"<entity>([^<]+)</entity>", xml):
            table = self._organization.definitions.get(name)
            if table is None:
                refuse(400, "0x80040217", f"The entity with a name = '{name}' was not found in the MetadataCache.")
            for column in self._waiting.pop(name, ()):
                table.columns[column.name] = column
        return nothing()

    def _named(self, request: Request) -> TableDefinition:
        key = request.path_params["key"]
        match = re.fullmatch(r"LogicalName='([^']*)'", key)
        by_id = {
            str(uuid.uuid5(uuid.NAMESPACE_OID, name)): each for name, each in self._organization.definitions.items()
        }
        table = self._organization.definitions.get(match[1]) if match else by_id.get(key)
        if table is None:
            nobody = "00000000-0000-0000-0000-000000000000"
            refuse(
                404, "0x80040217", f"Could not find an entity with name {match[1] if match else key} and id {nobody}."
            )
        return table

    def _answer(self, context: str, told: list[dict[str, Any]], found: dict[str, str], *beside: str) -> Response:
        """Definitions come all at once: they are not paged."""
        return reply(
            {"@odata.context": f"{self._organization.api}/$metadata#{context}", "value": _chosen(told, found, *beside)}
        )


def _option(value: int, text: str) -> dict[str, Any]:
    return {
        "Value": value,
        "Label": label(text),
        "Color": None,
        "IsHidden": False,
        "ExternalValue": "",
        "ParentValues": [],
    }


def _new_column(table: TableDefinition, given: dict[str, Any]) -> Column:
    """The column that a request describes, or the vendor's refusal."""
    kind = _KINDS.get(str(given.get("@odata.type", "")).lstrip("#").removeprefix("Microsoft.Dynamics.CRM."))
    if kind is None or kind in LOOKUPS or kind in ("state", "status", "entity"):
        bad("The attribute needs the annotation @odata.type, of a class whose columns can be made.")
    name, type_name = str(given.get("SchemaName", "")), given.get("AttributeTypeName")
    if _PREFIX.fullmatch(name) is None:
        refuse(400, "0x8004f50c", f"The name {name} is not valid: it must begin with a publisher's prefix.")
    if name.lower() in table.columns:
        refuse(400, "0x80044363", f"An attribute with the name {name} already exists in {table.name}.")
    if type_name is not None and type_name != {"Value": TYPES[kind][1]}:
        bad(f"AttributeTypeName {type_name} does not fit {given['@odata.type']}.")
    labels = (given.get("DisplayName") or {}).get("LocalizedLabels")
    if not labels or not all(isinstance(each.get("LanguageCode"), int) for each in labels):
        refuse(400, "0x80040203", "The required parameter 'DisplayName' has no label.")
    if kind == "string" and not 1 <= int(given.get("MaxLength") or 0) <= 4000:
        refuse(400, "0x80044180", "MaxLength must be a number from 1 to 4000.")
    choices = given.get("OptionSet") or {}
    if kind == "bool" and not {"TrueOption", "FalseOption"} <= set(choices):
        refuse(400, "0x80044181", "A boolean attribute needs an option set with TrueOption and FalseOption.")
    if kind == "time" and given.get("Format") == "DateOnly":
        kind = "day"
    options = tuple(
        (int(each["Value"]), str(each["Label"]["LocalizedLabels"][0]["Label"])) for each in choices.get("Options", ())
    )
    return Column(name.lower(), kind, name, str(labels[0]["Label"]), options=options, custom=True)


def _options(request: Request) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in ("$select", "$filter", "$expand", "LabelLanguages"):
            bad(f"The query parameter '{name}' is not supported.")
        found[name] = value
    return found


def _chosen(told: list[dict[str, Any]], found: dict[str, str], *beside: str) -> list[dict[str, Any]]:
    if "$select" not in found or not told:
        return told
    names = [each.strip() for each in found["$select"].split(",")]
    for name in names:
        if not any(name in each for each in told):
            bad(f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.AttributeMetadata'.")
    always = ("@odata.type", "MetadataId", *beside)
    return [{name: each[name] for name in (*always, *names) if name in each} for each in told]
