-- One row per payment. Grain: RECORDNO. Joins: VENDOR, whose id the payment names; one payment for several of them names none.
-- Currency: amounts that begin with TRX are in CURRENCY, the others in the company's base currency.
-- What it pays: links.APPYMTDETAIL.sql.
select
    'out' as direction,
    ref(accounts, "VENDOR", party._key) as account_id,
    coalesce(src."WHENPAID", src."PAYMENTDATE") as paid_on,
    case
        when src."STATE" in ('Complete', 'Confirmed', 'Posted', 'Paid', 'Reconciled', 'Delivered') then 'settled'
        when src."STATE" in ('Voided', 'Void', 'Reversed', 'Reversal', 'Declined') then 'void'
        when src."STATE" is not null then 'pending'
    end as status,
    src."STATE" as source_status,
    src."TRX_TOTALENTERED" as amount,
    src."CURRENCY" as currency,
    src."EXCHANGE_RATE" as fx_rate,
    src."TOTALENTERED" as amount_base,
    src."PAYMENTMETHOD" as method,
    coalesce(src."DOCNUMBER", src."RECORDID") as reference,
    src."AUWHENCREATED" as source_created_at
from "APPYMT" as src
left join "VENDOR" as party on party."VENDORID" = src."VENDORID"
