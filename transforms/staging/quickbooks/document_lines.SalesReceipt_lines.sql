-- One row per line of a SalesReceipt that has an amount of its own; texts and groups have none. A discount is given above zero: its sign
-- changes here.
-- Grain: Document:Id. Joins: SalesReceipt, for the currency.
-- Currency: that of the document.
select
    'invoices' as document_entity,
    ref(invoices, "SalesReceipt", src."Document") as document_id,
    src."LineNum" as line_no,
    ref(items, json_text(src."SalesItemLineDetail", 'ItemRef.value')) as item_id,
    src."Description" as description,
    to_decimal(json_text(src."SalesItemLineDetail", 'Qty')) as quantity,
    to_decimal(json_text(src."SalesItemLineDetail", 'UnitPrice')) as unit_price,
    case when src."DetailType" = 'DiscountLineDetail' then -to_decimal(src."Amount") else to_decimal(src."Amount") end as amount,
    json_text(document."CurrencyRef", 'value') as currency,
    case when json_text(src."SalesItemLineDetail", 'ClassRef.value') is not null then json_object('class', json_text(src."SalesItemLineDetail", 'ClassRef.value')) end as dimensions,
    document."LastUpdatedTime" as source_updated_at
from "SalesReceipt_lines" as src
left join "SalesReceipt" as document on document._key = src."Document"
where src."DetailType" in ('SalesItemLineDetail', 'DiscountLineDetail')
