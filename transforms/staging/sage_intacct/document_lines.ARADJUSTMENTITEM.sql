-- One row per line of an adjustment. Grain: RECORDNO. Joins: ARADJUSTMENT, for whether it is a credit; ITEM, whose id the
-- line names. Lines of a credit memo are below nothing there: here they have the sign of the document.
-- Currency: TRX_AMOUNT is in CURRENCY, AMOUNT in the company's base currency. Dimensions are named by people's ids.
select
    'invoices' as document_entity,
    ref(invoices, "ARADJUSTMENT", src."RECORDKEY") as document_id,
    src."LINE_NO" as line_no,
    ref(items, "ITEM", item._key) as item_id,
    ref(ledger_accounts, "GLACCOUNT", src."ACCOUNTKEY") as ledger_account_id,
    src."ENTRYDESCRIPTION" as description,
    case
        when to_decimal(document."TRX_TOTALENTERED") > 0 then to_decimal(src."TRX_AMOUNT")
        else -to_decimal(src."TRX_AMOUNT")
    end as amount,
    src."CURRENCY" as currency,
    case
        when to_decimal(document."TRX_TOTALENTERED") > 0 then to_decimal(src."AMOUNT")
        else -to_decimal(src."AMOUNT")
    end as amount_base,
    case
        when coalesce(src."DEPARTMENTID", src."LOCATIONID", src."CLASSID", src."PROJECTID") is not null
            then json_object(
                'department', src."DEPARTMENTID",
                'location', src."LOCATIONID",
                'class', src."CLASSID",
                'project', src."PROJECTID"
            )
    end as dimensions
from "ARADJUSTMENTITEM" as src
left join "ARADJUSTMENT" as document on document._key = src."RECORDKEY"
left join "ITEM" as item on item."ITEMID" = src."ITEMID"
