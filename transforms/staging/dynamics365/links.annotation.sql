-- One row per annotation that is about a record of an entity. Grain: annotationid. Joins: none.
-- custom: none
select
    'activities' as from_entity,
    ref(activities, annotation, src._key) as from_id,
    case src.objecttypecode
        when 'account' then 'accounts'
        when 'contact' then 'contacts'
        when 'lead' then 'leads'
        when 'opportunity' then 'deals'
        when 'incident' then 'tickets'
        when 'salesorder' then 'orders'
        when 'quote' then 'orders'
        when 'invoice' then 'invoices'
    end as to_entity,
    case src.objecttypecode
        when 'account' then ref(accounts, src."_objectid_value")
        when 'contact' then ref(contacts, src."_objectid_value")
        when 'lead' then ref(leads, src."_objectid_value")
        when 'opportunity' then ref(deals, src."_objectid_value")
        when 'incident' then ref(tickets, src."_objectid_value")
        when 'salesorder' then ref(orders, salesorder, src."_objectid_value")
        when 'quote' then ref(orders, quote, src."_objectid_value")
        when 'invoice' then ref(invoices, src."_objectid_value")
    end as to_id,
    'regarding' as role,
    'vendor' as method,
    1 as confidence,
    src.createdon as source_created_at
from annotation as src
where src.objecttypecode in ('account', 'contact', 'lead', 'opportunity', 'incident', 'salesorder', 'quote', 'invoice')
    and src."_objectid_value" is not null
