-- One row per task. Grain: id. Joins: none.
-- hs_timestamp is when a task is due, not when it happened; hs_task_type CALL is a task to call, not a call.
select
    'task' as type,
    src.hs_task_subject as subject,
    src.hs_task_body as body,
    case
        when src.hs_task_status = 'COMPLETED' then 'completed'
        when src.hs_task_status is not null then 'open'
    end as status,
    src.hs_task_status as source_status,
    src.hs_timestamp as due_at,
    src.hs_task_completion_date as completed_at,
    ref(users, src.hubspot_owner_id) as owner_id,
    src.hs_createdate as source_created_at
from tasks as src
