-- One row per person whom the customer's product does not know yet; each is a contact, too. Grain: id. Joins: none.
-- One that became a user is none any more; one that was merged into a user is deleted, and points there.
select
    src.name as name,
    src.email as email,
    src.phone as phone,
    'open' as status,
    src.role as source_status,
    src.referrer as lead_source,
    ref(users, src.owner_id) as owner_id,
    src.created_at as source_created_at
from contacts as src
where src.role = 'lead'
