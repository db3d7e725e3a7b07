-- One row per account of the chart of accounts. Grain: id. Joins: currency, for the ISO code of a bank account.
-- class: from NetSuite's own types; statistical and non-posting accounts are in none of the five.
select
    src.acctnumber as code,
    coalesce(src.acctname, src.fullname, src.accountsearchdisplayname) as name,
    case
        when src.accttype in ('Bank', 'AcctRec', 'UnbilledRec', 'OthCurrAsset', 'FixedAsset', 'OthAsset', 'DeferExpense')
            then 'asset'
        when src.accttype in ('AcctPay', 'CredCard', 'OthCurrLiab', 'LongTermLiab', 'DeferRevenue') then 'liability'
        when src.accttype = 'Equity' then 'equity'
        when src.accttype in ('Income', 'OthIncome') then 'revenue'
        when src.accttype in ('COGS', 'Expense', 'OthExpense') then 'expense'
    end as class,
    src.accttype as type,
    ref(ledger_accounts, src.parent) as parent_id,
    money.symbol as currency,
    not coalesce(to_boolean(src.isinactive), false) as is_active
from account as src
left join currency as money on money._key = src.currency
