-- One row per item. Grain: ItemID. Joins: none.
-- type: an item is tracked as inventory or it is not; what it is otherwise nobody says.
-- Currency: the organisation's base currency, which the record does not name.
select
    coalesce(src."Name", src."Code") as name,
    src."Code" as sku,
    case when to_boolean(src."IsTrackedAsInventory") then 'inventory' end as type,
    cast(src."IsTrackedAsInventory" as varchar) as source_type,
    to_decimal(json_text(src."SalesDetails", 'UnitPrice')) as unit_price,
    coalesce(to_boolean(src."IsSold"), false) or coalesce(to_boolean(src."IsPurchased"), false) as is_active
from "Items" as src
