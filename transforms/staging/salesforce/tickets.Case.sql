-- One row per case. Grain: Id. Joins: none.
-- status: IsClosed is the vendor's; Status is a list that each org edits, and Salesforce has no flag for waiting.
-- assignee_id: a case may lie in a queue, whose ids begin with 00G; users' begin with 005.
select
    ref(accounts, src."AccountId") as account_id,
    ref(contacts, src."ContactId") as requester_id,
    ref(users, case when src."OwnerId" like '005%' then src."OwnerId" end) as assignee_id,
    src."CaseNumber" as number,
    src."Subject" as subject,
    src."Description" as description,
    case when to_boolean(src."IsClosed") then 'closed' else 'open' end as status,
    src."Status" as source_status,
    case src."Priority"
        when 'Low' then 'low'
        when 'Medium' then 'normal'
        when 'High' then 'high'
        when 'Critical' then 'urgent'
    end as priority,
    src."Priority" as source_priority,
    case src."Origin"
        when 'Email' then 'email'
        when 'Phone' then 'phone'
        when 'Web' then 'web'
        when 'Chat' then 'chat'
    end as channel,
    case when to_boolean(src."IsClosed") then src."ClosedDate" end as solved_at,
    src."CreatedDate" as source_created_at
from "Case" as src
