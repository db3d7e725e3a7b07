-- One row per line of a Bill that has an amount of its own; texts and groups have none.
-- Grain: Document:Id. Joins: Bill, for the currency.
-- Currency: that of the document.
select
    'bills' as document_entity,
    ref(bills, "Bill", src."Document") as document_id,
    src."LineNum" as line_no,
    ref(items, json_text(src."ItemBasedExpenseLineDetail", 'ItemRef.value')) as item_id,
    ref(ledger_accounts, json_text(src."AccountBasedExpenseLineDetail", 'AccountRef.value')) as ledger_account_id,
    src."Description" as description,
    to_decimal(json_text(src."ItemBasedExpenseLineDetail", 'Qty')) as quantity,
    to_decimal(json_text(src."ItemBasedExpenseLineDetail", 'UnitPrice')) as unit_price,
    src."Amount" as amount,
    json_text(document."CurrencyRef", 'value') as currency,
    case when coalesce(
        json_text(src."ItemBasedExpenseLineDetail", 'ClassRef.value'),
        json_text(src."AccountBasedExpenseLineDetail", 'ClassRef.value')
    ) is not null then json_object('class', coalesce(
        json_text(src."ItemBasedExpenseLineDetail", 'ClassRef.value'),
        json_text(src."AccountBasedExpenseLineDetail", 'ClassRef.value')
    )) end as dimensions,
    document."LastUpdatedTime" as source_updated_at
from "Bill_lines" as src
left join "Bill" as document on document._key = src."Document"
where src."DetailType" in ('ItemBasedExpenseLineDetail', 'AccountBasedExpenseLineDetail')
