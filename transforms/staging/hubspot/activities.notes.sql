-- One row per note. Grain: id. Joins: none. Notes have no title.
select
    'note' as type,
    src.hs_note_body as body,
    src.hs_timestamp as starts_at,
    ref(users, src.hubspot_owner_id) as owner_id,
    src.hs_createdate as source_created_at
from notes as src
