-- One row per purchase order. Grain: id. Joins: currency, for the ISO code.
-- Currency: the foreign amounts are in the order's own currency; exchangerate turns them into the subsidiary's.
-- A total that the ledger shows as a credit is positive here.
-- status: letters, which some answers give after the type, as in PurchOrd:B.
-- A pending approval, B pending receipt, C rejected, D partly received, E partly received and billed,
-- F pending bill, G billed, H closed.
select
    ref(accounts, vendor, src.entity) as account_id,
    src.tranid as number,
    'purchase' as type,
    case
        when to_boolean(src.voided) then 'cancelled'
        when right(src.status, 1) = 'A' then 'draft'
        when right(src.status, 1) in ('B', 'D', 'E') then 'open'
        when right(src.status, 1) = 'F' then 'fulfilled'
        when right(src.status, 1) in ('G', 'H') then 'closed'
        when right(src.status, 1) in ('C', 'V') then 'cancelled'
    end as status,
    src.status as source_status,
    src.trandate as order_date,
    src.duedate as promised_date,
    abs(to_decimal(src.foreigntotal)) as total,
    money.symbol as currency,
    src.exchangerate as fx_rate,
    abs(cast(src.foreigntotal as decimal(18, 4))) * cast(src.exchangerate as decimal(18, 8)) as total_base,
    src.createddate as source_created_at
from "purchaseOrder" as src
left join currency as money on money._key = src.currency
