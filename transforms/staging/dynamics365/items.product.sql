-- One row per product. Grain: productid. Joins: transactioncurrency for the ISO code, stringmap for the type's label.
-- Currency: the product's own. Prices by list and quantity are in price lists.
select
    src.name as name,
    src.productnumber as sku,
    case
        when to_decimal(src.productstructure) = 3 then 'bundle'
        when to_decimal(src.producttypecode) = 1 then 'inventory'
        when to_decimal(src.producttypecode) = 3 then 'service'
        when to_decimal(src.producttypecode) is not null then 'other'
    end as type,
    label.value as source_type,
    src.price as unit_price,
    money.isocurrencycode as currency,
    to_decimal(src.statecode) = 0 as is_active,
    src.createdon as source_created_at
from product as src
left join transactioncurrency as money on money._key = src."_transactioncurrencyid_value"
left join stringmap as label
    on label.objecttypecode = 'product'
    and label.attributename = 'producttypecode'
    and to_decimal(label.attributevalue) = to_decimal(src.producttypecode)
