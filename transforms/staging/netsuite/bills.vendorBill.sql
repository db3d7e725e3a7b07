-- One row per vendor bill. Grain: id. Joins: currency, for the ISO code.
-- Currency: the foreign amounts are in the bill's own currency; exchangerate turns them into the subsidiary's.
-- The ledger shows a bill as a credit, below zero; amounts are positive here.
-- status: letters, which some answers give after the type, as in VendBill:A.
-- A open, B paid in full, C cancelled, D pending approval, E rejected, V voided.
-- paid_at: closedate, the day the last of it was settled.
select
    ref(accounts, vendor, src.entity) as account_id,
    src.tranid as number,
    'standard' as doc_type,
    src.trandate as issue_date,
    src.duedate as due_date,
    case
        when to_boolean(src.voided) then 'void'
        when right(src.status, 1) = 'A' then 'open'
        when right(src.status, 1) = 'B' then 'paid'
        when right(src.status, 1) = 'D' then 'draft'
        when right(src.status, 1) in ('C', 'E', 'V') then 'void'
    end as status,
    src.status as source_status,
    money.symbol as currency,
    src.exchangerate as fx_rate,
    abs(to_decimal(src.foreigntotal)) as total,
    abs(cast(src.foreigntotal as decimal(18, 4))) * cast(src.exchangerate as decimal(18, 8)) as total_base,
    abs(to_decimal(src.foreignamountunpaid)) as balance,
    abs(cast(src.foreignamountunpaid as decimal(18, 4))) * cast(src.exchangerate as decimal(18, 8)) as balance_base,
    case when right(src.status, 1) = 'B' then src.closedate end as paid_at,
    src.memo as memo,
    src.createddate as source_created_at
from "vendorBill" as src
left join currency as money on money._key = src.currency
