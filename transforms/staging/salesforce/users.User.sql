-- One row per user; users are switched off, never deleted. Grain: Id. Joins: none.
select
    src."Name" as name,
    src."Email" as email,
    src."IsActive" as is_active,
    src."Department" as team,
    src."CreatedDate" as source_created_at
from "User" as src
