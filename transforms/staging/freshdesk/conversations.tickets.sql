-- One row per ticket: what is said on it is its one thread. Grain: id. Joins: none.
-- custom: none
select
    ref(tickets, src._key) as ticket_id,
    ref(accounts, src.company_id) as account_id,
    ref(contacts, src.requester_id) as contact_id,
    src.subject as subject,
    case
        when to_decimal(src.status) in (3, 6, 7) then 'pending'
        when to_decimal(src.status) in (4, 5) then 'closed'
        else 'open'
    end as status,
    src.status as source_status,
    ref(users, src.responder_id) as assignee_id,
    src.created_at as source_created_at
from tickets as src
