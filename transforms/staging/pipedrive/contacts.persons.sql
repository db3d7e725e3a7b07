-- One row per person. Grain: id. Joins: none.
-- E-mail addresses and phone numbers are lists; the first stands here, which is the main one as the vendor orders them.
select
    ref(accounts, src.org_id) as account_id,
    src.name as name,
    src.first_name as first_name,
    src.last_name as last_name,
    json_text(src.emails, '$[0].value') as email,
    json_text(src.phones, '$[0].value') as phone,
    src.job_title as title,
    ref(users, src.owner_id) as owner_id,
    src.add_time as source_created_at
from persons as src
