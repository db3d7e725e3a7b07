-- One row per employee. Grain: id. Joins: department, for its name. isinactive is the opposite of active.
select
    coalesce(nullif(trim(concat_ws(' ', src.firstname, src.lastname)), ''), src.entityid) as name,
    src.email as email,
    not coalesce(to_boolean(src.isinactive), false) as is_active,
    team.name as team,
    src.datecreated as source_created_at
from employee as src
left join department as team on team.id = src.department
