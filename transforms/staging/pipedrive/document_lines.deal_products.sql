-- One row per product of a deal. Grain: id. Joins: none. Currency: currency. sum has the discount in it.
-- custom: none
select
    'deals' as document_entity,
    ref(deals, src.deal_id) as document_id,
    ref(items, src.product_id) as item_id,
    src.comments as description,
    src.quantity as quantity,
    src.item_price as unit_price,
    src.sum as amount,
    src.currency as currency,
    src.add_time as source_created_at
from deal_products as src
