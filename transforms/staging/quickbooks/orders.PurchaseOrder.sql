-- One row per purchase order. Grain: Id. Joins: none.
-- Currency: CurrencyRef; ExchangeRate, which a company with one currency leaves out, turns it into the home currency.
select
    ref(accounts, "Vendor", json_text(src."VendorRef", 'value')) as account_id,
    src."DocNumber" as number,
    'purchase' as type,
    case src."POStatus" when 'Open' then 'open' when 'Closed' then 'closed' end as status,
    src."POStatus" as source_status,
    src."TxnDate" as order_date,
    src."DueDate" as promised_date,
    json_text(src."CurrencyRef", 'value') as currency,
    src."ExchangeRate" as fx_rate,
    cast(src."TotalAmt" as decimal(18, 4)) - coalesce(to_decimal(json_text(src."TxnTaxDetail", 'TotalTax')), 0) as subtotal,
    to_decimal(json_text(src."TxnTaxDetail", 'TotalTax')) as tax,
    src."TotalAmt" as total,
    cast(src."TotalAmt" as decimal(18, 4)) * coalesce(cast(src."ExchangeRate" as decimal(18, 8)), 1) as total_base,
    src."CreateTime" as source_created_at
from "PurchaseOrder" as src
