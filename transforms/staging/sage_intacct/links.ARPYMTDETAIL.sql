-- What a payment pays: an invoice, or an adjustment that adds to what is owed. Grain: RECORDNO. Joins: ARINVOICE and
-- ARADJUSTMENT, which share their keys, for which of them it is.
-- Currency: that of the payment.
-- custom: none
select
    'payments' as from_entity,
    ref(payments, "ARPYMT", src."PAYMENTKEY") as from_id,
    'invoices' as to_entity,
    case
        when invoice._key is not null then ref(invoices, "ARINVOICE", invoice._key)
        else ref(invoices, "ARADJUSTMENT", adjustment._key)
    end as to_id,
    'allocation' as role,
    src."TRX_PAYMENTAMOUNT" as amount,
    src."CURRENCY" as currency,
    'vendor' as method,
    1 as confidence
from "ARPYMTDETAIL" as src
left join "ARINVOICE" as invoice on invoice._key = src."RECORDKEY"
left join "ARADJUSTMENT" as adjustment on adjustment._key = src."RECORDKEY"
where coalesce(invoice._key, adjustment._key) is not null
