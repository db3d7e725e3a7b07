-- One row per account of the chart of accounts. Grain: RECORDNO. Joins: none.
-- class: an account says on which statement it stands and which side it grows on. That tells revenue from expense; on the
-- balance sheet the category tells the rest, where it is one of the usual ones.
select
    src."ACCOUNTNO" as code,
    src."TITLE" as name,
    case
        when src."ACCOUNTTYPE" = 'incomestatement' and src."NORMALBALANCE" = 'credit' then 'revenue'
        when src."ACCOUNTTYPE" = 'incomestatement' and src."NORMALBALANCE" = 'debit' then 'expense'
        when src."CATEGORY" like '%Equity%' or src."CATEGORY" like '%Earnings%' or src."CATEGORY" like '%Capital%' then 'equity'
        when src."CATEGORY" like '%Payable%' or src."CATEGORY" like '%Liabilit%' or src."CATEGORY" like '%Debt%' then 'liability'
        when src."ACCOUNTTYPE" = 'balancesheet' and src."NORMALBALANCE" = 'debit' then 'asset'
    end as class,
    concat_ws(', ', src."ACCOUNTTYPE", src."CATEGORY") as type,
    src."STATUS" = 'active' as is_active
from "GLACCOUNT" as src
