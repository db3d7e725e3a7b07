"""What there is in a company: each entity's fields, in a short notation.

A field is `Name`, with a kind after a colon (text, number, boolean, date, object, list; text where it is left out), or
`Name>Entity` for a reference. `!` it must be given, `-` only the company sets it, `*` a query may ask by it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_FIELD = re.compile(r"(\w+)(?::(\w+)|>(\w+))?([!*-]*)")
COMMON = ("Id", "MetaData.CreateTime", "MetaData.LastUpdatedTime")


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str = "text"
    to: str = ""
    required: bool = False
    read_only: bool = False
    filterable: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of record. listed: it is made inactive instead of deleted. named_by: the field that must be unique.

    changes: the change feed tells of it. answers: the key of its records in answers. voidable: by `operation=void`.
    """

    name: str
    fields: dict[str, Field] = field(repr=False)
    listed: bool = False
    named_by: str = ""
    changes: bool = True
    answers: str = ""
    voidable: bool = False
    lines: bool = False
    writable: bool = True

    @property
    def key(self) -> str:
        return self.answers or self.name

    @property
    def queryable(self) -> set[str]:
        own = {each.name for each in self.fields.values() if each.filterable}
        return own | set(COMMON) | ({"Active"} if self.listed else set())


def _fields(text: str) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for word in text.split():
        match = _FIELD.fullmatch(word)
        assert match is not None, word
        name, kind, to, marks = match.groups()
        kind = "ref" if to else kind or "text"
        found[name] = Field(name, kind, to or "", "!" in marks, "-" in marks, "*" in marks)
    return found


_PERSON = "Title GivenName* MiddleName FamilyName* Suffix PrintOnCheckName"
_WAYS = ("PrimaryPhone:object AlternatePhone:object Mobile:object Fax:object PrimaryEmailAddr:object WebAddr:object "
         "BillAddr:object")  # fmt: skip
_MONEY = "CurrencyRef>CompanyCurrency ExchangeRate:number"
_TRANSACTION = (
    f"DocNumber* TxnDate:date* PrivateNote TotalAmt:number*- DepartmentRef>Department {_MONEY} TxnTaxDetail:object "
    "GlobalTaxCalculation LinkedTxn:list"
)
_SALE = (f"{_TRANSACTION} CustomerRef>Customer!* CustomerMemo:object BillAddr:object ShipAddr:object BillEmail:object "
         "ClassRef>Class ApplyTaxAfterDiscount:boolean PrintStatus EmailStatus CustomField:list "
         "Line:list! ShipDate:date "
         "TrackingNum ShipMethodRef:object FreeFormAddress:boolean DeliveryInfo:object")  # fmt: skip
_PURCHASE = f"{_TRANSACTION} Line:list!"


def _listed(name: str, fields: str, named_by: str = "Name", *, changes: bool = True, writable: bool = True) -> Entity:
    known = _fields(f"{fields} Active:boolean*")
    return Entity(name, known, listed=True, named_by=named_by, changes=changes, writable=writable)


def _document(name: str, fields: str, *, voidable: bool = False, answers: str = "") -> Entity:
    known = _fields(fields)
    return Entity(name, known, voidable=voidable, lines="Line" in known, answers=answers)


ENTITIES: dict[str, Entity] = {
    each.name: each
    for each in (
        _listed(
            "Account",
            "Name!* SubAccount:boolean* ParentRef>Account FullyQualifiedName*- Classification*- "
            "AccountType* AccountSubType* "
            "Description AcctNum CurrentBalance:number- CurrentBalanceWithSubAccounts:number- "
            "CurrencyRef>CompanyCurrency "
            "TaxCodeRef>TaxCode",
        ),
        _listed(
            "Customer",
            f"DisplayName!* CompanyName* FullyQualifiedName- Notes Taxable:boolean Balance:number*- "
            f"BalanceWithJobs:number- "
            f"Job:boolean* IsProject:boolean BillWithParent:boolean ParentRef>Customer Level:number- "
            f"PreferredDeliveryMethod "
            f"ResaleNum OpenBalanceDate:date PrimaryTaxIdentifier ShipAddr:object "
            f"DefaultTaxCodeRef>TaxCode SalesTermRef>Term "
            f"PaymentMethodRef>PaymentMethod ARAccountRef>Account CurrencyRef>CompanyCurrency "
            f"CustomField:list {_PERSON} {_WAYS}",
            "DisplayName",
        ),
        _listed(
            "Vendor",
            f"DisplayName!* CompanyName* TaxIdentifier Balance:number*- BillRate:number AcctNum Vendor1099:boolean "
            f"TaxReportingBasis TermRef>Term APAccountRef>Account CurrencyRef>CompanyCurrency {_PERSON} {_WAYS}",
            "DisplayName",
        ),
        _listed(
            "Employee",
            f"DisplayName!* EmployeeNumber BillRate:number CostRate:number BirthDate:date Gender HiredDate:date "
            f"ReleasedDate:date Organization:boolean BillableTime:boolean SSN PrimaryAddr:object "
            f"EmailAddress {_PERSON} "
            f"PrimaryPhone:object Mobile:object PrimaryEmailAddr:object",
            "DisplayName",
        ),
        _listed(
            "Item",
            "Name!* Sku Description Type* SubItem:boolean ParentRef>Item FullyQualifiedName*- Taxable:boolean "
            "SalesTaxIncluded:boolean UnitPrice:number Level:number- PurchaseDesc PurchaseTaxIncluded:boolean "
            "PurchaseCost:number TrackQtyOnHand:boolean QtyOnHand:number InvStartDate:date AssetAccountRef>Account "
            "ExpenseAccountRef>Account IncomeAccountRef>Account SalesTaxCodeRef>TaxCode PurchaseTaxCodeRef>TaxCode "
            "AbatementRate:number ReverseChargeRate:number ServiceType ItemCategoryType",
        ),
        _listed("Class", "Name!* SubClass:boolean ParentRef>Class FullyQualifiedName*-"),
        _listed("Department", "Name!* SubDepartment:boolean ParentRef>Department FullyQualifiedName*-"),
        _listed(
            "Term",
            "Name!* Type- DiscountPercent:number DueDays:number DiscountDays:number DayOfMonthDue:number "
            "DueNextMonthDays:number DiscountDayOfMonth:number",
        ),
        _listed("PaymentMethod", "Name!* Type"),
        _listed(
            "TaxCode",
            "Name!* Description Taxable:boolean TaxGroup:boolean SalesTaxRateList:object PurchaseTaxRateList:object",
            changes=False,
            writable=False,
        ),
        _listed(
            "TaxRate",
            "Name!* Description RateValue:number SpecialTaxType DisplayType AgencyRef>TaxAgency "
            "TaxReturnLineRef:object "
            "EffectiveTaxRate:list",
            changes=False,
            writable=False,
        ),
        Entity(
            "TaxAgency",
            _fields("DisplayName!* TaxRegistrationNumber TaxTrackedOnSales:boolean TaxTrackedOnPurchases:boolean"),
            named_by="DisplayName",
            changes=False,
        ),
        _listed("CompanyCurrency", "Code!* Name* CustomField:object", "Code"),
        _document(
            "Invoice",
            f"{_SALE} DueDate:date* Balance:number*- Deposit:number SalesTermRef>Term "
            f"HomeBalance:number- HomeTotalAmt:number- "
            f"AllowIPNPayment:boolean AllowOnlineCreditCardPayment:boolean "
            f"AllowOnlineACHPayment:boolean InvoiceLink- "
            f"BillEmailCc:object BillEmailBcc:object RecurDataRef:object TaxExemptionRef:object EInvoiceStatus-",
            voidable=True,
        ),
        _document(
            "SalesReceipt",
            f"{_SALE} Balance:number- PaymentRefNum PaymentMethodRef>PaymentMethod DepositToAccountRef>Account "
            f"CreditCardPayment:object TxnSource",
            voidable=True,
        ),
        _document(
            "RefundReceipt",
            f"{_SALE} Balance:number- PaymentRefNum PaymentType PaymentMethodRef>PaymentMethod "
            f"DepositToAccountRef>Account "
            f"CheckPayment:object CreditCardPayment:object TxnSource",
            voidable=True,
        ),
        _document("CreditMemo", f"{_SALE} Balance:number*- RemainingCredit:number- SalesTermRef>Term"),
        _document(
            "Estimate",
            f"{_SALE} TxnStatus* ExpirationDate:date AcceptedBy AcceptedDate:date DueDate:date SalesTermRef>Term "
            f"ShipFromAddr:object ProjectRef:object",
        ),
        _document(
            "Payment",
            f"TxnDate:date* PrivateNote TotalAmt:number!* UnappliedAmt:number- {_MONEY} "
            f"CustomerRef>Customer!* PaymentRefNum* "
            f"PaymentMethodRef>PaymentMethod DepositToAccountRef>Account ARAccountRef>Account TxnSource TxnStatus "
            f"CreditCardPayment:object TaxExemptionRef:object TransactionLocationType Line:list",
            voidable=True,
        ),
        _document(
            "Deposit",
            f"{_PURCHASE} DepositToAccountRef>Account! HomeTotalAmt:number- TxnStatus TxnSource CashBack:object",
        ),
        _document(
            "Bill",
            f"{_PURCHASE} VendorRef>Vendor!* DueDate:date* Balance:number*- SalesTermRef>Term APAccountRef>Account "
            f"VendorAddr:object",
        ),
        _document(
            "BillPayment",
            f"DocNumber* TxnDate:date* PrivateNote TotalAmt:number!* {_MONEY} VendorRef>Vendor!* "
            f"PayType! CheckPayment:object "
            f"CreditCardPayment:object APAccountRef>Account DepartmentRef>Department Line:list!",
        ),
        _document(
            "VendorCredit",
            f"{_PURCHASE} VendorRef>Vendor!* Balance:number- APAccountRef>Account "
            f"FromAccountRef:object ToAccountRef:object",
        ),
        _document(
            "Purchase",
            f"{_PURCHASE} PaymentType!* AccountRef>Account! EntityRef:object Credit:boolean PrintStatus TxnSource "
            f"PaymentMethodRef>PaymentMethod RemitToAddr:object PurchaseEx:object",
        ),
        _document(
            "PurchaseOrder",
            f"{_PURCHASE} VendorRef>Vendor!* POStatus* DueDate:date Memo VendorAddr:object "
            f"ShipAddr:object APAccountRef>Account "
            f"ClassRef>Class SalesTermRef>Term ShipMethodRef:object TaxCodeRef>TaxCode CustomField:list",
        ),
        _document("JournalEntry", f"{_PURCHASE} Adjustment:boolean*"),
        _document(
            "Transfer",
            "TxnDate:date* PrivateNote Amount:number! FromAccountRef>Account! ToAccountRef>Account! TxnSource",
        ),
        _document(
            "CreditCardPayment",
            "TxnDate:date* PrivateNote Amount:number! BankAccountRef>Account! CreditCardAccountRef>Account!",
            answers="CreditCardPaymentTxn",
        ),
        Entity(
            "TimeActivity",
            _fields(
                "NameOf! TxnDate:date* BillableStatus Taxable:boolean HourlyRate:number CostRate:number Hours:number "
                "Minutes:number BreakHours:number BreakMinutes:number StartTime EndTime Description "
                "EmployeeRef>Employee "
                "VendorRef>Vendor CustomerRef>Customer DepartmentRef>Department ItemRef>Item ClassRef>Class"
            ),
            changes=False,
        ),
    )
}
# The same name may not be used twice among these together.
NAMESAKES = ("Customer", "Vendor", "Employee")
_BY_LOWER = {name.lower(): each for name, each in ENTITIES.items()}


def entity(name: str) -> Entity | None:
    """By name, in any case."""
    return _BY_LOWER.get(name.lower())
