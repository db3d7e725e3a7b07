-- One row per ticket: what is said on it is a thread of its own. Grain: id. Joins: none.
-- custom: none
select
    ref(channels, nullif(src.team_assignee_id, '0')) as channel_id,
    ref(tickets, tickets, src._key) as ticket_id,
    ref(accounts, src.company_id) as account_id,
    ref(contacts, src.contact_id) as contact_id,
    src."cf__default_title_" as subject,
    case
        when src.state = 'resolved' or not to_boolean(src.open) then 'closed'
        when src.state = 'waiting_on_customer' then 'pending'
        else 'open'
    end as status,
    src.state_label as source_status,
    ref(users, nullif(src.admin_assignee_id, '0')) as assignee_id,
    src.created_at as source_created_at
from tickets as src
