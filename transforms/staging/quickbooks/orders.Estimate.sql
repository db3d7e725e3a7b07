-- One row per estimate, which is a quote. Grain: Id. Joins: none.
-- Currency: CurrencyRef; ExchangeRate, which a company with one currency leaves out, turns it into the home currency.
select
    ref(accounts, "Customer", json_text(src."CustomerRef", 'value')) as account_id,
    src."DocNumber" as number,
    'quote' as type,
    case src."TxnStatus"
        when 'Pending' then 'open'
        when 'Accepted' then 'open'
        when 'Closed' then 'closed'
        when 'Converted' then 'closed'
        when 'Rejected' then 'cancelled'
    end as status,
    src."TxnStatus" as source_status,
    src."TxnDate" as order_date,
    src."ExpirationDate" as promised_date,
    json_text(src."CurrencyRef", 'value') as currency,
    src."ExchangeRate" as fx_rate,
    cast(src."TotalAmt" as decimal(18, 4)) - coalesce(to_decimal(json_text(src."TxnTaxDetail", 'TotalTax')), 0) as subtotal,
    to_decimal(json_text(src."TxnTaxDetail", 'TotalTax')) as tax,
    src."TotalAmt" as total,
    cast(src."TotalAmt" as decimal(18, 4)) * coalesce(cast(src."ExchangeRate" as decimal(18, 8)), 1) as total_base,
    src."CreateTime" as source_created_at
from "Estimate" as src
