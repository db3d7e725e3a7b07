-- One row per meeting. Grain: id. Joins: none. hs_timestamp is the start for meetings made before start times existed.
select
    'meeting' as type,
    src.hs_meeting_title as subject,
    src.hs_meeting_body as body,
    case
        when src.hs_meeting_outcome = 'COMPLETED' then 'completed'
        when src.hs_meeting_outcome in ('CANCELED', 'NO_SHOW') then 'cancelled'
        when src.hs_meeting_outcome in ('SCHEDULED', 'RESCHEDULED') then 'open'
    end as status,
    src.hs_meeting_outcome as source_status,
    coalesce(to_timestamp(src.hs_meeting_start_time), to_timestamp(src.hs_timestamp)) as starts_at,
    src.hs_meeting_end_time as ends_at,
    ref(users, src.hubspot_owner_id) as owner_id,
    src.hs_createdate as source_created_at
from meetings as src
