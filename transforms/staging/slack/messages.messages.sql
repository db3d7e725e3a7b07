-- One row per message that a channel shows, replies that were sent to all among them. Grain: channel_id:ts. Joins: users,
-- for whether the author is a person of this workspace; apps and strangers in shared channels are nobody here.
-- What Slack itself notes (who joined, a new topic) is no message. A stone, where a root with replies was, has no words.
select
    ref(conversations, src.channel_id || ':' || coalesce(src.thread_ts, src.ts)) as conversation_id,
    case
        when src.thread_ts <> src.ts then ref(messages, messages, src.channel_id || ':' || src.thread_ts)
    end as parent_id,
    ref(users, case when not coalesce(to_boolean(author.is_bot), false) then author._key end) as author_user_id,
    case
        when coalesce(src.subtype, '') <> 'tombstone'
            then replace(replace(replace(src.text, '&lt;', '<'), '&gt;', '>'), '&amp;', '&')
    end as body,
    src.posted_at as sent_at,
    src.posted_at as source_created_at
from messages as src
left join users as author on author._key = src.user and src.user <> 'USLACKBOT'
where
    substring(coalesce(src.subtype, ''), 1, 8) <> 'channel_'
    and substring(coalesce(src.subtype, ''), 1, 6) <> 'group_'
