-- What one of the activities is about: a deal, a person, an organization; up to three rows. Grain: id:what. Joins: none.
-- custom: none
select
    unnest([
        case when src.deal_id is not null then src._key || ':deal' end,
        case when src.person_id is not null then src._key || ':person' end,
        case when src.org_id is not null then src._key || ':organization' end
    ]) as source_id,
    'activities' as from_entity,
    ref(activities, activities, src._key) as from_id,
    unnest(['deals', 'contacts', 'accounts']) as to_entity,
    unnest([ref(deals, src.deal_id), ref(contacts, src.person_id), ref(accounts, src.org_id)]) as to_id,
    'regarding' as role,
    'vendor' as method,
    1 as confidence,
    src.add_time as source_created_at
from activities as src
