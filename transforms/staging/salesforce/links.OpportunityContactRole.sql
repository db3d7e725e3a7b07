-- One row per contact's role in an opportunity. Grain: Id. Joins: none. role: the org's own words.
-- custom: none
select
    'deals' as from_entity,
    ref(deals, src."OpportunityId") as from_id,
    'contacts' as to_entity,
    ref(contacts, src."ContactId") as to_id,
    case when to_boolean(src."IsPrimary") then 'primary' else lower(coalesce(src."Role", 'related')) end as role,
    'vendor' as method,
    1 as confidence,
    src."CreatedDate" as source_created_at
from "OpportunityContactRole" as src
