-- One row per comment on a ticket. Grain: id. Joins: users, whose role says whether the author is a user or a contact; one
-- who is not known is neither. A comment that is not public stays inside.
-- A comment stays when its ticket is deleted; its conversation is deleted then.
-- custom: none
select
    ref(conversations, src.ticket_id) as conversation_id,
    ref(users, case when author.role <> 'end-user' then src.author_id end) as author_user_id,
    ref(contacts, case when author.role = 'end-user' then src.author_id end) as author_contact_id,
    coalesce(src.html_body, src.body) as body,
    not coalesce(to_boolean(src.public), false) as is_private,
    src.created_at as sent_at,
    src.created_at as source_created_at
from ticket_comments as src
left join users as author on author._key = src.author_id
