-- One row per task. Grain: Id. Joins: none.
-- Salesforce logs calls and sent mails as tasks: TaskSubtype tells them from things to do.
-- ActivityDate is a day: when it is due, or for a call or mail when it took place.
select
    case
        when src."TaskSubtype" = 'Call' then 'call'
        when src."TaskSubtype" in ('Email', 'ListEmail') then 'email'
        else 'task'
    end as type,
    src."Subject" as subject,
    src."Description" as body,
    case src."CallType" when 'Inbound' then 'inbound' when 'Outbound' then 'outbound' end as direction,
    case
        when to_boolean(src."IsClosed") then 'completed'
        when to_boolean(src."IsClosed") is not null then 'open'
    end as status,
    src."Status" as source_status,
    case when src."TaskSubtype" in ('Call', 'Email', 'ListEmail') then src."ActivityDate" end as starts_at,
    case
        when src."TaskSubtype" is null or src."TaskSubtype" not in ('Call', 'Email', 'ListEmail')
            then src."ActivityDate"
    end as due_at,
    src."CompletedDateTime" as completed_at,
    ref(users, case when src."OwnerId" like '005%' then src."OwnerId" end) as owner_id,
    src."CreatedDate" as source_created_at
from "Task" as src
