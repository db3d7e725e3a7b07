-- The message that began each conversation: it stands with the conversation, and is none of its parts. Grain: id. Joins:
-- none. Bots are neither users nor contacts.
-- custom: none
select
    ref(conversations, conversations, src._key) as conversation_id,
    ref(users, case when src.source_author_type = 'admin' then src.source_author_id end) as author_user_id,
    ref(contacts, case when src.source_author_type in ('user', 'lead', 'contact') then src.source_author_id end)
        as author_contact_id,
    src.source_body as body,
    false as is_private,
    src.created_at as sent_at,
    src.created_at as source_created_at
from conversations as src
where nullif(src.source_body, '') is not null
