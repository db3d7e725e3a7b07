-- One row per quote. Grain: Id. Joins: none.
-- Currency: CurrencyIsoCode, which only orgs with several currencies have. Tax is null until it is entered.
-- status: the standard values of Status; an org may add its own.
select
    ref(accounts, src."AccountId") as account_id,
    src."QuoteNumber" as number,
    'quote' as type,
    case src."Status"
        when 'Draft' then 'draft'
        when 'Needs Review' then 'draft'
        when 'In Review' then 'draft'
        when 'Approved' then 'open'
        when 'Presented' then 'open'
        when 'Accepted' then 'closed'
        when 'Rejected' then 'cancelled'
        when 'Denied' then 'cancelled'
    end as status,
    src."Status" as source_status,
    src."CreatedDate" as order_date,
    src."ExpirationDate" as promised_date,
    src."TotalPrice" as subtotal,
    src."Tax" as tax,
    src."GrandTotal" as total,
    src."CurrencyIsoCode" as currency,
    ref(deals, src."OpportunityId") as deal_id,
    src."CreatedDate" as source_created_at
from "Quote" as src
