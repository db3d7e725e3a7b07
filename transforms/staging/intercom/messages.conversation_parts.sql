-- One row per part of a conversation in which somebody said something: most parts tell of assignments and states. Grain: id.
-- Joins: none. Whoever asked sees comments, quick replies and what is said when the conversation opens or closes; all else, such
-- as notes, stays inside. Bots are neither users nor contacts.
-- custom: none
select
    ref(conversations, conversations, src.conversation_id) as conversation_id,
    ref(users, case when src.author_type = 'admin' then src.author_id end) as author_user_id,
    ref(contacts, case when src.author_type in ('user', 'lead', 'contact') then src.author_id end)
        as author_contact_id,
    src.body as body,
    coalesce(src.part_type, '') not in ('comment', 'quick_reply', 'open', 'close') as is_private,
    src.created_at as sent_at,
    src.created_at as source_created_at
from conversation_parts as src
where nullif(src.body, '') is not null
