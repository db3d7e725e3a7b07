-- One row per note on a contact. Grain: id. Joins: none. Notes have no title.
select
    'note' as type,
    src.body as body,
    src.created_at as starts_at,
    ref(users, src.author_id) as owner_id,
    src.created_at as source_created_at
from contact_notes as src
