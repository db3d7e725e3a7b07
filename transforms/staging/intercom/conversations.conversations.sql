-- One row per conversation. Grain: id. Joins: none. Its ticket is that which it belongs to, else itself.
-- custom: none
select
    ref(channels, nullif(src.team_assignee_id, '0')) as channel_id,
    case
        when src.ticket_id is not null then ref(tickets, tickets, src.ticket_id)
        else ref(tickets, conversations, src._key)
    end as ticket_id,
    ref(accounts, src.company_id) as account_id,
    ref(contacts, src.contact_id) as contact_id,
    coalesce(nullif(src.title, ''), nullif(src.source_subject, '')) as subject,
    case
        when src.state = 'closed' then 'closed'
        when src.state = 'snoozed' then 'pending'
        else 'open'
    end as status,
    src.state as source_status,
    ref(users, nullif(src.admin_assignee_id, '0')) as assignee_id,
    greatest(
        to_timestamp(src.created_at), to_timestamp(src.last_admin_reply_at), to_timestamp(src.last_contact_reply_at)
    ) as last_message_at,
    src.created_at as source_created_at
from conversations as src
