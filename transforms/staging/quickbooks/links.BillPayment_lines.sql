-- What a payment pays: one row per document of it. Grain: Document:TxnId. Joins: BillPayment, for the currency.
-- Currency: that of the payment.
-- custom: none
select
    'payments' as from_entity,
    ref(payments, "BillPayment", src."Document") as from_id,
    'bills' as to_entity,
    ref(bills, "Bill", src."TxnId") as to_id,
    'allocation' as role,
    src."Amount" as amount,
    json_text(payment."CurrencyRef", 'value') as currency,
    'vendor' as method,
    1 as confidence,
    payment."LastUpdatedTime" as source_updated_at
from "BillPayment_lines" as src
left join "BillPayment" as payment on payment._key = src."Document"
where src."TxnType" = 'Bill'
