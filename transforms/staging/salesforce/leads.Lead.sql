-- One row per lead. Grain: Id. Joins: none.
-- status: IsConverted is the vendor's; Status is a list that each org edits, the two words below are its defaults.
-- owner_id: a lead may lie in a queue, whose ids begin with 00G; users' begin with 005.
select
    src."Name" as name,
    src."Company" as company,
    src."Email" as email,
    src."Phone" as phone,
    case
        when to_boolean(src."IsConverted") then 'converted'
        when src."Status" in ('Closed - Not Converted', 'Unqualified') then 'disqualified'
        else 'open'
    end as status,
    src."Status" as source_status,
    src."LeadSource" as lead_source,
    ref(users, case when src."OwnerId" like '005%' then src."OwnerId" end) as owner_id,
    src."ConvertedDate" as converted_at,
    ref(accounts, src."ConvertedAccountId") as converted_account_id,
    ref(contacts, src."ConvertedContactId") as converted_contact_id,
    ref(deals, src."ConvertedOpportunityId") as converted_deal_id,
    src."CreatedDate" as source_created_at
from "Lead" as src
