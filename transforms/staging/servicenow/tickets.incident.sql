-- One row per incident. Grain: sys_id. Joins: customer_contact and customer_account, which say whether the caller is a
-- contact and the company an account; sys_choice, for the label of the state.
-- A caller may be an employee, who is a user: see links. status: the standard states, which an instance may add to.
select
    case
        when account._key is not null then ref(accounts, customer_account, src.company)
        else ref(accounts, core_company, src.company)
    end as account_id,
    ref(contacts, caller._key) as requester_id,
    ref(users, src.assigned_to) as assignee_id,
    src.number as number,
    src.short_description as subject,
    src.description as description,
    case
        when to_decimal(src.state) = 3 then 'pending'
        when to_decimal(src.state) = 6 then 'solved'
        when to_decimal(src.state) in (7, 8) then 'closed'
        when src.state is null and to_boolean(src.active) = false then 'closed'
        else 'open'
    end as status,
    coalesce(label.label, cast(src.state as varchar)) as source_status,
    case to_decimal(src.priority)
        when 1 then 'urgent'
        when 2 then 'high'
        when 3 then 'normal'
        when 4 then 'low'
        when 5 then 'low'
    end as priority,
    cast(src.priority as varchar) as source_priority,
    case
        when src.contact_type in ('email', 'phone', 'chat', 'web') then src.contact_type
        when src.contact_type in ('self-service', 'virtual_agent') then 'web'
        when src.contact_type in ('integration', 'monitoring') then 'api'
        when nullif(src.contact_type, '') is not null then 'other'
    end as channel,
    case
        when to_decimal(src.state) in (6, 7, 8)
            then coalesce(to_timestamp(src.resolved_at), to_timestamp(src.closed_at))
    end as solved_at,
    src.due_date as due_at,
    src.sys_created_on as source_created_at
from incident as src
left join customer_contact as caller on caller._key = src.caller_id
left join customer_account as account on account._key = src.company
left join sys_choice as label
    on label.name = 'incident'
    and label.element = 'state'
    and label.language = 'en'
    and label.value = cast(src.state as varchar)
