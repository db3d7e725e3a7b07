-- One row per contact. Grain: id. Joins: none.
-- account_id: the primary company; further companies are links.
select
    ref(accounts, src.associatedcompanyid) as account_id,
    nullif(trim(concat_ws(' ', src.firstname, src.lastname)), '') as name,
    src.firstname as first_name,
    src.lastname as last_name,
    src.email as email,
    src.phone as phone,
    src.jobtitle as title,
    ref(users, src.hubspot_owner_id) as owner_id,
    src.hs_email_optout as opted_out,
    src.createdate as source_created_at
from contacts as src
