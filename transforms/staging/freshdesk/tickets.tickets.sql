-- One row per ticket. Grain: id. Joins: none.
-- status: 2 to 5 are Freshdesk's; 6 and 7 come with every account and wait for others; what an account adds begins at 8, and
-- is open, because nothing tells more. Tickets that are merged into another are closed.
-- requester_id: an agent may ask, too, and is no contact then; the id then leads nowhere.
select
    ref(accounts, src.company_id) as account_id,
    ref(contacts, src.requester_id) as requester_id,
    ref(users, src.responder_id) as assignee_id,
    src.subject as subject,
    src.description as description,
    case
        when to_decimal(src.status) in (3, 6, 7) then 'pending'
        when to_decimal(src.status) = 4 then 'solved'
        when to_decimal(src.status) = 5 then 'closed'
        else 'open'
    end as status,
    src.status as source_status,
    case to_decimal(src.priority) when 1 then 'low' when 2 then 'normal' when 3 then 'high' when 4 then 'urgent' end
        as priority,
    src.priority as source_priority,
    case
        when to_decimal(src.source) in (1, 10) then 'email'
        when to_decimal(src.source) in (2, 9) then 'web'
        when to_decimal(src.source) = 3 then 'phone'
        when to_decimal(src.source) in (5, 6, 7) then 'chat'
        when to_decimal(src.source) is not null then 'other'
    end as channel,
    to_timestamp(json_text(src.stats, 'first_responded_at')) as first_response_at,
    case
        when to_decimal(src.status) in (4, 5)
            then to_timestamp(coalesce(json_text(src.stats, 'resolved_at'), json_text(src.stats, 'closed_at')))
    end as solved_at,
    src.due_by as due_at,
    src.tags as tags,
    src.created_at as source_created_at
from tickets as src
