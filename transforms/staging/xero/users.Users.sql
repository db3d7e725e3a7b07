-- One row per user of the organisation. Grain: UserID. Joins: none.
-- OrganisationRole REMOVED: no longer a user, though the row stays.
select
    coalesce(nullif(trim(concat_ws(' ', src."FirstName", src."LastName")), ''), src."EmailAddress") as name,
    src."EmailAddress" as email,
    coalesce(src."OrganisationRole", '') <> 'REMOVED' as is_active
from "Users" as src
