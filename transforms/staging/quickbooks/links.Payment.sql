-- What a payment pays: one row per line that names a document. Grain: Id:place of the line. Joins: none.
-- Currency: that of the payment.
-- custom: none
select
    case
        when json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'LinkedTxn[0].TxnType') = 'Invoice'
            then src._key || ':' || json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'LinkedTxn[0].TxnId')
    end as source_id,
    'payments' as from_entity,
    ref(payments, "Payment", src._key) as from_id,
    'invoices' as to_entity,
    ref(invoices, "Invoice", json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'LinkedTxn[0].TxnId')) as to_id,
    'allocation' as role,
    to_decimal(json_text(unnest(json_extract(case when json_valid(src."Line") then src."Line" end, '$[*]')), 'Amount')) as amount,
    json_text(src."CurrencyRef", 'value') as currency,
    'vendor' as method,
    1 as confidence
from "Payment" as src
