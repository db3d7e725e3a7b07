-- One row per note that says something; files without a text are attachments alone. Grain: annotationid. Joins: none.
select
    'note' as type,
    src.notetext as body,
    src.createdon as starts_at,
    ref(users, src."_owninguser_value") as owner_id,
    src.createdon as source_created_at
from annotation as src
where not coalesce(to_boolean(src.isdocument), false) or src.notetext is not null
