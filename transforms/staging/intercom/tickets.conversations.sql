-- One row per conversation that belongs to no ticket: it is a request for help, too. Grain: id. Joins: none.
-- status: a snoozed one waits for a time or an answer; one that is closed opens again when somebody writes.
-- assignee_id: 0 is nobody.
select
    ref(accounts, src.company_id) as account_id,
    ref(contacts, src.contact_id) as requester_id,
    ref(users, nullif(src.admin_assignee_id, '0')) as assignee_id,
    coalesce(nullif(src.title, ''), nullif(src.source_subject, '')) as subject,
    src.source_body as description,
    case
        when src.state = 'closed' then 'solved'
        when src.state = 'snoozed' then 'pending'
        else 'open'
    end as status,
    src.state as source_status,
    case src.priority
        when 'low' then 'low'
        when 'medium' then 'normal'
        when 'high' then 'high'
        when 'urgent' then 'urgent'
    end as priority,
    src.priority as source_priority,
    case
        when src.source_type = 'email' then 'email'
        when src.source_type in ('conversation', 'whatsapp', 'facebook', 'instagram', 'twitter', 'sms') then 'chat'
        when src.source_type in ('phone_call', 'phone_switch') then 'phone'
        when src.source_type is not null then 'other'
    end as channel,
    src.first_admin_reply_at as first_response_at,
    case when src.state = 'closed' then src.last_close_at end as solved_at,
    src.tag_names as tags,
    src.created_at as source_created_at
from conversations as src
where src.ticket_id is null
