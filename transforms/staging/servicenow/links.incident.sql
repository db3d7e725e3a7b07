-- One row per incident whose caller is an employee: a user, and no contact. Grain: sys_id. Joins: customer_contact, where
-- the others stand.
-- custom: none
select
    'tickets' as from_entity,
    ref(tickets, incident, src._key) as from_id,
    'users' as to_entity,
    ref(users, src.caller_id) as to_id,
    'requester' as role,
    'vendor' as method,
    1 as confidence,
    src.sys_created_on as source_created_at
from incident as src
left join customer_contact as caller on caller._key = src.caller_id
where nullif(src.caller_id, '') is not null and caller._key is null
