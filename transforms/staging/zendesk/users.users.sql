-- One row per agent or administrator; the people who ask for help are contacts. Grain: id. Joins: groups, for the name of
-- the user's own one. A user who is deleted or switched off is inactive.
select
    src.name as name,
    src.email as email,
    coalesce(to_boolean(src.active), true) and not coalesce(to_boolean(src.suspended), false) as is_active,
    team.name as team,
    src.url as source_url,
    src.created_at as source_created_at
from users as src
left join groups as team on team.id = src.default_group_id
where coalesce(src.role, 'end-user') <> 'end-user'
