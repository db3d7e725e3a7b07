-- One row per amount that was spent or received without an invoice. Grain: BankTransactionID. Joins: Accounts, for the name
-- of the bank account. Those of prepayments and overpayments are those records' own, and left out; so are transfers.
-- Currency: CurrencyCode; CurrencyRate tells units of it for one of the base currency, so that base amounts are divided.
select
    case src."Type" when 'RECEIVE' then 'in' when 'SPEND' then 'out' end as direction,
    ref(accounts, json_text(src."Contact", 'ContactID')) as account_id,
    src."Date" as paid_on,
    case src."Status" when 'AUTHORISED' then 'settled' when 'VOIDED' then 'void' when 'DELETED' then 'void' end as status,
    src."Status" as source_status,
    src."Total" as amount,
    src."CurrencyCode" as currency,
    1 / nullif(cast(src."CurrencyRate" as decimal(18, 8)), 0) as fx_rate,
    cast(src."Total" as decimal(18, 4)) / coalesce(nullif(cast(src."CurrencyRate" as decimal(18, 8)), 0), 1) as amount_base,
    account."Name" as method,
    src."Reference" as reference
from "BankTransactions" as src
left join "Accounts" as account on account._key = json_text(src."BankAccount", 'AccountID')
where src."Type" in ('RECEIVE', 'SPEND')
