-- One row per account of the chart of accounts. Grain: AccountID. Joins: none.
-- An archived or deleted one counts as deleted.
select
    src."Code" as code,
    src."Name" as name,
    case src."Class"
        when 'ASSET' then 'asset'
        when 'LIABILITY' then 'liability'
        when 'EQUITY' then 'equity'
        when 'REVENUE' then 'revenue'
        when 'EXPENSE' then 'expense'
    end as class,
    src."Type" as type,
    src."CurrencyCode" as currency,
    src."Status" = 'ACTIVE' as is_active
from "Accounts" as src
