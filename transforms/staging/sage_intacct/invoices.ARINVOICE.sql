-- One row per invoice of accounts receivable. Grain: RECORDNO. Joins: CUSTOMER, whose id the document names.
-- issue_date: WHENCREATED is the day of the document; AUWHENCREATED tells when it was entered.
-- Currency: amounts that begin with TRX are in CURRENCY, the others in the company's base currency.
select
    ref(accounts, "CUSTOMER", party._key) as account_id,
    coalesce(src."RECORDID", src."DOCNUMBER") as number,
    'standard' as doc_type,
    src."WHENCREATED" as issue_date,
    src."WHENDUE" as due_date,
    case
        when src."STATE" in ('Draft', 'Submitted', 'Partially Approved') then 'draft'
        when src."STATE" in ('Posted', 'Approved', 'Selected', 'Partially Paid', 'Partially Selected') then 'open'
        when src."STATE" = 'Paid' then 'paid'
        when src."STATE" in ('Declined', 'Reversed', 'Reversal', 'Voided') then 'void'
    end as status,
    src."STATE" as source_status,
    src."CURRENCY" as currency,
    src."EXCHANGE_RATE" as fx_rate,
    src."TRX_TOTALENTERED" as total,
    src."TOTALENTERED" as total_base,
    src."TRX_TOTALDUE" as balance,
    src."TOTALDUE" as balance_base,
    case when src."STATE" = 'Paid' then cast(src."WHENPAID" as timestamptz) end as paid_at,
    src."DESCRIPTION" as memo,
    src."AUWHENCREATED" as source_created_at
from "ARINVOICE" as src
left join "CUSTOMER" as party on party."CUSTOMERID" = src."CUSTOMERID"
