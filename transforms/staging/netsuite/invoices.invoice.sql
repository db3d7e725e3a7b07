-- One row per invoice. Grain: id. Joins: currency, for the ISO code.
-- Currency: the foreign amounts are in the invoice's own currency; exchangerate turns them into the subsidiary's.
-- status: letters, which some answers give after the type, as in CustInvc:A.
-- A open, B paid in full, D pending approval, E rejected, V voided. A voided one keeps its row and its amounts.
-- paid_at: closedate, the day the last of it was settled.
select
    ref(accounts, customer, src.entity) as account_id,
    src.tranid as number,
    'standard' as doc_type,
    src.trandate as issue_date,
    src.duedate as due_date,
    case
        when to_boolean(src.voided) then 'void'
        when right(src.status, 1) = 'A' then 'open'
        when right(src.status, 1) = 'B' then 'paid'
        when right(src.status, 1) = 'D' then 'draft'
        when right(src.status, 1) in ('E', 'V') then 'void'
    end as status,
    src.status as source_status,
    money.symbol as currency,
    src.exchangerate as fx_rate,
    src.foreigntotal as total,
    cast(src.foreigntotal as decimal(18, 4)) * cast(src.exchangerate as decimal(18, 8)) as total_base,
    src.foreignamountunpaid as balance,
    cast(src.foreignamountunpaid as decimal(18, 4)) * cast(src.exchangerate as decimal(18, 8)) as balance_base,
    case when right(src.status, 1) = 'B' then src.closedate end as paid_at,
    src.memo as memo,
    src.createddate as source_created_at
from invoice as src
left join currency as money on money._key = src.currency
