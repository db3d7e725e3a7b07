-- One row per account that is not deleted: which accounts of other systems are the same company, by links same_as.
-- columns:
--   id: Id of an account.
--   group_id: The smallest id among the accounts that are the same company; its own where there is no other.
--   accounts: How many accounts the company has over all systems.
--   connections: The connections that have one, sorted.
-- part: accounts.id
with recursive pair as (
    select from_id as a, to_id as b from links
    where role = 'same_as' and from_entity = 'accounts' and not is_deleted
    union
    select to_id as a, from_id as b from links
    where role = 'same_as' and from_entity = 'accounts' and not is_deleted
),
reach as (
    select a as id, b as other from pair
    union
    select reach.id, pair.b as other from reach join pair on pair.a = reach.other
),
live as (select id, connection_id from accounts where not is_deleted),
grouped as (
    select live.id, live.connection_id, least(live.id, coalesce(min(known.id), live.id)) as group_id
    from live
    left join reach on reach.id = live.id
    left join live as known on known.id = reach.other
    group by live.id, live.connection_id
),
size as (
    select group_id, count(*) as accounts, string_agg(distinct connection_id, ', ' order by connection_id) as connections
    from grouped group by group_id
)
select grouped.id, grouped.group_id, size.accounts, size.connections
from grouped join size on size.group_id = grouped.group_id;

-- whoever is, or was, reached from a row that changed or from a pair that did
with recursive same as (
    select from_id, to_id from links where role = 'same_as' and from_entity = 'accounts' and not is_deleted
    union
    select from_id, to_id from changed_links where role = 'same_as' and from_entity = 'accounts'
),
pair as (
    select from_id as a, to_id as b from same
    union
    select to_id as a, from_id as b from same
),
reach as (
    select id from changed_accounts
    union
    select from_id from changed_links where role = 'same_as' and from_entity = 'accounts'
    union
    select pair.b from reach join pair on pair.a = reach.id
)
select id from reach
