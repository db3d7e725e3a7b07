-- One row per order. Grain: salesorderid.
-- Joins: transactioncurrency for the ISO code, stringmap for the label of the status.
-- Currency: the document's own. exchangerate says how many of it are one of the base currency; fx_rate is the inverse.
select
    ref(accounts, src."_accountid_value") as account_id,
    src.ordernumber as number,
    'sales' as type,
    case to_decimal(src.statecode)
        when 0 then 'open'
        when 1 then 'open'
        when 2 then 'cancelled'
        when 3 then 'fulfilled'
        when 4 then 'closed'
    end as status,
    label.value as source_status,
    coalesce(to_date(src.submitdate), cast(to_timestamp(src.createdon) as date)) as order_date,
    src.requestdeliveryby as promised_date,
    to_decimal(src.totalamount) - coalesce(to_decimal(src.totaltax), 0) as subtotal,
    src.totaltax as tax,
    src.totalamount as total,
    money.isocurrencycode as currency,
    1 / nullif(to_decimal(src.exchangerate), 0) as fx_rate,
    src.totalamount_base as total_base,
    ref(deals, src."_opportunityid_value") as deal_id,
    src.createdon as source_created_at
from salesorder as src
left join transactioncurrency as money on money._key = src."_transactioncurrencyid_value"
left join stringmap as label
    on label.objecttypecode = 'salesorder'
    and label.attributename = 'statuscode'
    and to_decimal(label.attributevalue) = to_decimal(src.statuscode)
