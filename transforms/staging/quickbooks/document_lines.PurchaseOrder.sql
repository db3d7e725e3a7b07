-- One row per line of a PurchaseOrder: they stand in the document as a list. Grain: Id:line's Id. Joins: none.
-- Subtotals, texts and groups have no amount of their own and make no row. A discount is given above zero: its sign changes.
-- Currency: that of the document.
-- custom: none
select
    case
        when json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'DetailType') in ('ItemBasedExpenseLineDetail', 'AccountBasedExpenseLineDetail')
            then src._key || ':' || json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'Id')
    end as source_id,
    'orders' as document_entity,
    ref(orders, "PurchaseOrder", src._key) as document_id,
    json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'LineNum') as line_no,
    ref(items, coalesce(
        json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'ItemBasedExpenseLineDetail.ItemRef.value'),
        json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'AccountBasedExpenseLineDetail.ItemRef.value')
    )) as item_id,
    coalesce(
        json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'ItemBasedExpenseLineDetail.AccountRef.value'),
        json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'AccountBasedExpenseLineDetail.AccountRef.value')
    ) as ledger_account_id,
    json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'Description') as description,
    to_decimal(coalesce(
        json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'ItemBasedExpenseLineDetail.Qty'),
        json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'AccountBasedExpenseLineDetail.Qty')
    )) as quantity,
    to_decimal(coalesce(
        json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'ItemBasedExpenseLineDetail.UnitPrice'),
        json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'AccountBasedExpenseLineDetail.UnitPrice')
    )) as unit_price,
    to_decimal(json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'Amount')) as amount,
    json_text(src."CurrencyRef", 'value') as currency
from "PurchaseOrder" as src
