-- One row per contact, who asks for help; agents are users. Grain: id. Joins: none.
-- phone: the first of the work and the mobile number that is there. Freshdesk knows nothing of marketing.
select
    ref(accounts, src.company_id) as account_id,
    src.name as name,
    src.first_name as first_name,
    src.last_name as last_name,
    src.email as email,
    coalesce(nullif(src.phone, ''), src.mobile) as phone,
    src.job_title as title,
    src.created_at as source_created_at
from contacts as src
