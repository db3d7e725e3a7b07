-- One row per case. Grain: incidentid. Joins: stringmap twice, for the labels of status and priority.
-- status: statecode is the vendor's; 2 and 3 of statuscode are the standard On Hold and Waiting for Details.
-- A case may belong to a team, too; owninguser is set for users alone. When it was resolved is not on the case.
select
    ref(accounts, src."_accountid_value") as account_id,
    coalesce(ref(contacts, src."_primarycontactid_value"), ref(contacts, src."_contactid_value")) as requester_id,
    ref(users, src."_owninguser_value") as assignee_id,
    src.ticketnumber as number,
    src.title as subject,
    src.description as description,
    case
        when to_decimal(src.statecode) = 1 then 'solved'
        when to_decimal(src.statecode) = 2 then 'closed'
        when to_decimal(src.statuscode) in (2, 3) then 'pending'
        else 'open'
    end as status,
    label.value as source_status,
    case to_decimal(src.prioritycode) when 1 then 'high' when 2 then 'normal' when 3 then 'low' end as priority,
    urgency.value as source_priority,
    case
        when to_decimal(src.caseorigincode) = 1 then 'phone'
        when to_decimal(src.caseorigincode) = 2 then 'email'
        when to_decimal(src.caseorigincode) = 3 then 'web'
        when to_decimal(src.caseorigincode) is not null then 'other'
    end as channel,
    src.resolveby as due_at,
    src.createdon as source_created_at
from incident as src
left join stringmap as label
    on label.objecttypecode = 'incident'
    and label.attributename = 'statuscode'
    and to_decimal(label.attributevalue) = to_decimal(src.statuscode)
left join stringmap as urgency
    on urgency.objecttypecode = 'incident'
    and urgency.attributename = 'prioritycode'
    and to_decimal(urgency.attributevalue) = to_decimal(src.prioritycode)
