-- One row per appointment. Grain: activityid. Joins: stringmap, for the label of the status. What it is about is in links.
select
    'meeting' as type,
    src.subject as subject,
    src.description as body,
    case to_decimal(src.statecode)
        when 0 then 'open'
        when 1 then 'completed'
        when 2 then 'cancelled'
        when 3 then 'open'
    end as status,
    label.value as source_status,
    src.scheduledstart as starts_at,
    src.scheduledend as ends_at,
    ref(users, src."_owninguser_value") as owner_id,
    src.createdon as source_created_at
from appointment as src
left join stringmap as label
    on label.objecttypecode = 'appointment'
    and label.attributename = 'statuscode'
    and to_decimal(label.attributevalue) = to_decimal(src.statuscode)
