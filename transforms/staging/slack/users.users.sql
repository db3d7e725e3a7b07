-- One row per person of the workspace, guests among them; apps, integrations and Slackbot are no people. Grain: id.
-- Joins: none. Who left is inactive and stays, as the author of what was written.
select
    coalesce(nullif(src.real_name, ''), src.name) as name,
    nullif(src.email, '') as email,
    not coalesce(to_boolean(src.deleted), false) as is_active
from users as src
where not coalesce(to_boolean(src.is_bot), false) and src._key <> 'USLACKBOT'
