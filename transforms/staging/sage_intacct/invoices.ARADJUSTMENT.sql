-- One row per adjustment of accounts receivable. Grain: RECORDNO. Joins: CUSTOMER, whose id the document names.
-- doc_type: a credit memo comes to less than nothing there, a debit memo to more; amounts are positive here.
-- Currency: amounts that begin with TRX are in CURRENCY, the others in the company's base currency.
select
    ref(accounts, "CUSTOMER", party._key) as account_id,
    coalesce(src."RECORDID", src."DOCNUMBER") as number,
    case when to_decimal(src."TRX_TOTALENTERED") > 0 then 'standard' else 'credit' end as doc_type,
    src."WHENCREATED" as issue_date,
    case when to_decimal(src."TRX_TOTALENTERED") > 0 then src."WHENDUE" end as due_date,
    case
        when src."STATE" in ('Draft', 'Submitted', 'Partially Approved') then 'draft'
        when src."STATE" in ('Posted', 'Approved', 'Selected', 'Partially Paid', 'Partially Selected') then 'open'
        when src."STATE" = 'Paid' then 'paid'
        when src."STATE" in ('Declined', 'Reversed', 'Reversal', 'Voided') then 'void'
    end as status,
    src."STATE" as source_status,
    src."CURRENCY" as currency,
    src."EXCHANGE_RATE" as fx_rate,
    abs(to_decimal(src."TRX_TOTALENTERED")) as total,
    abs(to_decimal(src."TOTALENTERED")) as total_base,
    abs(to_decimal(src."TRX_TOTALDUE")) as balance,
    abs(to_decimal(src."TOTALDUE")) as balance_base,
    case when src."STATE" = 'Paid' then cast(src."WHENPAID" as timestamptz) end as paid_at,
    src."DESCRIPTION" as memo,
    src."AUWHENCREATED" as source_created_at
from "ARADJUSTMENT" as src
left join "CUSTOMER" as party on party."CUSTOMERID" = src."CUSTOMERID"
