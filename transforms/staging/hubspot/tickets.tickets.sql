-- One row per ticket. Grain: id. Joins: pipeline_stages (stage ids are unique only within a pipeline),
-- tickets_companies for the primary company, tickets_contacts.
-- status: each stage says OPEN or CLOSED in its metadata. Waiting on contact is stage 2 of the pipeline 0 that every
-- portal starts with; what a portal's own stages mean is not guessed.
-- requester_id: HubSpot marks none of several contacts as the main one; the one whose pair comes first stands here, all
-- are links. solved_at: closed_date, which stays when a ticket is opened again.
select
    coalesce(ref(accounts, src.hs_primary_associated_company), ref(accounts, company.to_id)) as account_id,
    ref(contacts, person.to_id) as requester_id,
    ref(users, src.hubspot_owner_id) as assignee_id,
    src.subject as subject,
    src.content as description,
    case
        when json_text(stage.metadata, 'ticketState') = 'CLOSED' then 'closed'
        when json_text(stage.metadata, 'ticketState') = 'OPEN' and src.hs_pipeline = '0' and src.hs_pipeline_stage = '2'
            then 'pending'
        when json_text(stage.metadata, 'ticketState') = 'OPEN' then 'open'
        when src.closed_date is not null then 'closed'
        else 'open'
    end as status,
    coalesce(stage.label, src.hs_pipeline_stage) as source_status,
    case src.hs_ticket_priority
        when 'LOW' then 'low'
        when 'MEDIUM' then 'normal'
        when 'HIGH' then 'high'
        when 'URGENT' then 'urgent'
    end as priority,
    src.hs_ticket_priority as source_priority,
    case src.source_type
        when 'EMAIL' then 'email'
        when 'CHAT' then 'chat'
        when 'PHONE' then 'phone'
        when 'FORM' then 'web'
    end as channel,
    src.first_agent_reply_date as first_response_at,
    case when json_text(stage.metadata, 'ticketState') = 'CLOSED' or stage.metadata is null then src.closed_date end
        as solved_at,
    src.createdate as source_created_at
from tickets as src
left join pipeline_stages as stage
    on stage.id = src.hs_pipeline_stage and stage.pipeline_id = src.hs_pipeline and stage.object_type = 'tickets'
left join tickets_companies as company
    on company.from_id = src._key and company."associationTypes" like '%"Primary"%'
left join tickets_contacts as person on person.from_id = src._key
