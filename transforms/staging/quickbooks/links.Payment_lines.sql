-- What a payment pays: one row per document of it. Grain: Document:TxnId. Joins: Payment, for the currency.
-- Currency: that of the payment.
-- custom: none
select
    'payments' as from_entity,
    ref(payments, "Payment", src."Document") as from_id,
    'invoices' as to_entity,
    ref(invoices, "Invoice", src."TxnId") as to_id,
    'allocation' as role,
    src."Amount" as amount,
    json_text(payment."CurrencyRef", 'value') as currency,
    'vendor' as method,
    1 as confidence,
    payment."LastUpdatedTime" as source_updated_at
from "Payment_lines" as src
left join "Payment" as payment on payment._key = src."Document"
where src."TxnType" = 'Invoice'
