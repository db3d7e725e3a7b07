-- One row per product of an order. Grain: Id. Joins: none. OrderItemNumber counts all lines of the org, no line number.
-- Currency: CurrencyIsoCode, which only orgs with several currencies have.
select
    'orders' as document_entity,
    ref(orders, "Order", src."OrderId") as document_id,
    ref(items, src."Product2Id") as item_id,
    src."Description" as description,
    src."Quantity" as quantity,
    src."UnitPrice" as unit_price,
    src."TotalPrice" as amount,
    src."CurrencyIsoCode" as currency,
    src."CreatedDate" as source_created_at
from "OrderItem" as src
