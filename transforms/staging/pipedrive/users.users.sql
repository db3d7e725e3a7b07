-- One row per user; those who left stay, switched off. Grain: id. Joins: none.
select
    src.name as name,
    src.email as email,
    src.active_flag as is_active,
    src.created as source_created_at
from users as src
