"""Intacct's answers: control, authentication and one result a function; errors at each of the three levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.responses import Response

from backhaul.sandbox.sage_intacct.xmlish import Markup, tag

CONTROL_ID = "XL03000003"
SIGN_IN = "XL03000006"
ROLLED_BACK = "XL03000009"
NO_QUERY = "Query Failed"
NO_READ = "DL02000001"
NO_RECORD = "BL01001973"
DOUBLE = "BL34000061"
TOO_MANY = "GW-0010"


@dataclass(frozen=True, slots=True)
class Fault:
    """One error, in the vendor's four parts."""

    number: str
    said: str
    about: str = ""
    correction: str = ""

    def written(self) -> Markup:
        return tag(
            "error", tag("errorno", self.number), tag("description", self.about), tag("description2", self.said),
            tag("correction", self.correction),
        )  # fmt: skip


class Failed(Exception):
    """A function failed; the others are tried."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(fault.said for fault in faults))
        self.faults = faults


class Turned(Exception):
    """The request as a whole was turned away before any function ran. at: which part of the answer tells."""

    def __init__(self, fault: Fault, at: str = "control") -> None:
        super().__init__(fault.said)
        self.fault = fault
        self.at = at


@dataclass(frozen=True, slots=True)
class Control:
    """What the control block of a request said, and its answer repeats."""

    sender: str = ""
    id: str = ""
    unique: str = "false"

    def written(self, status: str) -> Markup:
        return tag(
            "control", tag("status", status), tag("senderid", self.sender), tag("controlid", self.id),
            tag("uniqueid", self.unique), tag("dtdversion", "3.0"),
        )  # fmt: skip


@dataclass(slots=True)
class Outcome:
    """What became of one function. rows: how many records its data holds."""

    function: str
    id: str
    status: str = "success"
    data: Markup | None = None
    rows: int = 0
    key: str = ""
    faults: Sequence[Fault] = field(default_factory=tuple)

    def written(self) -> Markup:
        parts = [tag("status", self.status), tag("function", self.function), tag("controlid", self.id)]
        if self.key:
            parts.append(tag("key", self.key))
        if self.data is not None:
            parts.append(self.data)
        if self.faults:
            parts.append(errors(self.faults))
        return tag("result", *parts)


def errors(faults: Sequence[Fault]) -> Markup:
    return tag("errormessage", *(fault.written() for fault in faults))


def reply(*content: Markup, status: int = 200) -> Response:
    body = '<?xml version="1.0" encoding="UTF-8"?>\n' + tag("response", *content)
    return Response(body, status, media_type="text/xml; charset=UTF-8")


def turned_away(control: Control, turned: Turned, status: int = 200) -> Response:
    told = errors([turned.fault])
    if turned.at == "control":
        return reply(control.written("failure"), told, status=status)
    authentication = tag("authentication", tag("status", "failure"), tag("userid"), tag("companyid"))
    return reply(control.written("success"), tag("operation", authentication, told), status=status)
