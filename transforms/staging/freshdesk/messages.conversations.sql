-- One row per reply or note on a ticket; how it began stands in the ticket's description. Grain: id. Joins: agents, who
-- share their ids with contacts: who is none of them, and writes to us, is a contact; who is neither is not known.
-- custom: none
select
    ref(conversations, src.ticket_id) as conversation_id,
    ref(users, author._key) as author_user_id,
    ref(contacts, case when author._key is null and to_boolean(src.incoming) then src.user_id end) as author_contact_id,
    src.body as body,
    coalesce(to_boolean(src.private), false) as is_private,
    src.created_at as sent_at,
    src.created_at as source_created_at
from conversations as src
left join agents as author on author._key = src.user_id
