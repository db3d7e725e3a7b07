-- One row per bill. Grain: Id. Joins: none.
-- Currency: CurrencyRef; ExchangeRate, which a company with one currency leaves out, turns it into the home currency.
-- status: the document has none. A voided one keeps its row, with amounts of 0 and a note that begins with Voided.
select
    ref(accounts, "Vendor", json_text(src."VendorRef", 'value')) as account_id,
    src."DocNumber" as number,
    'standard' as doc_type,
    src."TxnDate" as issue_date,
    src."DueDate" as due_date,
    case
        when to_decimal(src."TotalAmt") = 0 and src."PrivateNote" like 'Voided%' then 'void'
        when to_decimal(src."Balance") = 0 then 'paid'
        else 'open'
    end as status,
    json_text(src."CurrencyRef", 'value') as currency,
    src."ExchangeRate" as fx_rate,
    cast(src."TotalAmt" as decimal(18, 4)) - coalesce(to_decimal(json_text(src."TxnTaxDetail", 'TotalTax')), 0) as subtotal,
    to_decimal(json_text(src."TxnTaxDetail", 'TotalTax')) as tax,
    src."TotalAmt" as total,
    cast(src."TotalAmt" as decimal(18, 4)) * coalesce(cast(src."ExchangeRate" as decimal(18, 8)), 1) as total_base,
    src."Balance" as balance,
    cast(src."Balance" as decimal(18, 4)) * coalesce(cast(src."ExchangeRate" as decimal(18, 8)), 1) as balance_base,
    src."PrivateNote" as memo,
    src."CreateTime" as source_created_at
from "Bill" as src
