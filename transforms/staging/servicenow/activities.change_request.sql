-- One row per change: planned work. Grain: sys_id. Joins: sys_choice, for the label of the state.
select
    'task' as type,
    src.short_description as subject,
    src.description as body,
    case
        when to_decimal(src.state) = 3 then 'completed'
        when to_decimal(src.state) = 4 then 'cancelled'
        else 'open'
    end as status,
    coalesce(label.label, cast(src.state as varchar)) as source_status,
    src.start_date as starts_at,
    src.end_date as ends_at,
    src.due_date as due_at,
    case when to_decimal(src.state) = 3 then src.closed_at end as completed_at,
    ref(users, src.assigned_to) as owner_id,
    src.sys_created_on as source_created_at
from change_request as src
left join sys_choice as label
    on label.name = 'change_request'
    and label.element = 'state'
    and label.language = 'en'
    and label.value = cast(src.state as varchar)
