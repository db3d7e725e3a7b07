-- One row per deal. Grain: id. Joins: pipeline_stages (stage ids are unique only within a pipeline),
-- deals_companies.
-- Currency: deal_currency_code; amount_base in the portal's currency.
-- account_id: the primary company, from the deal or from the label of the pair. The contacts are links, HubSpot marks
-- none of them as the main one.
-- status: from HubSpot's flags; where the pipeline does not read those, from the stage's.
select
    coalesce(ref(accounts, src.hs_primary_associated_company), ref(accounts, company.to_id)) as account_id,
    ref(users, src.hubspot_owner_id) as owner_id,
    src.dealname as name,
    ref(stages, stage._key) as stage_id,
    case
        when to_boolean(src.hs_is_closed_won) then 'won'
        when to_boolean(src.hs_is_closed) then 'lost'
        when to_boolean(src.hs_is_closed) is not null then 'open'
        when json_text(stage.metadata, 'isClosed') = 'true'
            and try_cast(json_text(stage.metadata, 'probability') as double) = 1 then 'won'
        when json_text(stage.metadata, 'isClosed') = 'true' then 'lost'
        when json_text(stage.metadata, 'isClosed') = 'false' then 'open'
    end as status,
    src.dealstage as source_status,
    src.amount as amount,
    src.deal_currency_code as currency,
    src.amount_in_home_currency as amount_base,
    src.hs_deal_stage_probability as probability,
    src.closedate as close_date,
    case
        when coalesce(to_boolean(src.hs_is_closed), json_text(stage.metadata, 'isClosed') = 'true')
            then src.closedate
    end as closed_at,
    src.closed_lost_reason as lost_reason,
    src.createdate as source_created_at
from deals as src
left join pipeline_stages as stage
    on stage.id = src.dealstage and stage.pipeline_id = src.pipeline and stage.object_type = 'deals'
left join deals_companies as company
    on company.from_id = src._key and company."associationTypes" like '%"Primary"%'
