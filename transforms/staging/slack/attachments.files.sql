-- One row per file of the workspace. Grain: id. Joins: none. On which messages it hangs is not told in one place: the raw
-- messages hold their files.
select
    coalesce(nullif(src.name, ''), src.title) as name,
    nullif(src.mimetype, '') as mime_type,
    src.size as size,
    src.url_private as url,
    src.permalink as source_url,
    src.created as source_created_at
from files as src
