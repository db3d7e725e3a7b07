-- One row per item. Grain: id. Joins: none.
-- Currency: the base price is in the account's base currency; other price levels are not read.
-- Subtotals, discounts, taxes and payments are items too: other.
select
    coalesce(src.displayname, src.itemid, src.fullname) as name,
    src.itemid as sku,
    case
        when src.itemtype in ('InvtPart', 'Assembly') then 'inventory'
        when src.itemtype in ('NonInvtPart', 'DwnLdItem', 'GiftCert') then 'non_inventory'
        when src.itemtype = 'Service' then 'service'
        when src.itemtype in ('Kit', 'Group') then 'bundle'
        when src.itemtype is not null then 'other'
    end as type,
    src.itemtype as source_type,
    src.baseprice as unit_price,
    not coalesce(to_boolean(src.isinactive), false) as is_active,
    src.createddate as source_created_at
from item as src
