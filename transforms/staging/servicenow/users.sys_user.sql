-- One row per user. Grain: sys_id. Joins: cmn_department, for the name of the user's own one.
-- Contacts of accounts and consumers extend users: they are read with them, and are no users here.
select
    coalesce(src.name, src.user_name) as name,
    src.email as email,
    coalesce(to_boolean(src.active), true) and not coalesce(to_boolean(src.locked_out), false) as is_active,
    department.name as team,
    src.sys_created_on as source_created_at
from sys_user as src
left join cmn_department as department on department._key = src.department
where coalesce(src.sys_class_name, 'sys_user') not in ('customer_contact', 'csm_consumer_user')
