-- One row per call. Grain: id. Joins: none. hs_call_duration is in milliseconds.
select
    'call' as type,
    src.hs_call_title as subject,
    src.hs_call_body as body,
    case src.hs_call_direction when 'INBOUND' then 'inbound' when 'OUTBOUND' then 'outbound' end as direction,
    case
        when src.hs_call_status in ('COMPLETED', 'MISSED', 'NO_ANSWER', 'BUSY') then 'completed'
        when src.hs_call_status in ('CANCELED', 'FAILED') then 'cancelled'
        when src.hs_call_status is not null then 'open'
    end as status,
    src.hs_call_status as source_status,
    src.hs_timestamp as starts_at,
    to_timestamp(src.hs_timestamp) + try_cast(src.hs_call_duration as bigint) * interval '1 millisecond' as ends_at,
    ref(users, src.hubspot_owner_id) as owner_id,
    src.hs_createdate as source_created_at
from calls as src
