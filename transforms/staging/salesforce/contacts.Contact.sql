-- One row per contact. Grain: Id. Joins: none.
select
    ref(accounts, src."AccountId") as account_id,
    src."Name" as name,
    src."FirstName" as first_name,
    src."LastName" as last_name,
    src."Email" as email,
    src."Phone" as phone,
    src."Title" as title,
    ref(users, src."OwnerId") as owner_id,
    src."HasOptedOutOfEmail" as opted_out,
    src."CreatedDate" as source_created_at
from "Contact" as src
