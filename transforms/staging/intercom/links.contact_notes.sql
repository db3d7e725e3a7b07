-- Whom a note is about. Grain: id. Joins: none.
-- custom: none
select
    'activities' as from_entity,
    ref(activities, contact_notes, src._key) as from_id,
    'contacts' as to_entity,
    ref(contacts, src.contact_id) as to_id,
    'regarding' as role,
    'vendor' as method,
    1 as confidence,
    src.created_at as source_created_at
from contact_notes as src
