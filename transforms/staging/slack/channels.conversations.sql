-- One row per conversation: channels, groups of some people, and direct messages. Grain: id. Joins: none.
-- A direct message has no name. Archived channels stay.
select
    src.name as name,
    case
        when coalesce(to_boolean(src.is_im), false) or coalesce(to_boolean(src.is_mpim), false) then 'dm'
        else 'channel'
    end as type,
    coalesce(to_boolean(src.is_private), to_boolean(src.is_im), false) as is_private,
    src.created as source_created_at
from conversations as src
