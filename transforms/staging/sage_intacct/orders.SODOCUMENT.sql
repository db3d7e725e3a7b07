-- One row per quote or order of order entry; its invoices and returns stand in accounts receivable, too, and are left out.
-- Grain: RECORDNO. Joins: CUSTOMER, whose id the document names.
-- type: DOCPARCLASS is the class of the company's own transaction definition, which DOCPARID names.
-- Currency: amounts that begin with TRX are in CURRENCY, the others in the company's base currency.
select
    ref(accounts, "CUSTOMER", party._key) as account_id,
    src."DOCNO" as number,
    case src."DOCPARCLASS" when 'Quote' then 'quote' else 'sales' end as type,
    case
        when src."STATE" in ('Draft', 'Submitted', 'Partially Approved') then 'draft'
        when src."STATE" in ('Pending', 'Approved', 'In Progress', 'Partially Converted') then 'open'
        when src."STATE" in ('Converted', 'Closed') then 'closed'
        when src."STATE" = 'Declined' then 'cancelled'
    end as status,
    src."STATE" as source_status,
    src."WHENCREATED" as order_date,
    src."WHENDUE" as promised_date,
    src."TRX_SUBTOTAL" as subtotal,
    src."TRX_TOTAL" as total,
    src."CURRENCY" as currency,
    src."EXCHRATE" as fx_rate,
    src."TOTAL" as total_base,
    src."AUWHENCREATED" as source_created_at
from "SODOCUMENT" as src
left join "CUSTOMER" as party on party."CUSTOMERID" = src."CUSTVENDID"
where coalesce(src."DOCPARCLASS", 'Order') in ('Order', 'Quote')
