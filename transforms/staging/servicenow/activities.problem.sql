-- One row per problem: work on what lies behind incidents, which nobody asks for. Grain: sys_id. Joins: sys_choice, for the
-- label of the state.
select
    'task' as type,
    src.short_description as subject,
    src.description as body,
    case when to_decimal(src.state) in (106, 107) then 'completed' else 'open' end as status,
    coalesce(label.label, cast(src.state as varchar)) as source_status,
    src.due_date as due_at,
    case
        when to_decimal(src.state) in (106, 107)
            then coalesce(to_timestamp(src.resolved_at), to_timestamp(src.closed_at))
    end as completed_at,
    ref(users, src.assigned_to) as owner_id,
    src.sys_created_on as source_created_at
from problem as src
left join sys_choice as label
    on label.name = 'problem'
    and label.element = 'state'
    and label.language = 'en'
    and label.value = cast(src.state as varchar)
