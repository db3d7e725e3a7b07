-- One row per lead. Grain: id. Joins: none.
-- status: HubSpot's own pipeline has the stages below; a portal that renames them by new ids maps them itself.
-- Company, e-mail and phone belong to the associated contact and company, a lead has none of its own.
select
    src.hs_lead_name as name,
    case src.hs_pipeline_stage
        when 'qualified-stage-id' then 'converted'
        when 'unqualified-stage-id' then 'disqualified'
        else 'open'
    end as status,
    src.hs_pipeline_stage as source_status,
    ref(users, src.hubspot_owner_id) as owner_id,
    src.hs_createdate as source_created_at
from leads as src
