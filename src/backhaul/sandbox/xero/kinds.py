"""What there is in an organisation: each endpoint's fields and abilities, in a short notation.

A field is `Name`, with a kind after a colon (text, number, boolean, date, object, list; text where it is left out) or
its words (`Status:DRAFT|POSTED`). `!` a new record needs it, `-` only Xero sets it. As the OpenAPI description 16.1 of
the Accounting API has them (github.com/XeroAPI/Xero-OpenAPI).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

_FIELD = re.compile(r"(\w+)(?::([\w|-]*\w))?([!-]*)")
UPDATED, CREATED = "UpdatedDateUTC", "CreatedDateUTC"
Paging = Literal["sized", "hundred", "whole"]


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str = "text"
    words: tuple[str, ...] = ()
    required: bool = False
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One endpoint. paging: pages of a size that is asked for, of a hundred, or none. since: it takes
    If-Modified-Since.

    params: of its list, beside those of paging. stamp: the field that tells when a record changed, or was made. lines:
    the field of its lines. writes: put, post, post_one, remove; `single`: one element a request. status: the field of
    its states, of which `gone` count as deleted and `hidden` are left out unless they are asked for.
    """

    name: str
    id: str
    fields: dict[str, Field] = field(repr=False)
    paging: Paging = "whole"
    since: bool = False
    params: frozenset[str] = frozenset()
    stamp: str = UPDATED
    lines: str = ""
    writes: frozenset[str] = frozenset()
    scope: str = "accounting.settings"
    status: str = "Status"
    gone: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    told_as_text: bool = False
    """It repeats its stamp as ISO 8601, in `UpdatedDateUTCString`."""

    @property
    def queries(self) -> frozenset[str]:
        """The parameters that its list takes."""
        paged = {"sized": {"page", "pageSize"}, "hundred": {"page"}, "whole": set()}[self.paging]
        return self.params | paged


def _fields(text: str) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for word in text.split():
        match = _FIELD.fullmatch(word)
        assert match is not None, word
        name, kind, marks = match.groups()
        words = tuple(kind.split("|")) if kind and "|" in kind else ()
        found[name] = Field(name, "word" if words else kind or "text", words, "!" in marks, "-" in marks)
    return found


def _kind(name: str, id: str, fields: str, **more: object) -> Kind:
    sets = ("params", "writes", "gone", "hidden")
    given = {key: frozenset(str(value).split()) if key in sets else value for key, value in more.items()}
    return Kind(name, id, _fields(fields), **given)  # type: ignore[arg-type]


_ASK = "where order"
_MONEY = "CurrencyCode CurrencyRate:number"
_TOTALS = "SubTotal:number- TotalTax:number- Total:number- HasAttachments:boolean-"
_AMOUNTS = "LineAmountTypes:Exclusive|Inclusive|NoTax"
_LINES = f"LineItems:list! {_AMOUNTS} {_MONEY} {_TOTALS}"
_CREDIT = (
    f"Type- Contact:object- Date:date- Status:AUTHORISED|PAID|VOIDED- {_LINES} RemainingCredit:number- "
    "AppliedAmount:number- Allocations:list- Payments:list- Reference-"
)
_BATCHES = "put post post_one"
_INVOICES, _SETTINGS = "accounting.invoices", "accounting.settings"

KINDS: dict[str, Kind] = {
    each.name: each
    for each in (
        _kind(
            "Contacts", "ContactID",
            "Name! ContactNumber AccountNumber ContactStatus:ACTIVE|ARCHIVED|GDPRREQUEST FirstName LastName "
            "CompanyNumber EmailAddress BankAccountDetails TaxNumber AccountsReceivableTaxType AccountsPayableTaxType "
            "Addresses:list Phones:list ContactPersons:list IsSupplier:boolean- IsCustomer:boolean- DefaultCurrency "
            "Website- Discount:number- Balances:object- ContactGroups:list- PaymentTerms:object "
            "SalesTrackingCategories:list PurchasesTrackingCategories:list MergedToContactID- HasAttachments:boolean-",
            paging="sized", since=True, params=f"{_ASK} IDs includeArchived summaryOnly searchTerm", writes=_BATCHES,
            scope="accounting.contacts", status="ContactStatus", gone="ARCHIVED GDPRREQUEST", hidden="ARCHIVED",
        ),
        _kind(
            "Invoices", "InvoiceID",
            f"Type:ACCREC|ACCPAY! Contact:object! Date:date DueDate:date InvoiceNumber Reference Url {_LINES} "
            "Status:DRAFT|SUBMITTED|AUTHORISED|PAID|VOIDED|DELETED SentToContact:boolean ExpectedPaymentDate:date "
            "PlannedPaymentDate:date BrandingThemeID TotalDiscount:number- RepeatingInvoiceID- IsDiscounted:boolean- "
            "Payments:list- Prepayments:list- Overpayments:list- CreditNotes:list- AmountDue:number- "
            "AmountPaid:number- AmountCredited:number- FullyPaidOnDate:date-",
            paging="sized", since=True, lines="LineItems", writes=_BATCHES, scope=_INVOICES, gone="DELETED",
            params=f"{_ASK} IDs InvoiceNumbers ContactIDs Statuses includeArchived createdByMyApp unitdp summaryOnly "
            "searchTerm",
            told_as_text=True,
        ),
        _kind(
            "CreditNotes", "CreditNoteID",
            f"Type:ACCRECCREDIT|ACCPAYCREDIT! Contact:object! Date:date CreditNoteNumber Reference {_LINES} "
            "Status:DRAFT|SUBMITTED|AUTHORISED|PAID|VOIDED|DELETED SentToContact:boolean BrandingThemeID "
            "RemainingCredit:number- AppliedAmount:number- Allocations:list- Payments:list- FullyPaidOnDate:date-",
            paging="sized", since=True, params=f"{_ASK} unitdp", lines="LineItems", writes=_BATCHES, scope=_INVOICES,
            gone="DELETED", told_as_text=True,
        ),
        _kind(
            "Payments", "PaymentID",
            "Invoice:object CreditNote:object Prepayment:object Overpayment:object Account:object! Date:date! "
            "Amount:number! CurrencyRate:number BankAmount:number- Reference IsReconciled:boolean "
            "Status:AUTHORISED|DELETED PaymentType- BatchPaymentID- HasAccount:boolean-",
            paging="sized", since=True, params=_ASK, writes="put post_one", scope="accounting.payments", gone="DELETED",
            told_as_text=True,
        ),
        _kind("Overpayments", "OverpaymentID", _CREDIT, paging="sized", since=True, params=f"{_ASK} unitdp References",
              lines="LineItems", scope="accounting.payments", told_as_text=True),
        _kind("Prepayments", "PrepaymentID", f"{_CREDIT} InvoiceNumber- BrandingThemeID-", paging="sized", since=True,
              params=f"{_ASK} unitdp InvoiceNumbers", lines="LineItems", scope="accounting.payments",
              told_as_text=True),
        _kind(
            "BankTransactions", "BankTransactionID",
            "Type:RECEIVE|SPEND|RECEIVE-OVERPAYMENT|SPEND-OVERPAYMENT|RECEIVE-PREPAYMENT|SPEND-PREPAYMENT! "
            f"Contact:object! BankAccount:object! Date:date Reference Url IsReconciled:boolean {_LINES} "
            "Status:AUTHORISED|VOIDED|DELETED PrepaymentID- OverpaymentID-",
            paging="sized", since=True, params=f"{_ASK} unitdp", lines="LineItems", writes=_BATCHES,
            scope="accounting.banktransactions", gone="DELETED",
        ),
        _kind(
            "ManualJournals", "ManualJournalID",
            f"Narration! JournalLines:list! Date:date {_AMOUNTS} Status:DRAFT|POSTED|VOIDED|ARCHIVED|DELETED Url "
            "ShowOnCashBasisReports:boolean HasAttachments:boolean-",
            paging="sized", since=True, params=_ASK, lines="JournalLines", writes=_BATCHES,
            scope="accounting.manualjournals", gone="DELETED",
        ),
        _kind(
            "PurchaseOrders", "PurchaseOrderID",
            f"Contact:object! Date:date DeliveryDate:date PurchaseOrderNumber Reference {_LINES} "
            "Status:DRAFT|SUBMITTED|AUTHORISED|BILLED|DELETED SentToContact:boolean DeliveryAddress AttentionTo "
            "Telephone DeliveryInstructions ExpectedArrivalDate:date BrandingThemeID TotalDiscount:number-",
            paging="sized", since=True, params="order Status DateFrom DateTo", lines="LineItems", writes=_BATCHES,
            scope=_INVOICES, gone="DELETED",
        ),
        _kind(
            "Quotes", "QuoteID",
            f"QuoteNumber Reference Contact:object! Date:date! ExpiryDate:date Title Summary Terms {_LINES} "
            "Status:DRAFT|SENT|DECLINED|ACCEPTED|INVOICED|DELETED BrandingThemeID TotalDiscount:number-",
            paging="hundred", since=True, lines="LineItems", writes=_BATCHES, scope=_INVOICES, gone="DELETED",
            params="order DateFrom DateTo ExpiryDateFrom ExpiryDateTo ContactID Status QuoteNumber",
        ),
        _kind(
            "LinkedTransactions", "LinkedTransactionID",
            "SourceTransactionID! SourceLineItemID! ContactID TargetTransactionID TargetLineItemID "
            "Status:APPROVED|DRAFT|ONDRAFT|BILLED|VOIDED- Type- SourceTransactionTypeCode-",
            paging="hundred", scope=_INVOICES, writes="remove",
            params="LinkedTransactionID SourceTransactionID ContactID Status TargetTransactionID",
        ),
        _kind(
            "Items", "ItemID",
            "Code! Name IsSold:boolean IsPurchased:boolean Description PurchaseDescription PurchaseDetails:object "
            "SalesDetails:object IsTrackedAsInventory:boolean- InventoryAssetAccountCode TotalCostPool:number- "
            "QuantityOnHand:number-",
            since=True, params=f"{_ASK} unitdp", writes=f"{_BATCHES} remove", scope=_SETTINGS,
        ),
        _kind(
            "Accounts", "AccountID",
            "Code! Name! Type:BANK|CURRENT|CURRLIAB|DEPRECIATN|DIRECTCOSTS|EQUITY|EXPENSE|FIXED|INVENTORY|LIABILITY|"
            "NONCURRENT|OTHERINCOME|OVERHEADS|PREPAYMENT|REVENUE|SALES|TERMLIAB! BankAccountNumber BankAccountType "
            "CurrencyCode Status:ACTIVE|ARCHIVED|DELETED Description TaxType EnablePaymentsToAccount:boolean "
            "ShowInExpenseClaims:boolean Class- SystemAccount- ReportingCode ReportingCodeName- "
            "HasAttachments:boolean- AddToWatchlist:boolean",
            since=True, params=_ASK, writes="put post_one remove single", gone="ARCHIVED DELETED",
        ),
        _kind(
            "BankTransfers", "BankTransferID",
            "FromBankAccount:object! ToBankAccount:object! Amount:number! Date:date Reference CurrencyRate:number- "
            "FromBankTransactionID- ToBankTransactionID- FromIsReconciled:boolean ToIsReconciled:boolean "
            "Status:AUTHORISED|DELETED- HasAttachments:boolean-",
            since=True, params=f"{_ASK} includeDeleted", stamp=CREATED, scope="accounting.banktransactions",
            gone="DELETED", hidden="DELETED",
        ),
        _kind(
            "BatchPayments", "BatchPaymentID",
            "Account:object- Reference- Date:date- Type- Status:AUTHORISED|DELETED- TotalAmount:number- Payments:list- "
            "IsReconciled:boolean-",
            since=True, params=_ASK, scope="accounting.payments", gone="DELETED",
        ),
        _kind("Users", "UserID", "EmailAddress- FirstName- LastName- IsSubscriber:boolean- OrganisationRole-",
              since=True, params=_ASK),
        _kind(
            "TaxRates", "TaxType",
            "Name- Status:ACTIVE|DELETED|ARCHIVED|PENDING- ReportTaxType- TaxComponents:list- EffectiveRate:number- "
            "DisplayTaxRate:number- CanApplyToAssets:boolean- CanApplyToEquity:boolean- CanApplyToExpenses:boolean- "
            "CanApplyToLiabilities:boolean- CanApplyToRevenue:boolean-",
            params=_ASK, stamp="", gone="ARCHIVED DELETED",
        ),
        _kind("TrackingCategories", "TrackingCategoryID", "Name- Status:ACTIVE|ARCHIVED|DELETED- Options:list-",
              params=f"{_ASK} includeArchived", stamp="", gone="ARCHIVED DELETED", hidden="ARCHIVED"),
        _kind("ContactGroups", "ContactGroupID", "Name- Status:ACTIVE|DELETED-", params=_ASK, stamp="", gone="DELETED",
              scope="accounting.contacts"),
        _kind("Currencies", "Code", "Description-", params=_ASK, stamp=""),
        _kind("BrandingThemes", "BrandingThemeID", "Name- LogoUrl- Type- SortOrder:number-", stamp=CREATED),
        _kind(
            "RepeatingInvoices", "RepeatingInvoiceID",
            f"Type- Contact:object- Schedule:object- Status:DRAFT|AUTHORISED|DELETED- Reference- {_LINES} "
            "BrandingThemeID- ApprovedForSending:boolean- SendCopy:boolean- MarkAsSent:boolean- IncludePDF:boolean-",
            params=_ASK, stamp="", lines="LineItems", scope=_INVOICES, gone="DELETED",
        ),
        _kind("Budgets", "BudgetID", "Type- Description- Tracking:list-", params="IDs DateTo DateFrom",
              scope="accounting.budgets"),
        _kind(
            "Journals", "JournalID",
            "JournalDate:date- JournalNumber:number- Reference- SourceID- SourceType- JournalLines:list-",
            since=True, params="offset paymentsOnly", stamp=CREATED, lines="JournalLines", scope="accounting.journals",
        ),
        _kind(
            "Organisation", "OrganisationID",
            "Name- LegalName- PaysTax:boolean- Version- OrganisationType- BaseCurrency- CountryCode- "
            "IsDemoCompany:boolean- OrganisationStatus- TaxNumber- FinancialYearEndDay:number- "
            "FinancialYearEndMonth:number- SalesTaxBasis- SalesTaxPeriod- PeriodLockDate:date- Timezone- ShortCode- "
            "OrganisationEntityType- Class- Edition- Addresses:list- Phones:list-",
            stamp=CREATED,
        ),
    )
}  # fmt: skip
KEY_OF_ANSWER = {"Organisation": "Organisations"}
"""Where the key in answers is not the endpoint's name."""
