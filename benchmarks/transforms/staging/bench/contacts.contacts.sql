-- One row per contact. Grain: id. Joins: none.
select
    nullif(trim(concat_ws(' ', src.firstname, src.lastname)), '') as name,
    src.firstname as first_name,
    src.lastname as last_name,
    src.email as email,
    src.phone as phone,
    src.jobtitle as title,
    src.opted_out as opted_out,
    src.createdate as source_created_at
from contacts as src
