-- One row per line item. Grain: id. Joins: deals_line_items.
-- HubSpot lets a line item belong to one record only, so that the join finds one deal at most.
-- Line items of quotes keep document_id empty.
-- Currency: hs_line_item_currency_code.
select
    case when deal.from_id is not null then 'deals' end as document_entity,
    ref(deals, deal.from_id) as document_id,
    src.hs_position_on_quote as line_no,
    ref(items, src.hs_product_id) as item_id,
    src.name as description,
    src.quantity as quantity,
    src.price as unit_price,
    src.amount as amount,
    src.hs_line_item_currency_code as currency,
    src.createdate as source_created_at
from line_items as src
left join deals_line_items as deal on deal.to_id = src._key
