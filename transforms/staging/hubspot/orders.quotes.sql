-- One row per quote. Grain: id. Joins: none. Currency: hs_currency.
-- Account and deal of a quote are associations that are not read yet.
select
    src.hs_quote_number as number,
    'quote' as type,
    case
        when src.hs_status in ('DRAFT', 'MINIMAL_DRAFT', 'PENDING_APPROVAL') then 'draft'
        when src.hs_status in ('APPROVED', 'APPROVAL_NOT_NEEDED') then 'open'
        when src.hs_status = 'REJECTED' then 'cancelled'
    end as status,
    src.hs_status as source_status,
    src.hs_createdate as order_date,
    src.hs_expiration_date as promised_date,
    src.hs_quote_amount as total,
    src.hs_currency as currency,
    src.hs_createdate as source_created_at
from quotes as src
