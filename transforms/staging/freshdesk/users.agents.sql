-- One row per agent; the people who ask for help are contacts. Grain: id. Joins: groups, for the name of the first one.
-- An agent who left stays a contact, and is no agent any more.
select
    src.name as name,
    src.email as email,
    coalesce(to_boolean(src.active), true) and not coalesce(to_boolean(src.deactivated), false) as is_active,
    team.name as team,
    src.created_at as source_created_at
from agents as src
left join groups as team on team.id = json_text(src.group_ids, '$[0]')
