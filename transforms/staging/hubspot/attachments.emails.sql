-- One row per file on an e-mail: their ids stand in one field, parted by semicolons. Grain: id:file. Joins: none.
-- Only the file's id is here; its name and size would take one call a file.
-- custom: none
select
    src._key || ':' || unnest(string_split(nullif(src.hs_attachment_ids, ''), ';')) as source_id,
    'activities' as entity,
    ref(activities, emails, src._key) as record_id,
    src.hs_createdate as source_created_at
from emails as src
