-- One row per employee. Grain: RECORDNO. Joins: CONTACT, which holds name and address; DEPARTMENT, for its title.
select
    coalesce(
        nullif(trim(concat_ws(' ', person."FIRSTNAME", person."LASTNAME")), ''), person."PRINTAS",
        src."PERSONALINFO.CONTACTNAME", src."EMPLOYEEID"
    ) as name,
    person."EMAIL1" as email,
    src."STATUS" = 'active' as is_active,
    team."TITLE" as team
from "EMPLOYEE" as src
left join "CONTACT" as person on person."CONTACTNAME" = src."PERSONALINFO.CONTACTNAME"
left join "DEPARTMENT" as team on team."DEPARTMENTID" = src."DEPARTMENTID"
