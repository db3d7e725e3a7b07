-- One row per contact of an account. Grain: sys_id. Joins: none.
select
    ref(accounts, customer_account, src.account) as account_id,
    coalesce(src.name, src.user_name) as name,
    src.first_name as first_name,
    src.last_name as last_name,
    src.email as email,
    coalesce(nullif(src.phone, ''), src.mobile_phone) as phone,
    src.title as title,
    src.sys_created_on as source_created_at
from customer_contact as src
