-- What a payment pays: a bill. Grain: RECORDNO. Joins: none.
-- Currency: that of the payment.
-- custom: none
select
    'payments' as from_entity,
    ref(payments, "APPYMT", src."PAYMENTKEY") as from_id,
    'bills' as to_entity,
    ref(bills, "APBILL", src."RECORDKEY") as to_id,
    'allocation' as role,
    src."TRX_PAYMENTAMOUNT" as amount,
    src."CURRENCY" as currency,
    'vendor' as method,
    1 as confidence
from "APPYMTDETAIL" as src
where src."RECORDKEY" is not null
