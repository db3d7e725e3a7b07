-- One row per credit note to a customer: credit notes of type ACCRECCREDIT. Grain: CreditNoteID. Joins: none.
-- Currency: CurrencyCode; CurrencyRate tells units of it for one of the base currency, so that base amounts are divided.
select
    ref(accounts, json_text(src."Contact", 'ContactID')) as account_id,
    src."CreditNoteNumber" as number,
    'credit' as doc_type,
    src."Date" as issue_date,
    case src."Status"
        when 'DRAFT' then 'draft'
        when 'SUBMITTED' then 'draft'
        when 'AUTHORISED' then 'open'
        when 'PAID' then 'paid'
        when 'VOIDED' then 'void'
        when 'DELETED' then 'void'
    end as status,
    src."Status" as source_status,
    src."CurrencyCode" as currency,
    1 / nullif(cast(src."CurrencyRate" as decimal(18, 8)), 0) as fx_rate,
    src."SubTotal" as subtotal,
    src."TotalTax" as tax,
    src."Total" as total,
    cast(src."Total" as decimal(18, 4)) / coalesce(nullif(cast(src."CurrencyRate" as decimal(18, 8)), 0), 1) as total_base,
    src."RemainingCredit" as balance,
    cast(src."RemainingCredit" as decimal(18, 4)) / coalesce(nullif(cast(src."CurrencyRate" as decimal(18, 8)), 0), 1) as balance_base,
    cast(src."FullyPaidOnDate" as timestamptz) as paid_at,
    src."Reference" as memo
from "CreditNotes" as src
where src."Type" = 'ACCRECCREDIT'
