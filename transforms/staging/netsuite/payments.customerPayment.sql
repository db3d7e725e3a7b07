-- One row per customer payment. Grain: id. Joins: currency, for the ISO code.
-- Currency: the foreign amounts are in the payment's own currency; exchangerate turns them into the subsidiary's.
-- status: letters, which some answers give after the type, as in CustPymt:C. A unapproved, B and C booked, V voided.
-- Which documents it pays is not on the payment; paymentmethod is an id without a name.
select
    'in' as direction,
    ref(accounts, customer, src.entity) as account_id,
    src.trandate as paid_on,
    case
        when to_boolean(src.voided) then 'void'
        when right(src.status, 1) = 'A' then 'pending'
        when right(src.status, 1) in ('B', 'C') then 'settled'
        when right(src.status, 1) = 'V' then 'void'
    end as status,
    src.status as source_status,
    abs(to_decimal(src.foreigntotal)) as amount,
    money.symbol as currency,
    src.exchangerate as fx_rate,
    abs(cast(src.foreigntotal as decimal(18, 4))) * cast(src.exchangerate as decimal(18, 8)) as amount_base,
    coalesce(src.otherrefnum, src.tranid) as reference,
    src.createddate as source_created_at
from "customerPayment" as src
left join currency as money on money._key = src.currency
