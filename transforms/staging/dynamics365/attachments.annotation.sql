-- One row per file that hangs on a note. Grain: annotationid. Joins: none. The content (documentbody) is not read.
select
    case src.objecttypecode
        when 'account' then 'accounts'
        when 'contact' then 'contacts'
        when 'lead' then 'leads'
        when 'opportunity' then 'deals'
        when 'incident' then 'tickets'
        when 'salesorder' then 'orders'
        when 'quote' then 'orders'
        when 'invoice' then 'invoices'
    end as entity,
    case src.objecttypecode
        when 'account' then ref(accounts, src."_objectid_value")
        when 'contact' then ref(contacts, src."_objectid_value")
        when 'lead' then ref(leads, src."_objectid_value")
        when 'opportunity' then ref(deals, src."_objectid_value")
        when 'incident' then ref(tickets, src."_objectid_value")
        when 'salesorder' then ref(orders, salesorder, src."_objectid_value")
        when 'quote' then ref(orders, quote, src."_objectid_value")
        when 'invoice' then ref(invoices, src."_objectid_value")
    end as record_id,
    src.filename as name,
    src.mimetype as mime_type,
    src.filesize as size,
    src.createdon as source_created_at
from annotation as src
where to_boolean(src.isdocument)
