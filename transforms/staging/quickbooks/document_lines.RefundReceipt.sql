-- One row per line of a RefundReceipt: they stand in the document as a list. Grain: Id:line's Id. Joins: none.
-- Subtotals, texts and groups have no amount of their own and make no row. A discount is given above zero: its sign changes.
-- Currency: that of the document.
-- custom: none
select
    case
        when json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'DetailType') in ('SalesItemLineDetail', 'DiscountLineDetail')
            then src._key || ':' || json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'Id')
    end as source_id,
    'invoices' as document_entity,
    ref(invoices, "RefundReceipt", src._key) as document_id,
    json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'LineNum') as line_no,
    ref(items, json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'SalesItemLineDetail.ItemRef.value')) as item_id,
    json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'SalesItemLineDetail.AccountRef.value') as ledger_account_id,
    json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'Description') as description,
    to_decimal(json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'SalesItemLineDetail.Qty')) as quantity,
    to_decimal(json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'SalesItemLineDetail.UnitPrice')) as unit_price,
    case json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'DetailType')
        when 'DiscountLineDetail' then -to_decimal(json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'Amount'))
        else to_decimal(json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'Amount'))
    end as amount,
    json_text(src."CurrencyRef", 'value') as currency
from "RefundReceipt" as src
