-- One row per task. Grain: activityid. Joins: stringmap, for the label of the status. What it is about is in links.
select
    'task' as type,
    src.subject as subject,
    src.description as body,
    case to_decimal(src.statecode)
        when 0 then 'open'
        when 1 then 'completed'
        when 2 then 'cancelled'
        when 3 then 'open'
    end as status,
    label.value as source_status,
    src.scheduledend as due_at,
    case when to_decimal(src.statecode) = 1 then src.actualend end as completed_at,
    ref(users, src."_owninguser_value") as owner_id,
    src.createdon as source_created_at
from task as src
left join stringmap as label
    on label.objecttypecode = 'task'
    and label.attributename = 'statuscode'
    and to_decimal(label.attributevalue) = to_decimal(src.statuscode)
