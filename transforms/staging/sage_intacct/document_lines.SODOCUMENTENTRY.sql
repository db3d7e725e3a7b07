-- One row per line of a quote or order. Grain: RECORDNO. Joins: SODOCUMENT, whose invoices and returns are left out; ITEM,
-- whose id the line names.
-- Currency: prices and values that begin with TRX are in CURRENCY, TOTAL in the company's base currency.
select
    'orders' as document_entity,
    ref(orders, "SODOCUMENT", src."DOCHDRNO") as document_id,
    src."LINE_NO" as line_no,
    ref(items, "ITEM", item._key) as item_id,
    coalesce(src."MEMO", src."ITEMDESC") as description,
    src."QUANTITY" as quantity,
    src."TRX_PRICE" as unit_price,
    src."TRX_VALUE" as amount,
    src."CURRENCY" as currency,
    src."TOTAL" as amount_base,
    case
        when coalesce(src."DEPARTMENTID", src."LOCATIONID", src."PROJECTID") is not null
            then json_object(
                'department', src."DEPARTMENTID",
                'location', src."LOCATIONID",
                'project', src."PROJECTID"
            )
    end as dimensions
from "SODOCUMENTENTRY" as src
left join "SODOCUMENT" as document on document._key = src."DOCHDRNO"
left join "ITEM" as item on item."ITEMID" = src."ITEMID"
where coalesce(document."DOCPARCLASS", 'Order') in ('Order', 'Quote')
