-- One row per ticket. Grain: id. Joins: none. Tickets have no priority of their own.
-- status: by the category of its state, whose name the workspace chooses; one that was closed without being resolved is
-- closed. assignee_id: 0 is nobody.
select
    ref(accounts, src.company_id) as account_id,
    ref(contacts, src.contact_id) as requester_id,
    ref(users, nullif(src.admin_assignee_id, '0')) as assignee_id,
    src.ticket_id as number,
    src."cf__default_title_" as subject,
    src."cf__default_description_" as description,
    case
        when src.state = 'resolved' then 'solved'
        when not to_boolean(src.open) then 'closed'
        when src.state = 'waiting_on_customer' then 'pending'
        else 'open'
    end as status,
    src.state_label as source_status,
    src.created_at as source_created_at
from tickets as src
