-- One row per quote. Grain: QuoteID. Joins: none.
-- Currency: CurrencyCode; CurrencyRate tells units of it for one of the base currency, so that base amounts are divided.
select
    ref(accounts, json_text(src."Contact", 'ContactID')) as account_id,
    src."QuoteNumber" as number,
    'quote' as type,
    case src."Status"
        when 'DRAFT' then 'draft'
        when 'SENT' then 'open'
        when 'ACCEPTED' then 'open'
        when 'INVOICED' then 'closed'
        when 'DECLINED' then 'cancelled'
        when 'DELETED' then 'cancelled'
    end as status,
    src."Status" as source_status,
    src."Date" as order_date,
    src."ExpiryDate" as promised_date,
    src."SubTotal" as subtotal,
    src."TotalTax" as tax,
    src."Total" as total,
    src."CurrencyCode" as currency,
    1 / nullif(cast(src."CurrencyRate" as decimal(18, 8)), 0) as fx_rate,
    cast(src."Total" as decimal(18, 4)) / coalesce(nullif(cast(src."CurrencyRate" as decimal(18, 8)), 0), 1) as total_base
from "Quotes" as src
