-- One row per payment from a customer. Grain: Id. Joins: PaymentMethod, for its name.
-- Currency: CurrencyRef; ExchangeRate, which a company with one currency leaves out, turns it into the home currency.
-- A voided one keeps its row, with an amount of 0 and a note that begins with Voided. What it pays: links.Payment_lines.sql.
select
    'in' as direction,
    ref(accounts, "Customer", json_text(src."CustomerRef", 'value')) as account_id,
    src."TxnDate" as paid_on,
    case when to_decimal(src."TotalAmt") = 0 and src."PrivateNote" like 'Voided%' then 'void' else 'settled' end as status,
    src."TotalAmt" as amount,
    json_text(src."CurrencyRef", 'value') as currency,
    src."ExchangeRate" as fx_rate,
    cast(src."TotalAmt" as decimal(18, 4)) * coalesce(cast(src."ExchangeRate" as decimal(18, 8)), 1) as amount_base,
    way."Name" as method,
    src."PaymentRefNum" as reference,
    src."CreateTime" as source_created_at
from "Payment" as src
left join "PaymentMethod" as way on way._key = json_text(src."PaymentMethodRef", 'value')
