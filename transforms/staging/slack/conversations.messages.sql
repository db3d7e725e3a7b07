-- One row per message that stands in a channel by itself: each begins a thread, most of which have no answer. Grain:
-- channel_id:ts. Joins: none. What Slack itself notes (who joined, a new topic) is none, unless somebody answered; a
-- reply that was sent to all belongs to its own thread. Of a deleted root with replies a stone is left, and the thread.
-- custom: none
select
    ref(channels, src.channel_id) as channel_id,
    case when to_decimal(src.reply_count) > 0 then src.latest_reply_at else src.posted_at end as last_message_at,
    src.posted_at as source_created_at
from messages as src
where
    (src.thread_ts is null or src.thread_ts = src.ts)
    and (
        (
            substring(coalesce(src.subtype, ''), 1, 8) <> 'channel_'
            and substring(coalesce(src.subtype, ''), 1, 6) <> 'group_'
        )
        or to_decimal(src.reply_count) > 0
    )
