-- One row per item. Grain: RECORDNO. Joins: none.
-- type: non-inventory items are goods and services alike, which nobody tells apart.
-- Currency: the company's base currency, which the record does not name.
select
    coalesce(src."NAME", src."ITEMID") as name,
    src."ITEMID" as sku,
    case
        when src."ITEMTYPE" = 'Inventory' then 'inventory'
        when src."ITEMTYPE" like 'Non-Inventory%' then 'non_inventory'
        when src."ITEMTYPE" like '%Kit' then 'bundle'
        when src."ITEMTYPE" is not null then 'other'
    end as type,
    src."ITEMTYPE" as source_type,
    src."BASEPRICE" as unit_price,
    src."STATUS" = 'active' as is_active
from "ITEM" as src
