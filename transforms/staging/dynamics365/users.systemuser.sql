-- One row per user, applications too; users are switched off, never deleted. Grain: systemuserid.
-- Joins: businessunit, for the name of the unit that each user belongs to.
select
    src.fullname as name,
    src.internalemailaddress as email,
    not coalesce(to_boolean(src.isdisabled), false) as is_active,
    unit.name as team,
    src.createdon as source_created_at
from systemuser as src
left join businessunit as unit on unit._key = src."_businessunitid_value"
