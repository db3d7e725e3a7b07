-- One row per reply in a thread; those that were sent to all stand among the channel's messages. Grain: channel_id:ts.
-- Joins: users, for whether the author is a person of this workspace.
select
    ref(conversations, src.channel_id || ':' || src.thread_ts) as conversation_id,
    ref(messages, messages, src.channel_id || ':' || src.thread_ts) as parent_id,
    ref(users, case when not coalesce(to_boolean(author.is_bot), false) then author._key end) as author_user_id,
    replace(replace(replace(src.text, '&lt;', '<'), '&gt;', '>'), '&amp;', '&') as body,
    src.posted_at as sent_at,
    src.posted_at as source_created_at
from replies as src
left join users as author on author._key = src.user and src.user <> 'USLACKBOT'
where coalesce(src.subtype, '') <> 'thread_broadcast'
