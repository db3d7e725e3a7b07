-- One row per purchase order. Grain: PurchaseOrderID. Joins: none.
-- Currency: CurrencyCode; CurrencyRate tells units of it for one of the base currency, so that base amounts are divided.
select
    ref(accounts, json_text(src."Contact", 'ContactID')) as account_id,
    src."PurchaseOrderNumber" as number,
    'purchase' as type,
    case src."Status"
        when 'DRAFT' then 'draft'
        when 'SUBMITTED' then 'draft'
        when 'AUTHORISED' then 'open'
        when 'BILLED' then 'closed'
        when 'DELETED' then 'cancelled'
    end as status,
    src."Status" as source_status,
    src."Date" as order_date,
    coalesce(src."ExpectedArrivalDate", src."DeliveryDate") as promised_date,
    src."SubTotal" as subtotal,
    src."TotalTax" as tax,
    src."Total" as total,
    src."CurrencyCode" as currency,
    1 / nullif(cast(src."CurrencyRate" as decimal(18, 8)), 0) as fx_rate,
    cast(src."Total" as decimal(18, 4)) / coalesce(nullif(cast(src."CurrencyRate" as decimal(18, 8)), 0), 1) as total_base
from "PurchaseOrders" as src
