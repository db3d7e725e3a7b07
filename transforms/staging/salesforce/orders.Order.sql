-- One row per order. Grain: Id. Joins: none.
-- Currency: CurrencyIsoCode, which only orgs with several currencies have. TotalAmount is without tax.
-- status: Status is a list that each org edits; StatusCode is the vendor's group for each of its words.
select
    ref(accounts, src."AccountId") as account_id,
    src."OrderNumber" as number,
    'sales' as type,
    case coalesce(src."StatusCode", src."Status")
        when 'Draft' then 'draft'
        when 'Activated' then 'open'
        when 'Canceled' then 'cancelled'
        when 'Expired' then 'cancelled'
        when 'Superseded' then 'cancelled'
    end as status,
    src."Status" as source_status,
    src."EffectiveDate" as order_date,
    src."TotalAmount" as subtotal,
    src."CurrencyIsoCode" as currency,
    src."CreatedDate" as source_created_at
from "Order" as src
