-- The person of a contact, where it names one; further persons stand in ContactPersons and have no key.
-- Grain: ContactID. Joins: none. A row whose source_id is NULL is no row: the record holds a company alone.
-- custom: none
select
    case when coalesce(src."FirstName", src."LastName", src."EmailAddress") is not null then src._key end as source_id,
    ref(accounts, src._key) as account_id,
    coalesce(nullif(trim(concat_ws(' ', src."FirstName", src."LastName")), ''), src."EmailAddress") as name,
    src."FirstName" as first_name,
    src."LastName" as last_name,
    src."EmailAddress" as email
from "Contacts" as src
