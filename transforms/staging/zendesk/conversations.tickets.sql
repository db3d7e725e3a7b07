-- One row per ticket: what is said on it is its one thread. Grain: id. Joins: none.
-- custom: none
select
    ref(tickets, src._key) as ticket_id,
    ref(accounts, src.organization_id) as account_id,
    ref(contacts, src.requester_id) as contact_id,
    coalesce(src.raw_subject, src.subject) as subject,
    case
        when src.status in ('pending', 'hold') then 'pending'
        when src.status in ('solved', 'closed', 'deleted') then 'closed'
        else 'open'
    end as status,
    src.status as source_status,
    ref(users, src.assignee_id) as assignee_id,
    src.created_at as source_created_at
from tickets as src
