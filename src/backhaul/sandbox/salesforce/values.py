"""Field values: the one form they are kept in, and the ways in and out of JSON, CSV and SOQL.

Kept are: text as str, numbers as float or int, booleans as bool, dates as `2024-09-10`, datetimes as
`2024-09-10T13:12:38.000+0000`: REST shows them so, and as text they sort as times do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from backhaul.sandbox.salesforce.calls import BadRecord, Refusal, kind_of
from backhaul.sandbox.salesforce.describe import NUMBERS, SOAP_TYPES, Field
from backhaul.sandbox.salesforce.ids import full_id

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)\Z")


def stamp(moment: datetime) -> str:
    """To the second, as every stamp of the org is."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat()[:19] + ".000+0000"


def moment_of(text: str) -> datetime | None:
    """An ISO datetime with an offset; None for anything else."""
    if not _MOMENT.match(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def from_json(field: Field, value: Any) -> Any:
    """The kept form of a JSON value; what has the wrong kind fails the parsing of the whole body."""
    if value is None or value == "":
        return None
    wrong = False
    kept = value
    if field.type in NUMBERS:
        wrong = not isinstance(value, int | float) or isinstance(value, bool)
        if field.type == "int":
            wrong = wrong or not float(value).is_integer()
        if not wrong:
            kept = int(value) if field.type in ("int", "long") else float(value)
    elif field.type == "boolean":
        wrong = not isinstance(value, bool)
    elif not isinstance(value, str):
        wrong = True
    elif field.type == "date":
        wrong, kept = not _is_date(value), value
    elif field.type == "datetime":
        moment = moment_of(value)
        wrong, kept = moment is None, None if moment is None else stamp(moment)
    if wrong:
        kind = SOAP_TYPES.get(field.type, "xsd:string").partition(":")[2].lower()
        raise Refusal(
            400,
            "JSON_PARSER_ERROR",
            f"Cannot deserialize instance of {kind} from {kind_of(value)} value {value}"
            " or request may be missing a required field at [line:1, column:1]",
        )
    return kept


def from_csv(field: Field, text: str, column: int) -> Any:
    """The kept form of a CSV cell that is neither empty nor #N/A."""
    kept: Any = text
    if field.type in NUMBERS:
        try:
            kept = float(text)
            if field.type in ("int", "long"):
                kept = int(text)
        except ValueError:
            kept = None
        if isinstance(kept, float) and not math.isfinite(kept):
            kept = None
    elif field.type == "boolean":
        kept = {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
    elif field.type == "date":
        kept = text if _is_date(text) else None
    elif field.type == "datetime":
        moment = moment_of(text)
        kept = None if moment is None else stamp(moment)
    if kept is None:
        kind = SOAP_TYPES.get(field.type, "xsd:string")
        raise BadRecord(
            "INVALID_FIELD",
            f"Failed to deserialize field at col {column}. Due to, '{text}' is not a valid value for the type {kind}",
            field.name,
        )
    return kept


def check(field: Field, label: str, value: Any) -> Any:
    """What a record's rules say of one value that is not null; the value as it will be kept."""
    if field.type in ("reference", "id"):
        kept = full_id(value)
        if kept is None:
            raise BadRecord("MALFORMED_ID", f"{label}: id value of incorrect type: {value}", field.name)
        return kept
    if isinstance(value, str) and field.length and len(value) > field.length:
        shown = value if len(value) <= 50 else value[:50] + "..."
        raise BadRecord(
            "STRING_TOO_LONG", f"{label}: data value too large: {shown} (max length={field.length})", field.name
        )
    if field.type == "email" and not _EMAIL.match(value):
        raise BadRecord("INVALID_EMAIL_ADDRESS", f"{label}: invalid email address: {value}", field.name)
    if field.restricted and value not in field.options:
        raise BadRecord(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{label}: bad value for restricted picklist field: {value}",
            field.name,
        )
    if field.precision and not isinstance(value, str) and abs(value) >= 10 ** (field.precision - field.scale):
        raise BadRecord("NUMBER_OUTSIDE_VALID_RANGE", f"{label}: value outside of valid range: {value}", field.name)
    return value


def java_number(value: float) -> str:
    """As Java writes a double: 1.1E9 from ten million on."""
    if isinstance(value, int):
        return str(value)
    size = abs(value)
    if size == 0 or 1e-3 <= size < 1e7:
        return repr(value)
    digits, _, exponent = f"{value:.17e}".partition("e")
    for places in range(17):
        shorter = f"{value:.{places}e}"
        if float(shorter) == value:
            digits, _, exponent = shorter.partition("e")
            break
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def csv_writer(field: Field) -> Callable[[Any], str] | None:
    """How a value that is not null is written between the quotes; None for text, which only doubles its own."""
    if field.type in NUMBERS:
        return java_number
    if field.type == "boolean":
        return _truth
    if field.type == "datetime":
        return _zulu
    return None


def retyped(field: Field, value: Any) -> Any:
    """A kept value after its field was given another type; what does not fit is lost."""
    if value is None:
        return None
    if field.textual and field.type not in ("date", "datetime"):
        return value if isinstance(value, str) else java_number(value) if not isinstance(value, bool) else str(value)
    try:
        return from_csv(field, str(value), 0)
    except BadRecord:
        return None


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _zulu(value: str) -> str:
    return value[:-5] + "Z"


def _is_date(text: str) -> bool:
    if not _DATE.match(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
