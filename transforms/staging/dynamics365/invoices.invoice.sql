-- One row per invoice. Grain: invoiceid.
-- Joins: transactioncurrency for the ISO code, stringmap for the label of the status.
-- What is still owed and when it was paid are not told. An invoice has no date of its own: it is issued when it is made.
-- Currency: the document's own. exchangerate says how many of it are one of the base currency; fx_rate is the inverse.
select
    ref(accounts, src."_accountid_value") as account_id,
    src.invoicenumber as number,
    'standard' as doc_type,
    cast(to_timestamp(src.createdon) as date) as issue_date,
    src.duedate as due_date,
    case
        when to_decimal(src.statecode) in (1, 2) then 'paid'
        when to_decimal(src.statecode) = 3 then 'void'
        else 'open'
    end as status,
    label.value as source_status,
    to_decimal(src.totalamount) - coalesce(to_decimal(src.totaltax), 0) as subtotal,
    src.totaltax as tax,
    src.totalamount as total,
    money.isocurrencycode as currency,
    1 / nullif(to_decimal(src.exchangerate), 0) as fx_rate,
    src.totalamount_base as total_base,
    src.description as memo,
    src.createdon as source_created_at
from invoice as src
left join transactioncurrency as money on money._key = src."_transactioncurrencyid_value"
left join stringmap as label
    on label.objecttypecode = 'invoice'
    and label.attributename = 'statuscode'
    and to_decimal(label.attributevalue) = to_decimal(src.statuscode)
