"""The objects of a company: their fields as `lookup` tells them, their own ids, and which lines they hold."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

KEY, CUSTOM_KEY = "RECORDNO", "id"
WORDS = {
    "int": "INTEGER", "text": "TEXT", "decimal": "DECIMAL", "money": "CURRENCY", "percent": "PERCENT",
    "bool": "BOOLEAN", "date": "DATE", "time": "TIMESTAMP",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One field. words: the only values that it takes."""

    name: str
    type: str
    label: str
    read_only: bool = False
    required: bool = False
    words: tuple[str, ...] = ()
    custom: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One object. id: the field that people know a record by. audit: what the audit trail calls a record by.

    lines: the object of its lines; wrapper: the element around them in writes. parent: of lines, the field that holds
    their header's key, and the header's object.
    """

    name: str
    label: str
    fields: dict[str, Field]
    id: str = ""
    audit: str = KEY
    lines: str = ""
    wrapper: str = ""
    parent: tuple[str, str] | None = None
    writes: frozenset[str] = field(default_factory=frozenset)
    custom: bool = False

    @property
    def key(self) -> str:
        return CUSTOM_KEY if self.custom else KEY if KEY in self.fields else "ID"

    @property
    def modified(self) -> str:
        return "updatedAt" if self.custom else "WHENMODIFIED"

    @property
    def created(self) -> str:
        """Of documents, WHENCREATED is the day of the document: when it was entered stands elsewhere."""
        if self.custom:
            return "createdAt"
        return "AUWHENCREATED" if "AUWHENCREATED" in self.fields else "WHENCREATED"


def fields_of(text: str) -> dict[str, Field]:
    """Of `NAME type flags`, one an entry, parted by semicolons: r read only, q required, or words with bars between."""
    found: dict[str, Field] = {}
    for entry in text.split(";"):
        if not entry.strip():
            continue
        name, kind, *flags = entry.split()
        words = tuple(kind.removeprefix("enum:").replace("_", " ").split("|")) if kind.startswith("enum:") else ()
        label = name.replace(".", " ").replace("_", " ").capitalize()
        found[name] = Field(
            name, "ENUM" if words else WORDS[kind], label, read_only="r" in flags, required="q" in flags, words=words
        )
    return found


_STATUS = "STATUS enum:active|inactive;"
_STAMPS = "WHENCREATED time r; WHENMODIFIED time r; CREATEDBY int r; MODIFIEDBY int r;"
_ENTERED = "AUWHENCREATED time r; WHENMODIFIED time r; CREATEDBY int r; MODIFIEDBY int r;"
_RATE = "BASECURR text; CURRENCY text; EXCH_RATE_DATE date; EXCH_RATE_TYPE_ID text; EXCHANGE_RATE decimal;"
_TOTALS = (
    "TOTALENTERED money r; TOTALPAID money r; TOTALDUE money r; TRX_TOTALENTERED money r; TRX_TOTALPAID money r; "
    "TRX_TOTALDUE money r;"
)
_DIMENSIONS = "DEPARTMENTID text; LOCATIONID text; PROJECTID text; CLASSID text; ITEMID text; EMPLOYEEID text;"
_ADDRESS = ["ADDRESS1", "ADDRESS2", "CITY", "STATE", "ZIP", "COUNTRY", "COUNTRYCODE"]


def _contact(path: str, required: str = "") -> str:
    """Fields of a contact that stands within another record."""
    plain = ("CONTACTNAME", "PRINTAS", "COMPANYNAME", "FIRSTNAME", "LASTNAME", "PHONE1", "CELLPHONE", "EMAIL1", "URL1")
    texts = [f"{path}{name} text{' q' if name == required else ''}" for name in plain]
    return "; ".join([*texts, *(f"{path}MAILADDRESS.{name} text" for name in _ADDRESS)]) + ";"


def _record(name: str, label: str, text: str, **more: object) -> Kind:
    return Kind(name, label, fields_of(f"RECORDNO int r; {text}"), **more)  # type: ignore[arg-type]


_ALL = frozenset({"create", "update", "delete"})
_PARTY = (
    "NAME text q; {} TERMNAME text; TAXID text; CREDITLIMIT money; ONHOLD bool; COMMENTS text; CURRENCY text; "
    "PARENTKEY int r; PARENTID text; PARENTNAME text r; TOTALDUE money r; OBJECTRESTRICTION text;"
)
_LINE = (
    "RECORDKEY int r; LINE_NO int r; ACCOUNTKEY int r; ACCOUNTNO text; ACCOUNTTITLE text r; OFFSETGLACCOUNTNO text; "
    "AMOUNT money; TRX_AMOUNT money; CURRENCY text; BASECURR text; EXCHANGE_RATE decimal; ENTRYDESCRIPTION text; "
    "ENTRY_DATE date; STATE text r; " + _DIMENSIONS + " CUSTOMERID text; VENDORID text; " + _STAMPS
)
_DETAIL = (
    "PAYMENTKEY int r; RECORDKEY int; ENTRYKEY int; PAYMENTAMOUNT money r; TRX_PAYMENTAMOUNT money; CURRENCY text; "
    "PAYMENTDATE date r; STATE text r; " + _STAMPS
)
_PAYMENT = (
    "RECORDID text r; STATE text r; FINANCIALENTITY text q; PAYMENTMETHOD text q; DOCNUMBER text; DESCRIPTION text; "
    "{} PAYMENTDATE date q; WHENPAID date r; " + _RATE + _TOTALS + _ENTERED
)


def _document(party: str) -> str:
    return (
        f"RECORDID text; RECORDTYPE text r; STATE text r; RAWSTATE text r; MODULEKEY text r; {party}ID text q; "
        f"{party}NAME text r; DOCNUMBER text; DESCRIPTION text; TERMNAME text; WHENCREATED date q; WHENPOSTED date; "
        "WHENDUE date q; WHENPAID date r; ONHOLD bool; SUPDOCID text; PRBATCH text; " + _RATE + _TOTALS + _ENTERED
    )


KINDS: dict[str, Kind] = {
    each.name: each
    for each in (
        _record(
            "CUSTOMER", "Customer",
            "CUSTOMERID text q;" + _PARTY.format("CUSTTYPE text; CUSTREPID text; TERRITORYID text;") + _STATUS
            + _contact("DISPLAYCONTACT.", "PRINTAS") + _STAMPS,
            id="CUSTOMERID", audit="CUSTOMERID", writes=_ALL,
        ),
        _record(
            "VENDOR", "Vendor",
            "VENDORID text q;" + _PARTY.format("VENDTYPE text; VENDORACCOUNTNO text; PAYMENTPRIORITY text;") + _STATUS
            + _contact("DISPLAYCONTACT.", "PRINTAS") + _STAMPS,
            id="VENDORID", audit="VENDORID", writes=_ALL,
        ),
        _record(
            "CONTACT", "Contact",
            "CONTACTNAME text q; PRINTAS text q; COMPANYNAME text; PREFIX text; FIRSTNAME text; LASTNAME text; "
            "INITIAL text; PHONE1 text; PHONE2 text; CELLPHONE text; FAX text; EMAIL1 text; EMAIL2 text; URL1 text; "
            "TAXABLE bool; " + _STATUS + " ".join(f"MAILADDRESS.{name} text;" for name in _ADDRESS) + _STAMPS,
            id="CONTACTNAME", audit="CONTACTNAME", writes=_ALL,
        ),
        _record(
            "EMPLOYEE", "Employee",
            "EMPLOYEEID text q; TITLE text; LOCATIONID text; DEPARTMENTID text; SUPERVISORID text; STARTDATE date; "
            "ENDDATE date; EMPLOYEETYPE text; PERSONALINFO.CONTACTNAME text q; CONTACTKEY int r; " + _STATUS + _STAMPS,
            id="EMPLOYEEID", audit="EMPLOYEEID", writes=_ALL,
        ),
        _record(
            "ITEM", "Item",
            "ITEMID text q; NAME text q; ITEMTYPE enum:Inventory|Non-Inventory|Non-Inventory_(Purchase_only)|"
            "Non-Inventory_(Sales_only)|Kit|Stockable_Kit q; EXTENDED_DESCRIPTION text; PRODUCTLINEID text; "
            "GLGROUP text; BASEPRICE money; STANDARD_COST money; TAXABLE bool; UPC text; UOMGRP text; "
            + _STATUS + _STAMPS,
            id="ITEMID", audit="ITEMID", writes=_ALL,
        ),
        _record(
            "PROJECT", "Project",
            "PROJECTID text q; NAME text q; DESCRIPTION text; PROJECTCATEGORY text q; PROJECTSTATUS text; "
            "CURRENCY text; CUSTOMERKEY int r; CUSTOMERID text; CUSTOMERNAME text r; MANAGERID text; BEGINDATE date; "
            "ENDDATE date; BUDGETAMOUNT money; DEPARTMENTID text; LOCATIONID text; PARENTID text; "
            + _STATUS + _STAMPS,
            id="PROJECTID", audit="PROJECTID", writes=_ALL,
        ),
        _record(
            "DEPARTMENT", "Department",
            "DEPARTMENTID text q; TITLE text q; PARENTID text; SUPERVISORID text; CUSTTITLE text; " + _STATUS + _STAMPS,
            id="DEPARTMENTID", audit="DEPARTMENTID", writes=_ALL,
        ),
        _record(
            "LOCATION", "Location",
            "LOCATIONID text q; NAME text q; PARENTID text; SUPERVISORID text; CURRENCY text; " + _STATUS + _STAMPS,
            id="LOCATIONID", audit="LOCATIONID", writes=_ALL,
        ),
        _record(
            "CLASS", "Class", "CLASSID text q; NAME text q; DESCRIPTION text; PARENTID text; " + _STATUS + _STAMPS,
            id="CLASSID", audit="CLASSID", writes=_ALL,
        ),
        _record(
            "GLACCOUNT", "GL account",
            "ACCOUNTNO text q; TITLE text q; ACCOUNTTYPE enum:balancesheet|incomestatement q; "
            "NORMALBALANCE enum:debit|credit q; "
            "CLOSINGTYPE enum:non-closing_account|closing_account|closed_to_account; "
            "CATEGORY text; ALTERNATIVEACCOUNT text; TAXABLE bool; SUBLEDGERCONTROLON bool; " + _STATUS + _STAMPS,
            id="ACCOUNTNO", audit="ACCOUNTNO", writes=_ALL,
        ),
        _record(
            "ARINVOICE", "AR invoice", _document("CUSTOMER"), lines="ARINVOICEITEM", writes=frozenset({"delete"}),
        ),
        _record("ARINVOICEITEM", "AR invoice detail", _LINE, parent=("RECORDKEY", "ARINVOICE")),
        _record(
            "ARADJUSTMENT", "AR adjustment", _document("CUSTOMER"), lines="ARADJUSTMENTITEM",
            writes=frozenset({"delete"}),
        ),
        _record("ARADJUSTMENTITEM", "AR adjustment detail", _LINE, parent=("RECORDKEY", "ARADJUSTMENT")),
        _record(
            "ARPYMT", "AR payment", "CUSTOMERID text; CUSTOMERNAME text r;" + _PAYMENT.format("RECEIPTDATE date q;"),
            lines="ARPYMTDETAIL", wrapper="ARPYMTDETAILS", writes=frozenset({"create", "delete"}),
        ),
        _record("ARPYMTDETAIL", "AR payment detail", _DETAIL, parent=("PAYMENTKEY", "ARPYMT")),
        _record(
            "APBILL", "AP bill", _document("VENDOR"), lines="APBILLITEM", wrapper="APBILLITEMS", writes=_ALL,
        ),
        _record("APBILLITEM", "AP bill detail", _LINE, parent=("RECORDKEY", "APBILL")),
        _record(
            "APPYMT", "AP payment", "VENDORID text; VENDORNAME text r;" + _PAYMENT.format(""),
            lines="APPYMTDETAIL", wrapper="APPYMTDETAILS", writes=frozenset({"create", "delete"}),
        ),
        _record("APPYMTDETAIL", "AP payment detail", _DETAIL, parent=("PAYMENTKEY", "APPYMT")),
        _record(
            "SODOCUMENT", "Order entry transaction",
            "DOCNO text r; DOCID text r; DOCPARID text r; DOCPARCLASS text r; STATE text r; CUSTVENDID text r; "
            "CUSTVENDNAME text r; CUSTREC int r; PONUMBER text r; WHENDUE date r; PRRECORDKEY int r; MESSAGE text r; "
            "SUBTOTAL money r; TOTAL money r; TRX_SUBTOTAL money r; TRX_TOTAL money r; EXCHRATE decimal r; "
            "BASECURR text r; CURRENCY text r; PRINTED text r; WHENCREATED date r; " + _ENTERED,
            lines="SODOCUMENTENTRY",
        ),
        _record(
            "SODOCUMENTENTRY", "Order entry transaction detail",
            "DOCHDRNO int r; DOCHDRID text r; LINE_NO int r; ITEMID text r; ITEMDESC text r; MEMO text r; "
            "QUANTITY decimal r; UNIT text r; PRICE decimal r; TRX_PRICE decimal r; TOTAL money r; TRX_VALUE money r; "
            "CURRENCY text r; DEPARTMENTID text r; LOCATIONID text r; PROJECTID text r; " + _STAMPS,
            parent=("DOCHDRNO", "SODOCUMENT"),
        ),
        _record(
            "GLBATCH", "GL transaction",
            "BATCHNO int r; BATCH_TITLE text q; JOURNAL text q; BATCH_DATE date q; REVERSEDATE date; MODULE text r; "
            "REFERENCENO text; STATE text r; ADJ bool r; HISTORY_COMMENT text; BASELOCATION_NO text; " + _STAMPS,
            lines="GLENTRY", wrapper="ENTRIES", writes=_ALL,
        ),
        _record(
            "GLENTRY", "GL transaction detail",
            "BATCHNO int r; LINE_NO int r; ENTRY_DATE date r; TR_TYPE int q; ACCOUNTKEY int r; ACCOUNTNO text q; "
            "ACCOUNTTITLE text r; AMOUNT money q; TRX_AMOUNT money; CURRENCY text; BASECURR text r; "
            "EXCHANGE_RATE decimal; DOCUMENT text; DESCRIPTION text; STATE text r; LOCATION text; DEPARTMENT text; "
            "PROJECTID text; CUSTOMERID text; VENDORID text; EMPLOYEEID text; ITEMID text; CLASSID text; " + _STAMPS,
            parent=("BATCHNO", "GLBATCH"),
        ),
        Kind(
            "AUDITHISTORY", "Audit history",
            fields_of("ID text r; OBJECTTYPE text r; OBJECTKEY text r; USERID text r; ACCESSTIME time r; "
                      "ACCESSMODE text r; WORKFLOWACTION text r; IPADDRESS text r; SOURCE text r"),
        ),
        Kind(
            "MCA_subscription", "Subscription",
            fields_of("id int r; name text q; plan text; seats int; monthly_amount money; starts_on date; "
                      "is_trial bool; RCUSTOMER int; createdAt time r; createdBy int r; updatedAt time r; "
                      "updatedBy int r"),
            audit="id", writes=_ALL, custom=True,
        ),
    )
}  # fmt: skip


def custom_field(name: str, type: str = "text", label: str = "", words: tuple[str, ...] = ()) -> Field:
    made = fields_of(f"{name} {'text' if words else type}")[name]
    return replace(made, label=label or made.label, custom=True, words=words, type="ENUM" if words else made.type)
