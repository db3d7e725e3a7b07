-- One row per product of the salesorder. Grain: salesorderdetailid. Joins: transactioncurrency, for the ISO code.
-- Currency: the document's. extendedamount holds the tax, amount does not.
select
    'orders' as document_entity,
    ref(orders, salesorder, src."_salesorderid_value") as document_id,
    src.lineitemnumber as line_no,
    ref(items, src."_productid_value") as item_id,
    coalesce(src.description, src.productdescription) as description,
    src.quantity as quantity,
    src.priceperunit as unit_price,
    to_decimal(src.extendedamount) - coalesce(to_decimal(src.tax), 0) as amount,
    money.isocurrencycode as currency,
    (to_decimal(src.extendedamount) - coalesce(to_decimal(src.tax), 0))
        / nullif(to_decimal(src.exchangerate), 0) as amount_base,
    src.createdon as source_created_at
from salesorderdetail as src
left join transactioncurrency as money on money._key = src."_transactioncurrencyid_value"
