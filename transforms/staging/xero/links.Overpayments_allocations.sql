-- What an overpayment pays: one row per document. Grain: AllocationID. Joins: Overpayments, for the currency; Invoices, for which
-- entity the document is in.
-- Currency: that of the overpayment. An allocation that was taken back stays, and is no row.
-- custom: none
select
    'payments' as from_entity,
    ref(payments, "Overpayments", src."OverpaymentID") as from_id,
    case invoice."Type" when 'ACCREC' then 'invoices' when 'ACCPAY' then 'bills' end as to_entity,
    case invoice."Type"
        when 'ACCREC' then ref(invoices, "Invoices", invoice._key)
        when 'ACCPAY' then ref(bills, "Invoices", invoice._key)
    end as to_id,
    'allocation' as role,
    src."Amount" as amount,
    credit."CurrencyCode" as currency,
    'vendor' as method,
    1 as confidence,
    credit."UpdatedDateUTC" as source_updated_at
from "Overpayments_allocations" as src
left join "Overpayments" as credit on credit._key = src."OverpaymentID"
left join "Invoices" as invoice on invoice._key = json_text(src."Invoice", 'InvoiceID')
where invoice."Type" in ('ACCREC', 'ACCPAY') and not coalesce(to_boolean(src."IsDeleted"), false)
