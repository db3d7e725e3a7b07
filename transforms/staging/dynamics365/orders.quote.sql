-- One row per quote. Grain: quoteid. Joins: transactioncurrency for the ISO code, stringmap for the label of the status.
-- A closed quote was lost, cancelled or revised.
-- Currency: the document's own. exchangerate says how many of it are one of the base currency; fx_rate is the inverse.
select
    ref(accounts, src."_accountid_value") as account_id,
    src.quotenumber as number,
    'quote' as type,
    case to_decimal(src.statecode)
        when 0 then 'draft'
        when 1 then 'open'
        when 2 then 'closed'
        when 3 then 'cancelled'
    end as status,
    label.value as source_status,
    cast(to_timestamp(src.createdon) as date) as order_date,
    src.effectiveto as promised_date,
    to_decimal(src.totalamount) - coalesce(to_decimal(src.totaltax), 0) as subtotal,
    src.totaltax as tax,
    src.totalamount as total,
    money.isocurrencycode as currency,
    1 / nullif(to_decimal(src.exchangerate), 0) as fx_rate,
    src.totalamount_base as total_base,
    ref(deals, src."_opportunityid_value") as deal_id,
    src.createdon as source_created_at
from quote as src
left join transactioncurrency as money on money._key = src."_transactioncurrencyid_value"
left join stringmap as label
    on label.objecttypecode = 'quote'
    and label.attributename = 'statuscode'
    and to_decimal(label.attributevalue) = to_decimal(src.statuscode)
