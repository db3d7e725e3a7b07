-- One row per appointment that is about a record of an entity. Grain: activityid. Joins: none.
-- custom: none
select
    'activities' as from_entity,
    ref(activities, appointment, src._key) as from_id,
    case src.regarding_type
        when 'account' then 'accounts'
        when 'contact' then 'contacts'
        when 'lead' then 'leads'
        when 'opportunity' then 'deals'
        when 'incident' then 'tickets'
        when 'salesorder' then 'orders'
        when 'quote' then 'orders'
        when 'invoice' then 'invoices'
    end as to_entity,
    case src.regarding_type
        when 'account' then ref(accounts, src."_regardingobjectid_value")
        when 'contact' then ref(contacts, src."_regardingobjectid_value")
        when 'lead' then ref(leads, src."_regardingobjectid_value")
        when 'opportunity' then ref(deals, src."_regardingobjectid_value")
        when 'incident' then ref(tickets, src."_regardingobjectid_value")
        when 'salesorder' then ref(orders, salesorder, src."_regardingobjectid_value")
        when 'quote' then ref(orders, quote, src."_regardingobjectid_value")
        when 'invoice' then ref(invoices, src."_regardingobjectid_value")
    end as to_id,
    'regarding' as role,
    'vendor' as method,
    1 as confidence,
    src.createdon as source_created_at
from appointment as src
where src.regarding_type in ('account', 'contact', 'lead', 'opportunity', 'incident', 'salesorder', 'quote', 'invoice')
    and src."_regardingobjectid_value" is not null
