-- One row per ticket. Grain: id. Joins: ticket_metrics, which go with their ticket.
-- status: new and open wait for an agent, hold for a third party. One that was merged into another is closed, with a tag.
-- requester_id: an agent may ask, too, and is no contact then; the id then leads nowhere.
-- first_response_at: Zendesk keeps the minutes to the first public answer.
select
    ref(accounts, src.organization_id) as account_id,
    ref(contacts, src.requester_id) as requester_id,
    ref(users, src.assignee_id) as assignee_id,
    coalesce(src.raw_subject, src.subject) as subject,
    src.description as description,
    case
        when src.status in ('pending', 'hold') then 'pending'
        when src.status = 'solved' then 'solved'
        when src.status in ('closed', 'deleted') then 'closed'
        else 'open'
    end as status,
    src.status as source_status,
    case src.priority
        when 'low' then 'low'
        when 'normal' then 'normal'
        when 'high' then 'high'
        when 'urgent' then 'urgent'
    end as priority,
    src.priority as source_priority,
    case
        when json_text(src.via, 'channel') = 'email' then 'email'
        when json_text(src.via, 'channel') in ('chat', 'native_messaging', 'whatsapp', 'facebook', 'sms') then 'chat'
        when json_text(src.via, 'channel') in ('voice', 'phone') then 'phone'
        when json_text(src.via, 'channel') in ('web', 'web_widget', 'help_center', 'mobile', 'mobile_sdk') then 'web'
        when json_text(src.via, 'channel') = 'api' then 'api'
        when json_text(src.via, 'channel') is not null then 'other'
    end as channel,
    to_timestamp(src.created_at)
        + try_cast(json_text(metric.reply_time_in_minutes, 'calendar') as bigint) * interval '1 minute'
        as first_response_at,
    case when src.status in ('solved', 'closed') then metric.solved_at end as solved_at,
    src.due_at as due_at,
    src.tags as tags,
    src.url as source_url,
    src.created_at as source_created_at
from tickets as src
left join ticket_metrics as metric on metric.ticket_id = src._key
