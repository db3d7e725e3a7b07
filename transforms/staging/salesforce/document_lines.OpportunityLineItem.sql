-- One row per product of an opportunity. Grain: Id. Joins: none.
-- Currency: CurrencyIsoCode, which only orgs with several currencies have.
select
    'deals' as document_entity,
    ref(deals, src."OpportunityId") as document_id,
    src."SortOrder" as line_no,
    ref(items, src."Product2Id") as item_id,
    coalesce(src."Description", src."Name") as description,
    src."Quantity" as quantity,
    src."UnitPrice" as unit_price,
    src."TotalPrice" as amount,
    src."CurrencyIsoCode" as currency,
    src."CreatedDate" as source_created_at
from "OpportunityLineItem" as src
