-- One row per change of a tracked field of an account. Grain: Id. Joins: none.
-- Of a lookup such as Owner Salesforce keeps two rows, one with names and one with ids: that with ids is taken.
-- Field is `created` for the record's beginning, which is no change. Other values are the vendor's own words.
-- custom: none
select
    'accounts' as entity,
    ref(accounts, src."AccountId") as record_id,
    case src."Field" when 'Owner' then 'owner_id' else src."Field" end as field,
    case src."Field" when 'Owner' then ref(users, src."OldValue") else src."OldValue" end as old_value,
    case src."Field" when 'Owner' then ref(users, src."NewValue") else src."NewValue" end as new_value,
    src."CreatedDate" as changed_at,
    ref(users, src."CreatedById") as changed_by_id,
    'history' as method,
    src."CreatedDate" as source_created_at
from "AccountHistory" as src
where coalesce(src."Field", '') <> 'created'
    and not (
        coalesce(src."Field", '') = 'Owner' and coalesce(src."NewValue", src."OldValue", '') not like '005%'
    )
