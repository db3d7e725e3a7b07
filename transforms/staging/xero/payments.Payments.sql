-- One row per payment of a document. Grain: PaymentID. Joins: Invoices, CreditNotes, Prepayments and Overpayments, for
-- currency and contact where the payment does not repeat them; Accounts, for the name of the bank account.
-- direction: refunds of credits go the other way than payments.
-- Currency: that of the document; CurrencyRate tells units of it for one of the base currency. What it pays: links.Payments.sql.
select
    case src."PaymentType"
        when 'ACCRECPAYMENT' then 'in'
        when 'ACCPAYPAYMENT' then 'out'
        when 'ARCREDITPAYMENT' then 'out'
        when 'APCREDITPAYMENT' then 'in'
        when 'AROVERPAYMENTPAYMENT' then 'out'
        when 'ARPREPAYMENTPAYMENT' then 'out'
        when 'APOVERPAYMENTPAYMENT' then 'in'
        when 'APPREPAYMENTPAYMENT' then 'in'
    end as direction,
    ref(
        accounts,
        coalesce(
            json_text(src."Invoice", 'Contact.ContactID'), json_text(src."CreditNote", 'Contact.ContactID'),
            json_text(invoice."Contact", 'ContactID'), json_text(credit."Contact", 'ContactID'),
            json_text(prepayment."Contact", 'ContactID'), json_text(overpayment."Contact", 'ContactID')
        )
    ) as account_id,
    src."Date" as paid_on,
    case src."Status" when 'AUTHORISED' then 'settled' when 'DELETED' then 'void' end as status,
    src."Status" as source_status,
    src."Amount" as amount,
    coalesce(
        invoice."CurrencyCode", credit."CurrencyCode", prepayment."CurrencyCode", overpayment."CurrencyCode",
        json_text(src."Invoice", 'CurrencyCode'), json_text(src."CreditNote", 'CurrencyCode')
    ) as currency,
    1 / nullif(cast(src."CurrencyRate" as decimal(18, 8)), 0) as fx_rate,
    cast(src."Amount" as decimal(18, 4)) / coalesce(nullif(cast(src."CurrencyRate" as decimal(18, 8)), 0), 1) as amount_base,
    account."Name" as method,
    src."Reference" as reference
from "Payments" as src
left join "Invoices" as invoice on invoice._key = json_text(src."Invoice", 'InvoiceID')
left join "CreditNotes" as credit on credit._key = json_text(src."CreditNote", 'CreditNoteID')
left join "Prepayments" as prepayment on prepayment._key = json_text(src."Prepayment", 'PrepaymentID')
left join "Overpayments" as overpayment on overpayment._key = json_text(src."Overpayment", 'OverpaymentID')
left join "Accounts" as account on account._key = json_text(src."Account", 'AccountID')
