"""Custom fields made through the API: the Tooling API's CustomField, and the permission that shows the new field."""

from __future__ import annotations

from typing import Any

from backhaul.sandbox.salesforce.calls import Answer, Call, Refusal, reply
from backhaul.sandbox.salesforce.describe import Field
from backhaul.sandbox.salesforce.org import Org
from backhaul.sandbox.salesforce.records import object_of

KINDS = {
    "Text": ("string", ("length",)),
    "LongTextArea": ("textarea", ("length", "visibleLines")),
    "Number": ("double", ("precision", "scale")),
    "Checkbox": ("boolean", ("defaultValue",)),
    "Date": ("date", ()),
    "DateTime": ("datetime", ()),
    "Picklist": ("picklist", ("valueSet",)),
}
METADATA = {"type", "label", "description", "inlineHelpText", "length", "precision", "scale", "defaultValue",
            "visibleLines", "externalId", "unique", "required", "valueSet"}  # fmt: skip
PERMISSION = {"ParentId", "SobjectType", "Field", "PermissionsRead", "PermissionsEdit"}
PERMISSION_SET = "0PS5g00000Sandbox1"


class Tooling:
    """A field made so is there, and nobody sees it before a permission set says that they may."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._hidden: dict[str, Field] = {}

    def create_field(self, call: Call) -> Answer:
        body = call.object_body()
        unknown = set(body) - {"FullName", "Metadata"}
        metadata = body.get("Metadata")
        if unknown or not isinstance(metadata, dict) or set(metadata) - METADATA:
            raise Refusal(400, "JSON_PARSER_ERROR", f"Unrecognized field in {sorted(body)}")
        name, dot, field_name = str(body.get("FullName", "")).partition(".")
        if not dot or not field_name.endswith("__c"):
            raise Refusal(400, "FIELD_INTEGRITY_EXCEPTION", f"Invalid fullName: {body.get('FullName')}", ["FullName"])
        object = object_of(self._org, name)
        if object.find(field_name) is not None or f"{object.name}.{field_name}" in self._hidden:
            raise Refusal(400, "DUPLICATE_DEVELOPER_NAME", f"There is already a field named {field_name}", ["FullName"])
        made = self._field(field_name, metadata)
        if self._org.variants["new_fields"] == "hidden":
            self._hidden[f"{object.name}.{field_name}"] = made
        else:
            self._show(object.name, made)
        return reply({"id": f"00N{len(self._hidden):015d}", "success": True, "errors": []}, 201)

    def permit(self, call: Call) -> Answer:
        body = call.object_body()
        if set(body) != PERMISSION:
            raise Refusal(
                400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: {sorted(PERMISSION - set(body))}"
            )
        if body["ParentId"] != PERMISSION_SET:
            raise Refusal(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ["ParentId"])
        made = self._hidden.pop(str(body["Field"]), None)
        if made is not None:
            self._show(str(body["SobjectType"]), made)
        return reply({"id": "01k000000000001", "success": True, "errors": []}, 201)

    def _field(self, name: str, metadata: dict[str, Any]) -> Field:
        kind = KINDS.get(str(metadata.get("type")))
        if kind is None:
            raise Refusal(400, "FIELD_INTEGRITY_EXCEPTION", f"Invalid field type {metadata.get('type')}", ["Type"])
        lacking = [each for each in ("label", *kind[1]) if metadata.get(each) in (None, "")]
        if lacking:
            raise Refusal(400, "FIELD_INTEGRITY_EXCEPTION", f"Must specify {', '.join(lacking)}", lacking)
        values = ((metadata.get("valueSet") or {}).get("valueSetDefinition") or {}).get("value") or []
        return Field(
            name, kind[0], str(metadata["label"]), int(metadata.get("length") or 0),
            int(metadata.get("precision") or 0), int(metadata.get("scale") or 0),
            external_id=bool(metadata.get("externalId")), unique=bool(metadata.get("unique")),
            options=tuple(str(each["fullName"]) for each in values), restricted=bool(values),
            defaulted=kind[0] == "boolean", filled=False if kind[0] == "boolean" else None,
            nillable=kind[0] != "boolean",
        )  # fmt: skip

    def _show(self, name: str, made: Field) -> None:
        self._org.objects[name].put(made)
        for row in self._org.tables[name].order:
            row.encoded = None
        self._org.schema_moved()
