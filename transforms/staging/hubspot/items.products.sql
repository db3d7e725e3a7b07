-- One row per product. Grain: id. Joins: none. Currency: price is in the portal's currency.
select
    src.name as name,
    src.hs_sku as sku,
    case src.hs_product_type
        when 'inventory' then 'inventory'
        when 'non_inventory' then 'non_inventory'
        when 'service' then 'service'
        else case when src.hs_product_type is not null then 'other' end
    end as type,
    src.hs_product_type as source_type,
    src.price as unit_price,
    coalesce(src.hs_status, 'active') = 'active' as is_active,
    src.createdate as source_created_at
from products as src
