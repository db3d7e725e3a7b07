-- What a payment pays: one document each. Grain: PaymentID. Joins: Invoices and CreditNotes, for which entity the document
-- is in, and for the currency.
-- Currency: that of the document.
-- custom: none
select
    'payments' as from_entity,
    ref(payments, "Payments", src._key) as from_id,
    case coalesce(invoice."Type", credit."Type")
        when 'ACCREC' then 'invoices'
        when 'ACCRECCREDIT' then 'invoices'
        when 'ACCPAY' then 'bills'
        when 'ACCPAYCREDIT' then 'bills'
    end as to_entity,
    case coalesce(invoice."Type", credit."Type")
        when 'ACCREC' then ref(invoices, "Invoices", invoice._key)
        when 'ACCRECCREDIT' then ref(invoices, "CreditNotes", credit._key)
        when 'ACCPAY' then ref(bills, "Invoices", invoice._key)
        when 'ACCPAYCREDIT' then ref(bills, "CreditNotes", credit._key)
    end as to_id,
    'allocation' as role,
    src."Amount" as amount,
    coalesce(invoice."CurrencyCode", credit."CurrencyCode") as currency,
    'vendor' as method,
    1 as confidence
from "Payments" as src
left join "Invoices" as invoice on invoice._key = json_text(src."Invoice", 'InvoiceID')
left join "CreditNotes" as credit on credit._key = json_text(src."CreditNote", 'CreditNoteID')
where coalesce(invoice."Type", credit."Type") in ('ACCREC', 'ACCRECCREDIT', 'ACCPAY', 'ACCPAYCREDIT')
