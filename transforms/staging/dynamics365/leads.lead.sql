-- One row per lead. Grain: leadid. Joins: stringmap twice, for the labels of status and source.
-- owner_id: a lead may belong to a team, too; owninguser is set for users alone. When it was qualified is not told.
select
    src.fullname as name,
    src.companyname as company,
    src.emailaddress1 as email,
    src.telephone1 as phone,
    case to_decimal(src.statecode) when 1 then 'converted' when 2 then 'disqualified' else 'open' end as status,
    label.value as source_status,
    origin.value as lead_source,
    ref(users, src."_owninguser_value") as owner_id,
    case when to_decimal(src.statecode) = 1 then ref(accounts, src."_parentaccountid_value") end as converted_account_id,
    case when to_decimal(src.statecode) = 1 then ref(contacts, src."_parentcontactid_value") end as converted_contact_id,
    case when to_decimal(src.statecode) = 1 then ref(deals, src."_qualifyingopportunityid_value") end as converted_deal_id,
    src.createdon as source_created_at
from lead as src
left join stringmap as label
    on label.objecttypecode = 'lead'
    and label.attributename = 'statuscode'
    and to_decimal(label.attributevalue) = to_decimal(src.statuscode)
left join stringmap as origin
    on origin.objecttypecode = 'lead'
    and origin.attributename = 'leadsourcecode'
    and to_decimal(origin.attributevalue) = to_decimal(src.leadsourcecode)
