-- Who is in which conversation. Grain: channel_id:user_id. Joins: users, for whether it is a person.
-- custom: none
select
    'users' as from_entity,
    ref(users, person._key) as from_id,
    'channels' as to_entity,
    ref(channels, src.channel_id) as to_id,
    'member' as role,
    'vendor' as method,
    1 as confidence,
    case when person._key is not null and not coalesce(to_boolean(person.is_bot), false) then src._key end as source_id
from members as src
left join users as person on person._key = src.user_id and src.user_id <> 'USLACKBOT'
