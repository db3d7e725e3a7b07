"""create_invoice, of the older dialect: names in small letters, in one order, and days in three parts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from backhaul.sandbox.sage_intacct.answers import CONTROL_ID, NO_RECORD, Failed, Fault, Outcome
from backhaul.sandbox.sage_intacct.company import CENT, Company
from backhaul.sandbox.sage_intacct.sessions import Session
from backhaul.sandbox.sage_intacct.xmlish import Element
from backhaul.sandbox.tables import Row

_HEAD = {
    "customerid": "CUSTOMERID", "datecreated": "WHENCREATED", "dateposted": "WHENPOSTED", "datedue": "WHENDUE",
    "termname": "TERMNAME", "batchkey": "", "action": "", "invoiceno": "RECORDID", "ponumber": "DOCNUMBER",
    "description": "DESCRIPTION", "externalid": "", "billto": "", "shipto": "", "basecurr": "BASECURR",
    "currency": "CURRENCY", "exchratedate": "EXCH_RATE_DATE", "exchratetype": "EXCH_RATE_TYPE_ID",
    "exchrate": "EXCHANGE_RATE", "nogl": "", "supdocid": "SUPDOCID", "customfields": "", "taxsolutionid": "",
    "invoiceitems": "",
}  # fmt: skip
_LINE = {
    "glaccountno": "ACCOUNTNO", "accountlabel": "", "offsetglaccountno": "OFFSETGLACCOUNTNO", "amount": "TRX_AMOUNT",
    "allocationid": "", "memo": "ENTRYDESCRIPTION", "locationid": "LOCATIONID", "departmentid": "DEPARTMENTID",
    "key": "", "totalpaid": "", "totaldue": "", "customfields": "", "revrectemplate": "", "defrevaccount": "",
    "revrecstartdate": "", "revrecenddate": "", "projectid": "PROJECTID", "customerid": "CUSTOMERID",
    "vendorid": "VENDORID", "employeeid": "EMPLOYEEID", "itemid": "ITEMID", "classid": "CLASSID", "warehouseid": "",
}  # fmt: skip
_DAYS = ("datecreated", "dateposted", "datedue", "exchratedate")


class Dialect:
    """Handlers of the functions of the older dialect."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def create_invoice(self, asked: Element, session: Session, told: Outcome) -> None:
        head = self._ordered(asked, _HEAD)
        customer = self._known("CUSTOMER", str(head.get("customerid", "")))
        if "datecreated" not in head:
            raise _wrong("datecreated is required")
        if not head.get("datedue") and not head.get("termname"):
            raise _wrong("datedue or termname is required")
        values = {_HEAD[name]: value for name, value in head.items() if _HEAD[name] and value not in (None, "")}
        action = str(head.get("action") or "Submit")
        if action not in ("Submit", "Draft"):
            raise _wrong(f"The action {action} is none of Draft, Submit")
        values |= {"STATE": "Draft" if action == "Draft" else "Posted", "RECORDTYPE": "ri", "MODULEKEY": "4.AR",
                   "RAWSTATE": "D" if action == "Draft" else "A", "CUSTOMERNAME": customer.values["NAME"]}  # fmt: skip
        values = {"CURRENCY": "USD", "BASECURR": "USD", "EXCHANGE_RATE": Decimal(1)} | values
        items = asked.find("invoiceitems")
        lines = [self._line(each, values) for each in (items if items is not None else ())]
        if not lines:
            raise _wrong("An invoice must have at least one line item")
        now, kind = self._company.clock.now(), self._company.kinds["ARINVOICE"]
        row = self._company.insert(kind, values, at=now)
        self._company.replace_lines(kind, row, lines, at=now)
        told.key = row.id

    def _line(self, element: Element, head: Mapping[str, Any]) -> dict[str, Any]:
        if element.tag != "lineitem":
            raise _invalid(f"invoiceitems holds {element.tag}")
        given = self._ordered(element, _LINE)
        line = {_LINE[name]: value for name, value in given.items() if _LINE[name] and value not in (None, "")}
        account = self._known("GLACCOUNT", str(line.get("ACCOUNTNO", "")))
        if "ITEMID" in line:
            self._known("ITEM", str(line["ITEMID"]))
        if "TRX_AMOUNT" not in line:
            raise _wrong("amount is required")
        return {
            **line, "ACCOUNTKEY": int(account.id), "ACCOUNTTITLE": account.values["TITLE"], "STATE": head["STATE"],
            "AMOUNT": (line["TRX_AMOUNT"] * head["EXCHANGE_RATE"]).quantize(CENT), "CURRENCY": head["CURRENCY"],
            "BASECURR": head["BASECURR"],
        }  # fmt: skip

    def _ordered(self, element: Element, names: Mapping[str, str]) -> dict[str, Any]:
        """The values by name. The dialect has an order, and no element out of it."""
        order = list(names)
        places = [order.index(each.tag) if each.tag in names else -1 for each in element]
        if -1 in places or places != sorted(set(places)):
            odd = next((each.tag for each, place in zip(element, places, strict=True) if place < 0), "an element")
            raise _invalid(f"{element.tag} does not take {odd} here")
        return {each.tag: self._value(each) for each in element if not len(each) or each.tag in _DAYS}

    def _value(self, element: Element) -> Any:
        text = (element.text or "").strip()
        try:
            if element.tag in _DAYS:
                if [each.tag for each in element] != ["year", "month", "day"]:
                    raise _invalid(f"{element.tag} holds year, month and day")
                return date(*(int((each.text or "").strip()) for each in element))
            if element.tag in ("amount", "exchrate") and text:
                amount = Decimal(text)
                return amount.quantize(CENT) if element.tag == "amount" else amount
        except (ValueError, InvalidOperation):
            raise _wrong(f"The value of {element.tag} is not valid") from None
        return text

    def _known(self, name: str, id: str) -> Row:
        row = self._company.named(self._company.kinds[name], id)
        if row is None:
            raise _wrong(f"The {name.lower()} {id} does not exist")
        return row


def _wrong(said: str) -> Failed:
    return Failed(Fault(NO_RECORD, said, "Invalid invoice"))


def _invalid(said: str) -> Failed:
    return Failed(Fault(CONTROL_ID, said, "Element content is not valid"))
