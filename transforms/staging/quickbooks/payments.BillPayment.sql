-- One row per payment to a vendor. Grain: Id. Joins: none.
-- Currency: CurrencyRef; ExchangeRate, which a company with one currency leaves out, turns it into the home currency.
-- method: Check or CreditCard, as the document says.
select
    'out' as direction,
    ref(accounts, "Vendor", json_text(src."VendorRef", 'value')) as account_id,
    src."TxnDate" as paid_on,
    case when to_decimal(src."TotalAmt") = 0 and src."PrivateNote" like 'Voided%' then 'void' else 'settled' end as status,
    src."TotalAmt" as amount,
    json_text(src."CurrencyRef", 'value') as currency,
    src."ExchangeRate" as fx_rate,
    cast(src."TotalAmt" as decimal(18, 4)) * coalesce(cast(src."ExchangeRate" as decimal(18, 8)), 1) as amount_base,
    src."PayType" as method,
    src."DocNumber" as reference,
    src."CreateTime" as source_created_at
from "BillPayment" as src
