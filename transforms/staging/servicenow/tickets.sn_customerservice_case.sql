-- One row per case of customer service. Grain: sys_id. Joins: sys_choice, for the label of the state.
-- status: the standard states; 18 waits for the customer.
select
    ref(accounts, customer_account, src.account) as account_id,
    ref(contacts, src.contact) as requester_id,
    ref(users, src.assigned_to) as assignee_id,
    src.number as number,
    src.short_description as subject,
    src.description as description,
    case
        when to_decimal(src.state) = 18 then 'pending'
        when to_decimal(src.state) = 6 then 'solved'
        when to_decimal(src.state) in (3, 7) then 'closed'
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
    src.first_response_time as first_response_at,
    case
        when to_decimal(src.state) in (3, 6, 7)
            then coalesce(to_timestamp(src.resolved_at), to_timestamp(src.closed_at))
    end as solved_at,
    src.due_date as due_at,
    src.sys_created_on as source_created_at
from sn_customerservice_case as src
left join sys_choice as label
    on label.name = 'sn_customerservice_case'
    and label.element = 'state'
    and label.language = 'en'
    and label.value = cast(src.state as varchar)
