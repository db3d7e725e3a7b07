-- One row per teammate; who left is no longer listed, and goes with the census. Grain: id. Joins: teams, for the name of
-- the first one. Away is not inactive.
select
    src.name as name,
    src.email as email,
    true as is_active,
    team.name as team
from admins as src
left join teams as team on team._key = json_text(src.team_ids, '$[0]')
