-- One row per contact that is not deleted: which contacts of other systems are the same person, by links same_as.
-- columns:
--   id: Id of a contact.
--   group_id: The smallest id among the contacts that are the same person; its own where there is no other.
--   contacts: How many contacts the person has over all systems.
-- part: contacts.id
with recursive pair as (
    select from_id as a, to_id as b from links
    where role = 'same_as' and from_entity = 'contacts' and not is_deleted
    union
    select to_id as a, from_id as b from links
    where role = 'same_as' and from_entity = 'contacts' and not is_deleted
),
reach as (
    select a as id, b as other from pair
    union
    select reach.id, pair.b as other from reach join pair on pair.a = reach.other
),
live as (select id from contacts where not is_deleted),
grouped as (
    select live.id, least(live.id, coalesce(min(known.id), live.id)) as group_id
    from live
    left join reach on reach.id = live.id
    left join live as known on known.id = reach.other
    group by live.id
),
size as (select group_id, count(*) as contacts from grouped group by group_id)
select grouped.id, grouped.group_id, size.contacts
from grouped join size on size.group_id = grouped.group_id;

-- whoever is, or was, reached from a row that changed or from a pair that did
with recursive same as (
    select from_id, to_id from links where role = 'same_as' and from_entity = 'contacts' and not is_deleted
    union
    select from_id, to_id from changed_links where role = 'same_as' and from_entity = 'contacts'
),
pair as (
    select from_id as a, to_id as b from same
    union
    select to_id as a, from_id as b from same
),
reach as (
    select id from changed_contacts
    union
    select from_id from changed_links where role = 'same_as' and from_entity = 'contacts'
    union
    select pair.b from reach join pair on pair.a = reach.id
)
select id from reach
