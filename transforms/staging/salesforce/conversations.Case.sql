-- One row per case: what is said on a case is its one thread. Grain: Id. Joins: none.
-- custom: none
select
    ref(tickets, src."Id") as ticket_id,
    ref(accounts, src."AccountId") as account_id,
    ref(contacts, src."ContactId") as contact_id,
    src."Subject" as subject,
    case when to_boolean(src."IsClosed") then 'closed' else 'open' end as status,
    src."Status" as source_status,
    ref(users, case when src."OwnerId" like '005%' then src."OwnerId" end) as assignee_id,
    src."CreatedDate" as source_created_at
from "Case" as src
