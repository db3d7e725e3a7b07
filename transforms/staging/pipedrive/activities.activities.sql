-- One row per activity. Grain: id. Joins: none. Each company edits its types; what is none of the first ones is a task.
-- Due day and time are in UTC; calls and meetings begin then, tasks are due.
select
    case
        when src.type = 'call' then 'call'
        when src.type = 'email' then 'email'
        when src.type in ('meeting', 'lunch') then 'meeting'
        else 'task'
    end as type,
    src.subject as subject,
    src.note as body,
    case when to_boolean(src.done) then 'completed' else 'open' end as status,
    src.type as source_status,
    case
        when src.type in ('call', 'email', 'meeting', 'lunch') then to_timestamp(
            cast(src.due_date as varchar) || ' ' || substring(coalesce(src.due_time, '00:00'), 1, 5) || ':00'
        )
    end as starts_at,
    case
        when coalesce(src.type, 'task') not in ('call', 'email', 'meeting', 'lunch') then to_timestamp(
            cast(src.due_date as varchar) || ' ' || substring(coalesce(src.due_time, '00:00'), 1, 5) || ':00'
        )
    end as due_at,
    src.marked_as_done_time as completed_at,
    ref(users, src.owner_id) as owner_id,
    src.add_time as source_created_at
from activities as src
