-- One row per account of the chart of accounts. Grain: Id. Joins: none.
select
    src."AcctNum" as code,
    coalesce(src."FullyQualifiedName", src."Name") as name,
    case src."Classification"
        when 'Asset' then 'asset'
        when 'Liability' then 'liability'
        when 'Equity' then 'equity'
        when 'Revenue' then 'revenue'
        when 'Expense' then 'expense'
    end as class,
    src."AccountType" as type,
    ref(ledger_accounts, json_text(src."ParentRef", 'value')) as parent_id,
    json_text(src."CurrencyRef", 'value') as currency,
    src."Active" as is_active,
    src."CreateTime" as source_created_at
from "Account" as src
