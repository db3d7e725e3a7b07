-- One row per email. Grain: activityid. Joins: stringmap, for the label of the status. What it is about is in links.
-- directioncode: true is outgoing.
select
    'email' as type,
    src.subject as subject,
    src.description as body,
    case when to_boolean(src.directioncode) then 'outbound' when not to_boolean(src.directioncode) then 'inbound' end as direction,
    case to_decimal(src.statecode)
        when 0 then 'open'
        when 1 then 'completed'
        when 2 then 'cancelled'
        when 3 then 'open'
    end as status,
    label.value as source_status,
    coalesce(to_timestamp(src.senton), to_timestamp(src.actualend)) as starts_at,
    ref(users, src."_owninguser_value") as owner_id,
    src.createdon as source_created_at
from email as src
left join stringmap as label
    on label.objecttypecode = 'email'
    and label.attributename = 'statuscode'
    and to_decimal(label.attributevalue) = to_decimal(src.statuscode)
