-- One row per contact. Grain: contactid. Joins: none.
-- account_id: a contact may belong to another contact instead; accountid is set for accounts alone.
select
    ref(accounts, src."_accountid_value") as account_id,
    src.fullname as name,
    src.firstname as first_name,
    src.lastname as last_name,
    src.emailaddress1 as email,
    src.telephone1 as phone,
    src.jobtitle as title,
    ref(users, src."_owninguser_value") as owner_id,
    src.donotbulkemail as opted_out,
    src.createdon as source_created_at
from contact as src
