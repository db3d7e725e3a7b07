-- The person of a customer, where it names one. Grain: Id. Joins: none.
-- A row whose source_id is NULL is no row: the record holds a company alone.
-- custom: none
select
    case
        when coalesce(src."GivenName", src."FamilyName", json_text(src."PrimaryEmailAddr", 'Address')) is not null
            then src._key
    end as source_id,
    ref(accounts, "Customer", src._key) as account_id,
    coalesce(
        nullif(trim(concat_ws(' ', src."GivenName", src."FamilyName")), ''), json_text(src."PrimaryEmailAddr", 'Address')
    ) as name,
    src."GivenName" as first_name,
    src."FamilyName" as last_name,
    json_text(src."PrimaryEmailAddr", 'Address') as email,
    json_text(src."PrimaryPhone", 'FreeFormNumber') as phone,
    src."CreateTime" as source_created_at
from "Customer" as src
