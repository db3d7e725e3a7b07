-- One row per file of the classic kind. Grain: Id. Joins: none.
-- ParentId points at records of several kinds, told apart by the first three characters of the id.
-- The content (Body) is not read.
select
    case substring(src."ParentId", 1, 3)
        when '001' then 'accounts'
        when '003' then 'contacts'
        when '00Q' then 'leads'
        when '006' then 'deals'
        when '500' then 'tickets'
        when '801' then 'orders'
        when '00T' then 'activities'
        when '00U' then 'activities'
    end as entity,
    case substring(src."ParentId", 1, 3)
        when '001' then ref(accounts, src."ParentId")
        when '003' then ref(contacts, src."ParentId")
        when '00Q' then ref(leads, src."ParentId")
        when '006' then ref(deals, src."ParentId")
        when '500' then ref(tickets, src."ParentId")
        when '801' then ref(orders, "Order", src."ParentId")
        when '00T' then ref(activities, "Task", src."ParentId")
        when '00U' then ref(activities, "Event", src."ParentId")
    end as record_id,
    src."Name" as name,
    src."ContentType" as mime_type,
    src."BodyLength" as size,
    src."CreatedDate" as source_created_at
from "Attachment" as src
