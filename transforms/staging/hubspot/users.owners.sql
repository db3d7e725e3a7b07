-- One row per owner, archived ones too. Grain: id. Joins: none.
-- team: owners carry a list of teams without saying which is the main one here; the first is taken.
select
    nullif(trim(concat_ws(' ', src."firstName", src."lastName")), '') as name,
    src.email as email,
    not coalesce(to_boolean(src.archived), false) as is_active,
    json_text(src.teams, '$[0].name') as team,
    src."createdAt" as source_created_at,
    src."updatedAt" as source_updated_at
from owners as src
