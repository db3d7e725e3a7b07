-- One row per line of a vendor credit, without the header's own line (mainline), tax lines and cost-of-goods lines.
-- Grain: transaction:id. Joins: vendorCredit for the currency's id, currency for the ISO code.
-- The ledger shows what is given back as credits: quantities and amounts change their sign here.
-- Currency: foreignamount is in the document's currency, netamount in the subsidiary's.
select
    'bills' as document_entity,
    ref(bills, vendorCredit, src.transaction) as document_id,
    src.linesequencenumber as line_no,
    ref(items, src.item) as item_id,
    ref(ledger_accounts, src.expenseaccount) as ledger_account_id,
    src.memo as description,
    -to_decimal(src.quantity) as quantity,
    src.rate as unit_price,
    -to_decimal(src.foreignamount) as amount,
    money.symbol as currency,
    -to_decimal(src.netamount) as amount_base,
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
from "vendorCredit_lines" as src
left join "vendorCredit" as document on document._key = src.transaction
left join currency as money on money._key = document.currency
where not coalesce(to_boolean(src.mainline), false)
    and not coalesce(to_boolean(src.taxline), false)
    and not coalesce(to_boolean(src.iscogs), false)
