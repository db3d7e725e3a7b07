-- One row per contact. Grain: RECORDNO. Joins: none.
-- Contacts are one list for the whole company, of people and of firms; nothing on them says whose they are.
select
    coalesce(nullif(trim(concat_ws(' ', src."FIRSTNAME", src."LASTNAME")), ''), src."PRINTAS", src."CONTACTNAME") as name,
    src."FIRSTNAME" as first_name,
    src."LASTNAME" as last_name,
    src."EMAIL1" as email,
    coalesce(src."PHONE1", src."CELLPHONE") as phone
from "CONTACT" as src
