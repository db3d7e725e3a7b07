-- One row per product or service. Grain: Id. Joins: none. Categories are items of type Category, and are left out.
-- Currency: the company's home currency, which the record does not name.
select
    src."Name" as name,
    src."Sku" as sku,
    case src."Type"
        when 'Inventory' then 'inventory'
        when 'NonInventory' then 'non_inventory'
        when 'Service' then 'service'
        when 'Group' then 'bundle'
    end as type,
    src."Type" as source_type,
    src."UnitPrice" as unit_price,
    src."Active" as is_active,
    src."CreateTime" as source_created_at
from "Item" as src
where coalesce(src."Type", '') <> 'Category'
