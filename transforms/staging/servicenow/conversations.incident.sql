-- One row per incident: its comments and work notes are its one thread. Grain: sys_id. Joins: customer_contact and
-- customer_account, which say whether the caller is a contact and the company an account.
-- custom: none
select
    ref(tickets, incident, src._key) as ticket_id,
    case
        when account._key is not null then ref(accounts, customer_account, src.company)
        else ref(accounts, core_company, src.company)
    end as account_id,
    ref(contacts, caller._key) as contact_id,
    src.short_description as subject,
    case
        when to_decimal(src.state) = 3 then 'pending'
        when to_decimal(src.state) in (6, 7, 8) then 'closed'
        when src.state is null and to_boolean(src.active) = false then 'closed'
        else 'open'
    end as status,
    cast(src.state as varchar) as source_status,
    ref(users, src.assigned_to) as assignee_id,
    src.sys_created_on as source_created_at
from incident as src
left join customer_contact as caller on caller._key = src.caller_id
left join customer_account as account on account._key = src.company
