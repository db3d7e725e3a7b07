-- One row per event. Grain: Id. Joins: none.
-- A group event has one more row per invited user (IsChild), which is the same meeting again and is left out.
-- An all-day event has no start time, only a day. Public calendars own events too: only users' ids begin with 005.
select
    case src."Type" when 'Call' then 'call' when 'Email' then 'email' else 'meeting' end as type,
    src."Subject" as subject,
    src."Description" as body,
    coalesce(to_timestamp(src."StartDateTime"), to_timestamp(src."ActivityDate")) as starts_at,
    src."EndDateTime" as ends_at,
    ref(users, case when src."OwnerId" like '005%' then src."OwnerId" end) as owner_id,
    src."CreatedDate" as source_created_at
from "Event" as src
where not coalesce(to_boolean(src."IsChild"), false)
