-- One row per vendor credit. Grain: id. Joins: currency, for the ISO code.
-- Currency: the foreign amounts are in the credit's own currency; exchangerate turns them into the subsidiary's.
-- balance: what is not applied yet, which accounts show under one or the other name.
-- status: letters, which some answers give after the type, as in VendCred:A. A open, B fully applied, V voided.
select
    ref(accounts, vendor, src.entity) as account_id,
    src.tranid as number,
    'credit' as doc_type,
    src.trandate as issue_date,
    case
        when to_boolean(src.voided) then 'void'
        when right(src.status, 1) = 'A' then 'open'
        when right(src.status, 1) = 'B' then 'paid'
        when right(src.status, 1) = 'V' then 'void'
    end as status,
    src.status as source_status,
    money.symbol as currency,
    src.exchangerate as fx_rate,
    abs(to_decimal(src.foreigntotal)) as total,
    abs(cast(src.foreigntotal as decimal(18, 4))) * cast(src.exchangerate as decimal(18, 8)) as total_base,
    abs(coalesce(to_decimal(src.foreignpaymentamountunused), to_decimal(src.foreignamountunpaid))) as balance,
    abs(cast(coalesce(to_decimal(src.foreignpaymentamountunused), to_decimal(src.foreignamountunpaid)) as decimal(18, 4)))
    * cast(src.exchangerate as decimal(18, 8)) as balance_base,
    case when right(src.status, 1) = 'B' then src.closedate end as paid_at,
    src.memo as memo,
    src.createddate as source_created_at
from "vendorCredit" as src
left join currency as money on money._key = src.currency
