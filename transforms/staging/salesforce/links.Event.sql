-- What an event is about (WhatId) and with whom (WhoId): up to two rows per event. Grain: Id:what, Id:who. Joins: none.
-- Both fields point at records of several kinds, told apart by the first three characters of the id; a kind that is no
-- entity here makes no row.
-- The copies of a group event for its invited users (IsChild) are left out, as in activities.
-- custom: none
select
    unnest([
        case when substring(src."WhatId", 1, 3) in ('001', '006', '801', '01t') then src._key || ':what' end,
        case when substring(src."WhoId", 1, 3) in ('003', '00Q') then src._key || ':who' end
    ]) as source_id,
    'activities' as from_entity,
    ref(activities, "Event", src._key) as from_id,
    unnest([
        case substring(src."WhatId", 1, 3)
            when '001' then 'accounts'
            when '006' then 'deals'
            when '801' then 'orders'
            when '01t' then 'items'
        end,
        case substring(src."WhoId", 1, 3) when '003' then 'contacts' when '00Q' then 'leads' end
    ]) as to_entity,
    unnest([
        case substring(src."WhatId", 1, 3)
            when '001' then ref(accounts, src."WhatId")
            when '006' then ref(deals, src."WhatId")
            when '801' then ref(orders, "Order", src."WhatId")
            when '01t' then ref(items, src."WhatId")
        end,
        case substring(src."WhoId", 1, 3)
            when '003' then ref(contacts, src."WhoId")
            when '00Q' then ref(leads, src."WhoId")
        end
    ]) as to_id,
    unnest(['regarding', 'participant']) as role,
    'vendor' as method,
    1 as confidence,
    src."CreatedDate" as source_created_at
from "Event" as src
where not coalesce(to_boolean(src."IsChild"), false)
