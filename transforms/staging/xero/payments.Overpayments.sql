-- One row per overpayment: money that came, or went, before or beyond what was billed. Grain: OverpaymentID. Joins: none.
-- Currency: CurrencyCode; CurrencyRate tells units of it for one of the base currency, so that base amounts are divided.
-- What it pays: links.Overpayments_allocations.sql.
select
    case
        when src."Type" like 'RECEIVE%' or src."Type" like 'AR%' then 'in'
        when src."Type" like 'SPEND%' or src."Type" like 'AP%' then 'out'
    end as direction,
    ref(accounts, json_text(src."Contact", 'ContactID')) as account_id,
    src."Date" as paid_on,
    case src."Status" when 'AUTHORISED' then 'settled' when 'PAID' then 'settled' when 'VOIDED' then 'void' end as status,
    src."Status" as source_status,
    src."Total" as amount,
    src."CurrencyCode" as currency,
    1 / nullif(cast(src."CurrencyRate" as decimal(18, 8)), 0) as fx_rate,
    cast(src."Total" as decimal(18, 4)) / coalesce(nullif(cast(src."CurrencyRate" as decimal(18, 8)), 0), 1) as amount_base,
    src."Reference" as reference
from "Overpayments" as src
