-- What a credit note pays: one row per document. Grain: AllocationID. Joins: CreditNotes, for its type and the currency.
-- Currency: that of the credit note. An allocation that was taken back stays, and is no row.
-- custom: none
select
    case credit."Type" when 'ACCRECCREDIT' then 'invoices' when 'ACCPAYCREDIT' then 'bills' end as from_entity,
    case credit."Type"
        when 'ACCRECCREDIT' then ref(invoices, "CreditNotes", src."CreditNoteID")
        when 'ACCPAYCREDIT' then ref(bills, "CreditNotes", src."CreditNoteID")
    end as from_id,
    case credit."Type" when 'ACCRECCREDIT' then 'invoices' when 'ACCPAYCREDIT' then 'bills' end as to_entity,
    case credit."Type"
        when 'ACCRECCREDIT' then ref(invoices, "Invoices", json_text(src."Invoice", 'InvoiceID'))
        when 'ACCPAYCREDIT' then ref(bills, "Invoices", json_text(src."Invoice", 'InvoiceID'))
    end as to_id,
    'allocation' as role,
    src."Amount" as amount,
    credit."CurrencyCode" as currency,
    'vendor' as method,
    1 as confidence,
    credit."UpdatedDateUTC" as source_updated_at
from "CreditNotes_allocations" as src
left join "CreditNotes" as credit on credit._key = src."CreditNoteID"
where credit."Type" in ('ACCRECCREDIT', 'ACCPAYCREDIT')
    and json_text(src."Invoice", 'InvoiceID') is not null
    and not coalesce(to_boolean(src."IsDeleted"), false)
