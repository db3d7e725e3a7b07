-- One row per user's membership in an organization; the default one is the account of the contact, too. Grain: id.
-- Joins: users, because agents may be members, and are no contacts.
-- custom: none
select
    'contacts' as from_entity,
    ref(contacts, src.user_id) as from_id,
    'accounts' as to_entity,
    ref(accounts, src.organization_id) as to_id,
    case when to_boolean(src."default") then 'primary' else 'related' end as role,
    'vendor' as method,
    1 as confidence,
    src.created_at as source_created_at
from organization_memberships as src
left join users as member on member._key = src.user_id
where coalesce(member.role, 'end-user') = 'end-user'
