"""The account's schema: standard tables and records, the custom fields and the custom record of this customer."""

from __future__ import annotations

from backhaul.sandbox.netsuite.catalog import (
    CHANGED,
    CREATED,
    EXTERNAL,
    ID,
    INACTIVE,
    Field,
    RecordType,
    TableType,
    choice,
    day,
    hidden,
    money,
    own,
    ref,
    stamp,
    text,
    yes,
)  # fmt: skip

SUBSCRIPTION = "customrecord_subscription"
# Transaction type code -> record, what its numbers begin with, and its status letters.
TRANSACTIONS: dict[str, tuple[str, str, dict[str, str]]] = {
    "CustInvc": ("invoice", "INV", {"A": "Open", "B": "Paid In Full", "V": "Voided"}),
    "SalesOrd": ("salesOrder", "SO", {"A": "Pending Approval", "B": "Pending Fulfillment", "F": "Pending Billing",
                                      "G": "Billed", "H": "Closed", "C": "Cancelled"}),
    "CustPymt": ("customerPayment", "PYMT", {"B": "Not Deposited", "C": "Deposited", "V": "Voided"}),
    "CustCred": ("creditMemo", "CM", {"A": "Open", "B": "Fully Applied", "V": "Voided"}),
    "VendBill": ("vendorBill", "BILL", {"A": "Open", "B": "Paid In Full", "V": "Voided"}),
    "PurchOrd": ("purchaseOrder", "PO", {"A": "Pending Supervisor Approval", "B": "Pending Receipt",
    "G": "Fully Billed",
                                         "H": "Closed"}),
    "VendCred": ("vendorCredit", "VCRED", {"A": "Open", "B": "Fully Applied", "V": "Voided"}),
    "VendPymt": ("vendorPayment", "VPYMT", {"B": "Sent", "V": "Voided"}),
    "Journal": ("journalEntry", "JE", {"A": "Pending Approval", "B": "Approved for Posting"}),
}  # fmt: skip
# These have no items: they are applied to other transactions.
PAYMENTS = frozenset({"CustPymt", "VendPymt"})
TIERS = (("1", "Gold"), ("2", "Silver"), ("3", "Bronze"))
RECORD_NUMBERS = {"customer": -2, "vendor": -3, "employee": -4, "contact": -6, "inventoryItem": -10,
                  "serviceSaleItem": -10, "account": -112, "subsidiary": -117, "department": -102, "location": -103,
                  "classification": -101, "currency": -122, "term": -199, "accountingPeriod": -105}  # fmt: skip


def _sub(name: str, title: str, *fields: Field) -> Field:
    return Field(name, "sublist", title, queryable=False, fields=fields)


def _computed(name: str, title: str) -> Field:
    """In the catalog, but SuiteQL does not know it."""
    return Field(name, "decimal", title, read_only=True, queryable=False)


ADDRESS_BOOK = _sub("addressBook", "Address Book", text("label", "Label"), yes("defaultBilling", "Default Billing"))
DEFAULT_ADDRESS = Field("defaultAddress", "text", "Default Address", read_only=True, queryable=False)
LINE_FIELDS = (
    Field("line", "integer", "Line", read_only=True),
    ref("item", "Item", "item", required=True),
    text("description", "Description"),
    Field("quantity", "float", "Quantity"),
    Field("rate", "float", "Rate"),
    money("amount", "Amount"),
    ref("department", "Department", "department"),
    ref("class", "Class", "classification"),
    ref("location", "Location", "location"),
    own("custcol_contract_start", "date", "Contract Start"),
    own("custcol_discount_reason", "text", "Discount Reason"),
)
JOURNAL_LINE = (
    Field("line", "integer", "Line", read_only=True),
    ref("account", "Account", "account", required=True),
    money("debit", "Debit"),
    money("credit", "Credit"),
    text("memo", "Memo"),
    ref("department", "Department", "department"),
)
APPLY_LINE = (ref("doc", "Applied To", "transaction", required=True), yes("apply", "Apply"), money("amount", "Payment"))


def tables() -> dict[str, TableType]:
    """Every SuiteQL table by name."""
    statuses = tuple(
        (f"{code}:{letter}", f"{title}")
        for code, (_, _, letters) in TRANSACTIONS.items()
        for letter, title in letters.items()
    )
    shapes: dict[str, tuple[Field, ...]] = {
        "customer": (
            ID, text("entityId", "Customer ID"), text("altName", "Name"), text("companyName", "Company Name"),
            yes("isPerson", "Individual"), text("firstName", "First Name"), text("lastName", "Last Name"),
            text("email", "Email"), text("phone", "Phone"), text("url", "Web Address"),
            ref("subsidiary", "Primary Subsidiary", "subsidiary", required=True), ref("currency", "Currency",
            "currency"),
            choice("entityStatus", "Status", ("6", "LEAD-Unqualified"), ("8", "PROSPECT-In Discussion"),
                   ("13", "CUSTOMER-Closed Won"), ("16", "CUSTOMER-Lost Customer")),
            ref("salesRep", "Sales Rep", "employee"), ref("parent", "Child Of", "customer"), ref("terms", "Terms",
            "term"),
            money("creditLimit", "Credit Limit"), text("vatRegNumber", "Tax Reg. Number"), text("comments",
            "Comments"),
            choice("searchStage", "Stage", ("Lead", "Lead"), ("Prospect", "Prospect"), ("Customer", "Customer"),
            read_only=True),
            INACTIVE, CREATED, CHANGED, EXTERNAL,
            own("custentity_arr", "decimal", "ARR"),
            choice("custentity_tier", "Tier", *TIERS, custom=True),
            own("custentity_health_score", "integer", "Health Score"),
            own("custentity_renewal_date", "date", "Renewal Date"),
        ),
        "contact": (
            ID, text("entityId", "Name"), text("firstName", "First Name", required=True), text("lastName",
            "Last Name"),
            text("email", "Email"), text("phone", "Phone"), text("title", "Job Title"), ref("company", "Company",
            "customer"),
            ref("subsidiary", "Subsidiary", "subsidiary", required=True), INACTIVE, CREATED, CHANGED, EXTERNAL,
        ),
        "vendor": (
            ID, text("entityId", "Vendor ID"), text("altName", "Name"), text("url", "Web Address"),
            text("vatRegNumber", "Tax Reg. Number"), text("companyName", "Company Name"), yes("isPerson",
            "Individual"),
            text("firstName", "First Name"), text("lastName", "Last Name"), text("email", "Email"), text("phone",
            "Phone"),
            ref("subsidiary", "Primary Subsidiary", "subsidiary", required=True), ref("currency", "Currency",
            "currency"),
            ref("terms", "Terms", "term"), INACTIVE, CREATED, CHANGED, EXTERNAL,
        ),
        "employee": (
            ID, text("entityId", "Employee ID"), text("firstName", "First Name", required=True),
            text("lastName", "Last Name", required=True), text("email", "Email"), text("phone", "Phone"),
            text("title", "Job Title"), ref("supervisor", "Supervisor", "employee"), ref("department", "Department",
            "department"),
            ref("location", "Location", "location"), ref("subsidiary", "Subsidiary", "subsidiary", required=True),
            yes("isSalesRep", "Sales Rep"), day("hireDate", "Hire Date"), INACTIVE, CREATED, CHANGED, EXTERNAL,
        ),
        "item": (
            ID, text("itemId", "Item Name/Number", required=True), text("displayName", "Display Name"),
            text("fullName", "Full Name", read_only=True),
            choice("itemType", "Type", ("InvtPart", "Inventory Item"), ("Service", "Service"), read_only=True),
            text("description", "Sales Description"), money("basePrice", "Base Price"), ref("class", "Class",
            "classification"),
            ref("incomeAccount", "Income Account", "account"), INACTIVE, stamp("createdDate", "Date Created"),
            CHANGED, EXTERNAL,
            own("custitem_series", "text", "Series"),
        ),
        "subsidiary": (
            ID, text("name", "Name"), text("fullName", "Full Name"), text("country", "Country"),
            ref("currency", "Currency", "currency"), ref("parent", "Subsidiary Of", "subsidiary"),
            yes("isElimination", "Elimination"), INACTIVE, CHANGED,
        ),
        "currency": (
            ID, text("name", "Name"), text("symbol", "ISO Code"), Field("exchangeRate", "float", "Exchange Rate"),
            yes("isBaseCurrency", "Base Currency"), Field("currencyPrecision", "integer", "Precision"), INACTIVE,
            CHANGED,
        ),
        "account": (
            ID, text("acctNumber", "Number"), hidden("accountSearchDisplayName", "text", "Display Name"),
            text("acctName", "Name", required=True), text("fullName", "Full Name", read_only=True),
            choice("acctType", "Type", ("Bank", "Bank"), ("AcctRec", "Accounts Receivable"), ("AcctPay",
            "Accounts Payable"),
                   ("Income", "Income"), ("Expense", "Expense"), ("COGS", "Cost of Goods Sold")),
            ref("parent", "Subaccount Of", "account"), ref("currency", "Currency", "currency"), INACTIVE, CHANGED,
            EXTERNAL,
        ),
        "department": _grouping("Department", "department"),
        "location": _grouping("Location", "location"),
        "classification": _grouping("Class", "classification"),
        "term": (ID, text("name", "Terms", required=True), Field("daysUntilNetDue", "integer", "Days Till Net Due"),
        INACTIVE),
        "accountingperiod": (
            ID, text("periodName", "Period Name"), day("startDate", "Start Date"), day("endDate", "End Date"),
            yes("isYear", "Year"), yes("isQuarter", "Quarter"), yes("isAdjust", "Adjustment"), yes("closed", "Closed"),
            ref("parent", "Sub-Period Of", "accountingperiod"), INACTIVE, CHANGED,
        ),
        "transaction": (
            ID, Field("type", "enum", "Type", read_only=True, catalogued=False,
                      options=tuple((code, name) for code, (name, _, _) in TRANSACTIONS.items())),
            hidden("recordType", "text"), text("tranId", "Document Number"), day("tranDate", "Date"), day("dueDate",
            "Due Date"),
            ref("entity", "Name", "entity"), Field("status", "enum", "Status", read_only=True, options=statuses),
            ref("currency", "Currency", "currency"), Field("exchangeRate", "float", "Exchange Rate"),
            ref("subsidiary", "Subsidiary", "subsidiary", read_only=True), ref("terms", "Terms", "term"),
            ref("employee", "Sales Rep", "employee"), ref("postingPeriod", "Posting Period", "accountingperiod"),
            text("memo", "Memo"), text("otherRefNum", "PO #"), yes("posting", "Posting", read_only=True),
            yes("voided", "Voided", read_only=True), money("foreignTotal", "Total (Currency)", read_only=True),
            money("total", "Total", read_only=True), money("foreignAmountPaid", "Amount Paid", read_only=True),
            money("foreignAmountUnpaid", "Amount Unpaid", read_only=True), ref("createdFrom", "Created From",
            "transaction"),
            money("foreignPaymentAmountUnused", "Amount Not Applied", read_only=True),
            day("closeDate", "Date Closed", read_only=True), day("shipDate", "Ship Date"),
            stamp("createdDate", "Date Created"), CHANGED, EXTERNAL, own("custbody_po_ref", "text", "PO Reference"),
        ),
        "transactionline": (
            hidden("transaction", "reference"), ID, hidden("uniqueKey", "integer"), hidden("lineSequenceNumber",
            "integer"),
            hidden("mainLine", "boolean"), hidden("taxLine", "boolean"), hidden("isCogs", "boolean"), ref("item",
            "Item", "item"), text("memo",
            "Memo"),
            Field("quantity", "float"), Field("rate", "float"), money("foreignAmount", "Amount (Currency)"),
            money("netAmount", "Amount"), ref("expenseAccount", "Account", "account"), ref("entity", "Name", "entity"),
            ref("department", "Department", "department"), ref("class", "Class", "classification"),
            ref("location", "Location", "location"), ref("subsidiary", "Subsidiary", "subsidiary"),
            ref("createdFrom", "Created From", "transaction"), hidden("isClosed", "boolean"),
            hidden("lineLastModifiedDate", "timestamp"), own("custcol_contract_start", "date", "Contract Start"),
            own("custcol_discount_reason", "text", "Discount Reason"),
        ),
        "transactionaccountingline": (
            hidden("transaction", "reference"), hidden("transactionLine", "integer"), hidden("accountingBook",
            "reference"),
            Field("account", "reference", to="account", catalogued=False), hidden("amount", "decimal"),
            hidden("debit", "decimal"),
            hidden("credit", "decimal"), hidden("posting", "boolean"),
        ),
        **{table: tuple(hidden(name, kind) for name, kind in _LINKS) for table in _LINK_TABLES},
        "deletedrecord": (
            hidden("recordId", "integer"), hidden("recordTypeId", "text"), hidden("scriptId", "text"), hidden("name",
            "text"),
            hidden("deletedDate", "timestamp"), hidden("deletedBy", "reference"),
        ),
        "customfield": (
            hidden("internalId", "integer"), hidden("scriptId", "text"), hidden("name", "text"), hidden("fieldType",
            "text"),
            hidden("fieldValueType", "text"), hidden("recordType", "text"),
        ),
        SUBSCRIPTION: (
            ID, text("name", "Name"), INACTIVE, stamp("created", "Created"), stamp("lastModified", "Last Modified"),
            EXTERNAL,
            own("custrecord_sub_customer", "reference", "Customer", to="customer"), own("custrecord_sub_plan", "text",
            "Plan"),
            own("custrecord_sub_mrr", "decimal", "MRR"), own("custrecord_sub_seats", "integer", "Seats"),
            own("custrecord_sub_start", "date", "Start"), own("custrecord_sub_auto_renew", "boolean",
            "Renews by Itself"),
        ),
    }  # fmt: skip
    return {name: table_type(name, fields) for name, fields in shapes.items()}


_LINK_TABLES = ("nexttransactionlinelink", "previoustransactionlinelink")
_LINKS = (("previousDoc", "reference"), ("previousLine", "integer"), ("previousType", "text"), ("nextDoc",
"reference"),
          ("nextLine", "integer"), ("nextType", "text"), ("linkType", "text"), ("foreignAmount",
          "decimal"))  # fmt: skip


def _grouping(title: str, table: str) -> tuple[Field, ...]:
    return (ID, text("name", title, required=True), text("fullName", "Full Name", read_only=True),
            ref("parent", "Parent", table), INACTIVE, CHANGED, EXTERNAL)  # fmt: skip


def table_type(name: str, fields: tuple[Field, ...]) -> TableType:
    """A table; which of its columns hold its times follows from their names."""
    columns = {field.column: field for field in fields}
    changed = next((c for c in ("lastmodifieddate", "linelastmodifieddate", "lastmodified") if c in columns), None)
    created = next((c for c in ("datecreated", "createddate", "created") if c in columns), None)
    return TableType(name, columns, changed, created)


def records(tables: dict[str, TableType]) -> dict[str, RecordType]:
    """Every record type of the record service by name."""
    named = ("companyName", "lastName")
    found = [
        RecordType("customer", tables["customer"], named_by=named, extra=(
            _computed("balance", "Balance"), _computed("overdueBalance", "Overdue Balance"), DEFAULT_ADDRESS,
            ADDRESS_BOOK)),
        RecordType("contact", tables["contact"], extra=(ADDRESS_BOOK,)),
        RecordType("vendor", tables["vendor"], named_by=named, extra=(_computed("balance", "Balance"), ADDRESS_BOOK)),
        RecordType("employee", tables["employee"], extra=(ADDRESS_BOOK,)),
        *(
            RecordType(name, tables["item"], ("itemtype", code), extra=(_sub("price", "Pricing", text("currencyPage",
            "Currency")),))
            for name, code in (("inventoryItem", "InvtPart"), ("serviceSaleItem", "Service"))
        ),
        *(RecordType(name, tables[name]) for name in ("account", "department", "location", "classification", "term")),
        *(RecordType(name, tables[name], writable=False) for name in ("subsidiary", "currency")),
        RecordType("accountingPeriod", tables["accountingperiod"], writable=False),
        RecordType(SUBSCRIPTION, tables[SUBSCRIPTION]),
    ]  # fmt: skip
    for code, (name, _, _) in TRANSACTIONS.items():
        sublist = _sub("line", "Lines", *JOURNAL_LINE) if code == "Journal" else _sub("item", "Items", *LINE_FIELDS)
        if code in PAYMENTS:
            sublist = _sub("apply", "Apply", *APPLY_LINE)
        address = Field("billingAddress", "object", "Billing Address", read_only=True, queryable=False)
        extra = (sublist, _computed("subTotal", "Subtotal"), address)
        found.append(RecordType(name, tables["transaction"], ("type", code), extra))
    for number, record in enumerate(found):
        record.number = RECORD_NUMBERS.get(record.name, -30 if record.code else 100 + number)
    return {record.name: record for record in found}


FIELD_TYPES = {"text": "Free-Form Text", "integer": "Integer Number", "decimal": "Currency", "float": "Decimal Number",
               "boolean": "Check Box", "date": "Date", "timestamp": "Date/Time", "reference": "List/Record",
               "enum": "List/Record"}  # fmt: skip
VALUE_TYPES = {"text": "STRING", "integer": "INTEGER", "decimal": "FLOAT", "float": "FLOAT", "boolean": "BOOLEAN",
               "date": "DATE", "timestamp": "DATETIME", "reference": "SELECT", "enum": "SELECT"}  # fmt: skip
