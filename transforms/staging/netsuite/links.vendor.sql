-- One row per vendor that is a customer too: NetSuite gives both records of one company the same id. Grain: id.
-- Joins: customer, on the same id. Vendors that are nothing else make no row.
-- custom: none
select
    'accounts' as from_entity,
    ref(accounts, vendor, src._key) as from_id,
    'accounts' as to_entity,
    ref(accounts, customer, buyer._key) as to_id,
    'same_as' as role,
    'vendor' as method,
    1 as confidence
from vendor as src
left join customer as buyer on buyer._key = src._key
where buyer._key is not null
