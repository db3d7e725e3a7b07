-- One row per case: its comments and work notes are its one thread. Grain: sys_id. Joins: none.
-- custom: none
select
    ref(tickets, sn_customerservice_case, src._key) as ticket_id,
    ref(accounts, customer_account, src.account) as account_id,
    ref(contacts, src.contact) as contact_id,
    src.short_description as subject,
    case
        when to_decimal(src.state) = 18 then 'pending'
        when to_decimal(src.state) in (3, 6, 7) then 'closed'
        when src.state is null and to_boolean(src.active) = false then 'closed'
        else 'open'
    end as status,
    cast(src.state as varchar) as source_status,
    ref(users, src.assigned_to) as assignee_id,
    src.sys_created_on as source_created_at
from sn_customerservice_case as src
