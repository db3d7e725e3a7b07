-- One row per note. Grain: id. Joins: none.
select
    'note' as type,
    src.content as body,
    src.add_time as starts_at,
    ref(users, src.user_id) as owner_id,
    src.add_time as source_created_at
from notes as src
