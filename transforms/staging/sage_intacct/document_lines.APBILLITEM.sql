-- One row per line of a bill. Grain: RECORDNO. Joins: ITEM, whose id the line names.
-- Currency: TRX_AMOUNT is in CURRENCY, AMOUNT in the company's base currency. Dimensions are named by people's ids.
select
    'bills' as document_entity,
    ref(bills, "APBILL", src."RECORDKEY") as document_id,
    src."LINE_NO" as line_no,
    ref(items, "ITEM", item._key) as item_id,
    ref(ledger_accounts, "GLACCOUNT", src."ACCOUNTKEY") as ledger_account_id,
    src."ENTRYDESCRIPTION" as description,
    src."TRX_AMOUNT" as amount,
    src."CURRENCY" as currency,
    src."AMOUNT" as amount_base,
    case
        when coalesce(src."DEPARTMENTID", src."LOCATIONID", src."CLASSID", src."PROJECTID") is not null
            then json_object(
                'department', src."DEPARTMENTID",
                'location', src."LOCATIONID",
                'class', src."CLASSID",
                'project', src."PROJECTID"
            )
    end as dimensions
from "APBILLITEM" as src
left join "ITEM" as item on item."ITEMID" = src."ITEMID"
