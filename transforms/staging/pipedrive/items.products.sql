-- One row per product. Grain: id. Joins: none. Currency: that of the first price; a product may have one in each.
select
    src.name as name,
    src.code as sku,
    to_decimal(json_text(src.prices, '$[0].price')) as unit_price,
    json_text(src.prices, '$[0].currency') as currency,
    true as is_active,
    src.add_time as source_created_at
from products as src
