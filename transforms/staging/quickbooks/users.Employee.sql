-- One row per employee: those who work for the company, whether or not they log in. Grain: Id. Joins: none.
select
    src."DisplayName" as name,
    json_text(src."PrimaryEmailAddr", 'Address') as email,
    src."Active" as is_active,
    src."CreateTime" as source_created_at
from "Employee" as src
