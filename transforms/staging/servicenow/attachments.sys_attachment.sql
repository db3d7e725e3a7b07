-- One row per file. Grain: sys_id. Joins: none. Of records that are no entity here the file alone is told.
select
    case src.table_name
        when 'incident' then 'tickets'
        when 'sn_customerservice_case' then 'tickets'
        when 'problem' then 'activities'
        when 'change_request' then 'activities'
        when 'customer_account' then 'accounts'
        when 'core_company' then 'accounts'
        when 'customer_contact' then 'contacts'
    end as entity,
    case src.table_name
        when 'incident' then ref(tickets, incident, src.table_sys_id)
        when 'sn_customerservice_case' then ref(tickets, sn_customerservice_case, src.table_sys_id)
        when 'problem' then ref(activities, problem, src.table_sys_id)
        when 'change_request' then ref(activities, change_request, src.table_sys_id)
        when 'customer_account' then ref(accounts, customer_account, src.table_sys_id)
        when 'core_company' then ref(accounts, core_company, src.table_sys_id)
        when 'customer_contact' then ref(contacts, src.table_sys_id)
    end as record_id,
    src.file_name as name,
    src.content_type as mime_type,
    src.size_bytes as size,
    src.sys_created_on as source_created_at
from sys_attachment as src
