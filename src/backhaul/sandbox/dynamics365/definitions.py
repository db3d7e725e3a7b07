"""The tables of the organization: those of Sales and Customer Service, and some that the customer made."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from backhaul.sandbox.dynamics365.columns import CHOICES, Column, columns

Options = tuple[tuple[int, str], ...]

ACTIVE: Options = ((0, "Active"), (1, "Inactive"))
_STATE = "statecode:state statuscode:status"
_TIMES = "createdon:time- modifiedon:time- versionnumber:big-"
_OWNED = "ownerid:owner(systemuser,team) owninguser:lookup(systemuser)- owningteam:lookup(team)-"
_MERGED = "merged:bool- masterid:lookup({})-"
_PARTIES = "account,contact,lead,opportunity,incident,salesorder,invoice,quote"
_CUSTOMER = "customerid:customer(account,contact)! accountid:lookup(account)- contactid:lookup(contact)-"
_ACTIVITY = (
    "subject:string! description:memo activitytypecode:entity- directioncode:bool scheduledstart:time scheduledend:time"
    " actualstart:time actualend:time prioritycode:pick "
    f"regardingobjectid:lookup({_PARTIES})"
)
_DOCUMENT = (
    f"name:string! {_CUSTOMER} opportunityid:lookup(opportunity) totalamount:money-"
    " totalamount_base:money- totaltax:money- freightamount:money description:memo exchangerate:decimal-"
    " transactioncurrencyid:lookup(transactioncurrency)"
)
_DETAIL = (
    "productid:lookup(product) productdescription:string description:memo lineitemnumber:int quantity:decimal!"
    " priceperunit:money manualdiscountamount:money baseamount:money- extendedamount:money- "
    "extendedamount_base:money- exchangerate:decimal- tax:money"
    " isproductoverridden:bool transactioncurrencyid:lookup(transactioncurrency)"
)
_PRIORITY: Options = ((0, "Low"), (1, "Normal"), (2, "High"))
_SOURCES: Options = ((1, "Advertisement"), (3, "External Referral"), (8, "Web"), (10, "Other"))


@dataclass(slots=True)
class TableDefinition:
    """One table. keys: alternate keys of one column. bulk: whether it takes CreateMultiple and the like."""

    name: str
    set: str
    label: str
    primary_name: str
    columns: dict[str, Column]
    key: str = ""
    custom: bool = False
    kind: str = "Standard"
    tracked: bool = True
    bulk: bool = True
    keys: dict[str, str] = field(default_factory=dict)
    duplicates: tuple[str, ...] = ()
    """Columns whose value a rule of duplicates looks at."""

    def reads(self) -> dict[str, Column]:
        """What may be selected, by the name that it is read under."""
        return {each.read_as: each for each in self.columns.values() if each.readable and each.kind != "virtual"}


def _table(
    name: str,
    set: str,
    primary: str,
    text: str,
    *,
    options: dict[str, Options] | None = None,
    owned: bool = True,
    state: bool = True,
    stamped: bool = True,
    custom: bool = False,
    kind: str = "Standard",
    tracked: bool = True,
    bulk: bool = True,
    key: str = "",
    keys: dict[str, str] | None = None,
    duplicates: tuple[str, ...] = (),
) -> TableDefinition:
    key = key or f"{name}id"
    choices = {"statecode": ACTIVE, "statuscode": ((1, "Active"), (2, "Inactive")), **(options or {})}
    whole = [text, _STATE if state else "", _TIMES if stamped else "", _OWNED if owned else ""]
    found = {each.name: each for each in columns(" ".join(whole), options=choices)}
    if kind == "Elastic":
        found["partitionid"] = Column("partitionid", "string", "PartitionId", "Partition Id", updatable=False)
    found = {key: Column(key, "guid", key.capitalize(), f"{name} id", updatable=False), **found}
    for each in list(found.values()):
        if each.kind in CHOICES:  # the label's shadow: never to be selected
            found[f"{each.name}name"] = replace(
                each, name=f"{each.name}name", kind="virtual", of=each.name, creatable=False, updatable=False
            )
    label = name.partition("_")[2].title() if custom else name.capitalize()
    return TableDefinition(name, set, label, primary, found, key, custom, kind, tracked, bulk, keys or {}, duplicates)


_DEAL_STATE: Options = ((0, "Open"), (1, "Won"), (2, "Lost"))
_ORDER_STATE: Options = ((0, "Active"), (1, "Submitted"), (2, "Canceled"), (3, "Fulfilled"), (4, "Invoiced"))
_INVOICE_STATE: Options = ((0, "Active"), (1, "Closed (deprecated)"), (2, "Paid"), (3, "Canceled"))
_QUOTE_STATE: Options = ((0, "Draft"), (1, "Active"), (2, "Won"), (3, "Closed"))
_CASE_STATE: Options = ((0, "Active"), (1, "Resolved"), (2, "Cancelled"))
_LEAD_STATE: Options = ((0, "Open"), (1, "Qualified"), (2, "Disqualified"))
_DONE: Options = ((0, "Open"), (1, "Completed"), (2, "Canceled"))
_MEETING: Options = (*_DONE, (3, "Scheduled"))
SALES_STAGES: Options = ((0, "Qualify"), (1, "Develop"), (2, "Propose"), (3, "Close"))
_ADDRESS = (
    "address1_line1:string address1_city:string address1_stateorprovince:string address1_postalcode:string"
    " address1_country:string"
)


def organization() -> dict[str, TableDefinition]:
    """The definitions, fresh: fields are added to them."""
    account = _table(
        "account",
        "accounts",
        "name",
        "name:string! accountnumber:string customertypecode:pick industrycode:pick numberofemployees:int revenue:money"
        " telephone1:string websiteurl:string description:memo parentaccountid:lookup(account)"
        " primarycontactid:lookup(contact) transactioncurrencyid:lookup(transactioncurrency) entityimage:image"
        f" {_ADDRESS} {_MERGED.format('account')}"
        " new_externalid:string new_arr:decimal new_Tier:pick new_areas:multi new_signed:day",
        options={
            "customertypecode": ((1, "Competitor"), (3, "Customer"), (8, "Prospect"), (10, "Supplier"), (11, "Vendor")),
            "industrycode": ((1, "Accounting"), (9, "Consulting"), (29, "Retail"), (33, "Wholesale")),
            "new_tier": ((100000000, "Gold"), (100000001, "Silver"), (100000002, "Bronze")),
            "new_areas": ((1, "Web"), (2, "Mobile"), (3, "API")),
        },
        keys={"new_externalid": "Active", "accountnumber": "Pending"},
        duplicates=("name",),
    )
    found = [
        account,
        _table(
            "contact",
            "contacts",
            "fullname",
            "fullname:string- firstname:string lastname:string! emailaddress1:string telephone1:string jobtitle:string"
            " donotbulkemail:bool parentcustomerid:customer(account,contact) accountid:lookup(account)-"
            f" parentcontactid:lookup(contact)- {_MERGED.format('contact')} new_language:string new_extid:string",
            keys={"new_extid": "Active"},
            duplicates=("emailaddress1",),
        ),
        _table(
            "lead",
            "leads",
            "fullname",
            "fullname:string- firstname:string lastname:string! companyname:string emailaddress1:string"
            " telephone1:string subject:string! leadsourcecode:pick parentaccountid:lookup(account)"
            " parentcontactid:lookup(contact) qualifyingopportunityid:lookup(opportunity)"
            f" customerid:customer(account,contact) {_MERGED.format('lead')}",
            options={
                "leadsourcecode": _SOURCES,
                "statecode": _LEAD_STATE,
                "statuscode": ((1, "New"), (2, "Contacted"), (3, "Qualified"), (4, "Lost"), (5, "Cannot Contact")),
            },
            duplicates=("emailaddress1",),
        ),
        _table(
            "opportunity",
            "opportunities",
            "name",
            "name:string! estimatedvalue:money estimatedvalue_base:money- actualvalue:money "
            "actualvalue_base:money- closeprobability:int estimatedclosedate:day"
            " actualclosedate:day salesstage:pick stepname:string description:memo"
            " customerid:customer(account,contact) parentaccountid:lookup(account) parentcontactid:lookup(contact)"
            " exchangerate:decimal- transactioncurrencyid:lookup(transactioncurrency) new_region:string",
            options={
                "salesstage": SALES_STAGES,
                "statecode": _DEAL_STATE,
                "statuscode": ((1, "In Progress"), (2, "On Hold"), (3, "Won"), (4, "Canceled"), (5, "Out-Sold")),
            },
        ),
        _table(
            "opportunityproduct",
            "opportunityproducts",
            "productdescription",
            f"opportunityid:lookup(opportunity)! {_DETAIL}",
            state=False,
            owned=False,
        ),
        _table(
            "product",
            "products",
            "name",
            "name:string! productnumber:string! price:money currentcost:money producttypecode:pick "
            "productstructure:pick"
            " quantitydecimal:int transactioncurrencyid:lookup(transactioncurrency)",
            options={
                "producttypecode": (
                    (1, "Sales Inventory"),
                    (2, "Miscellaneous Charges"),
                    (3, "Services"),
                    (4, "Flat Fees"),
                ),
                "productstructure": ((1, "Product"), (2, "Product Family"), (3, "Product Bundle")),
                "statecode": ((0, "Active"), (1, "Retired"), (2, "Draft"), (3, "Under Revision")),
                "statuscode": ((0, "Draft"), (1, "Active"), (2, "Retired"), (3, "Under Revision")),
            },
            owned=False,
        ),
        _table(
            "quote",
            "quotes",
            "name",
            f"quotenumber:string+ effectiveto:day {_DOCUMENT}",
            options={
                "statecode": _QUOTE_STATE,
                "statuscode": ((1, "In Progress"), (3, "Open"), (4, "Won"), (5, "Lost"), (6, "Canceled")),
            },
        ),
        _table(
            "quotedetail",
            "quotedetails",
            "productdescription",
            f"quoteid:lookup(quote)! {_DETAIL}",
            state=False,
            owned=False,
        ),
        _table(
            "salesorder",
            "salesorders",
            "name",
            f"ordernumber:string+ requestdeliveryby:day submitdate:day datefulfilled:day {_DOCUMENT}",
            options={
                "statecode": _ORDER_STATE,
                "statuscode": (
                    (1, "New"),
                    (2, "Pending"),
                    (3, "In Progress"),
                    (4, "No Money"),
                    (100001, "Complete"),
                    (100003, "Invoiced"),
                ),
            },
        ),
        _table(
            "salesorderdetail",
            "salesorderdetails",
            "productdescription",
            f"salesorderid:lookup(salesorder)! {_DETAIL}",
            state=False,
            owned=False,
        ),
        _table(
            "invoice",
            "invoices",
            "name",
            f"invoicenumber:string+ duedate:day datedelivered:day salesorderid:lookup(salesorder) {_DOCUMENT}",
            options={
                "statecode": _INVOICE_STATE,
                "statuscode": (
                    (1, "New"),
                    (4, "Billed"),
                    (100001, "Complete"),
                    (100002, "Partial"),
                    (100003, "Canceled"),
                ),
            },
        ),
        _table(
            "invoicedetail",
            "invoicedetails",
            "productdescription",
            f"invoiceid:lookup(invoice)! {_DETAIL}",
            state=False,
            owned=False,
        ),
        _table(
            "incident",
            "incidents",
            "title",
            f"title:string! ticketnumber:string- description:memo {_CUSTOMER} primarycontactid:lookup(contact)"
            " prioritycode:pick caseorigincode:pick casetypecode:pick resolveby:time firstresponsesent:bool"
            f" {_MERGED.format('incident')}",
            options={
                "prioritycode": ((1, "High"), (2, "Normal"), (3, "Low")),
                "statecode": _CASE_STATE,
                "caseorigincode": ((1, "Phone"), (2, "Email"), (3, "Web"), (2483, "Facebook")),
                "casetypecode": ((1, "Question"), (2, "Problem"), (3, "Request")),
                "statuscode": (
                    (1, "In Progress"),
                    (2, "On Hold"),
                    (3, "Waiting for Details"),
                    (4, "Researching"),
                    (5, "Problem Solved"),
                    (6, "Canceled"),
                    (1000, "Information Provided"),
                    (2000, "Merged"),
                ),
            },
        ),
        *(
            _table(
                name,
                set,
                "subject",
                f"{_ACTIVITY} {more}",
                key="activityid",
                options={
                    "statecode": _MEETING if name == "appointment" else _DONE,
                    "prioritycode": _PRIORITY,
                    "statuscode": (
                        (1, "Open"),
                        (2, "Made"),
                        (3, "Sent"),
                        (4, "Received"),
                        (5, "Completed"),
                        (6, "Canceled"),
                    ),
                },
            )
            for name, set, more in (
                ("task", "tasks", "percentcomplete:int"),
                ("phonecall", "phonecalls", "phonenumber:string"),
                ("appointment", "appointments", "location:string"),
                ("email", "emails", "senton:time sender:string torecipients:string"),
            )
        ),
        _table(
            "annotation",
            "annotations",
            "subject",
            "subject:string notetext:memo isdocument:bool filename:string mimetype:string filesize:int-"
            f" objecttypecode:entity- objectid:lookup({_PARTIES})",
            state=False,
            tracked=False,
        ),
        _table(
            "systemuser",
            "systemusers",
            "fullname",
            "fullname:string- firstname:string lastname:string! internalemailaddress:string! "
            "domainname:string! title:string"
            " isdisabled:bool- applicationid:guid businessunitid:lookup(businessunit)! "
            "parentsystemuserid:lookup(systemuser)",
            state=False,
            owned=False,
            bulk=False,
        ),
        _table(
            "team",
            "teams",
            "name",
            "name:string! isdefault:bool- businessunitid:lookup(businessunit)!",
            state=False,
            owned=False,
            bulk=False,
        ),
        _table(
            "businessunit",
            "businessunits",
            "name",
            "name:string! isdisabled:bool- parentbusinessunitid:lookup(businessunit)",
            state=False,
            owned=False,
            bulk=False,
        ),
        _table(
            "transactioncurrency",
            "transactioncurrencies",
            "currencyname",
            "currencyname:string! isocurrencycode:string! exchangerate:decimal! currencysymbol:string! "
            "currencyprecision:int!",
            owned=False,
            bulk=False,
        ),
        _table(
            "stringmap",
            "stringmaps",
            "value",
            "objecttypecode:entity- attributename:string- attributevalue:int- value:string- langid:int- "
            "displayorder:int-",
            state=False,
            owned=False,
            stamped=False,
            tracked=False,
            bulk=False,
        ),
        _table(
            "new_subscription",
            "new_subscriptions",
            "new_name",
            "new_name:string! new_Account:lookup(account) new_mrr:money new_starts:day new_seats:int new_code:string"
            " transactioncurrencyid:lookup(transactioncurrency)",
            custom=True,
            tracked=False,
            keys={"new_code": "Active"},
        ),
        _table(
            "new_reading",
            "new_readings",
            "new_name",
            "new_name:string! new_value:double new_at:time",
            custom=True,
            kind="Elastic",
            owned=False,
            state=False,
            tracked=False,
        ),
        _table(
            "new_stock",
            "new_stocks",
            "new_name",
            "new_name:string",
            custom=True,
            kind="Virtual",
            owned=False,
            state=False,
            stamped=False,
            tracked=False,
            bulk=False,
        ),
    ]
    return {each.name: each for each in found}
