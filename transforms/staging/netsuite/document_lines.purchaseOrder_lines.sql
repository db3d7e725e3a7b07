-- One row per line of a purchase order, without the header's own line (mainline), tax lines and cost-of-goods lines.
-- Grain: transaction:id. Joins: purchaseOrder for the currency's id, currency for the ISO code.
-- The ledger shows what is bought as debits: the signs are those of the document.
-- Currency: foreignamount is in the document's currency, netamount in the subsidiary's.
select
    'orders' as document_entity,
    ref(orders, purchaseOrder, src.transaction) as document_id,
    src.linesequencenumber as line_no,
    ref(items, src.item) as item_id,
    ref(ledger_accounts, src.expenseaccount) as ledger_account_id,
    src.memo as description,
    src.quantity as quantity,
    src.rate as unit_price,
    src.foreignamount as amount,
    money.symbol as currency,
    src.netamount as amount_base,
    case
        when coalesce(src.subsidiary, src.department, src."class", src.location) is not null
            then json_object(
                'subsidiary', src.subsidiary,
                'department', src.department,
                'class', src."class",
                'location', src.location
            )
    end as dimensions,
    src.linelastmodifieddate as source_updated_at
from "purchaseOrder_lines" as src
left join "purchaseOrder" as document on document._key = src.transaction
left join currency as money on money._key = document.currency
where not coalesce(to_boolean(src.mainline), false)
    and not coalesce(to_boolean(src.taxline), false)
    and not coalesce(to_boolean(src.iscogs), false)
