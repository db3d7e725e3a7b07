-- One row per change of a tracked field of an opportunity. Grain: Id. Joins: OpportunityStage twice, for stage ids.
-- Of a lookup such as Owner Salesforce keeps two rows, one with names and one with ids: that with ids is taken.
-- Field is `created` for the record's beginning, which is no change.
-- custom: none
select
    'deals' as entity,
    ref(deals, src."OpportunityId") as record_id,
    case src."Field"
        when 'StageName' then 'stage_id'
        when 'Owner' then 'owner_id'
        when 'Amount' then 'amount'
        when 'CloseDate' then 'close_date'
        else src."Field"
    end as field,
    case src."Field"
        when 'StageName' then coalesce(ref(stages, old_stage._key), src."OldValue")
        when 'Owner' then ref(users, src."OldValue")
        else src."OldValue"
    end as old_value,
    case src."Field"
        when 'StageName' then coalesce(ref(stages, new_stage._key), src."NewValue")
        when 'Owner' then ref(users, src."NewValue")
        else src."NewValue"
    end as new_value,
    src."CreatedDate" as changed_at,
    ref(users, src."CreatedById") as changed_by_id,
    'history' as method,
    src."CreatedDate" as source_created_at
from "OpportunityFieldHistory" as src
left join "OpportunityStage" as old_stage on old_stage."ApiName" = src."OldValue"
left join "OpportunityStage" as new_stage on new_stage."ApiName" = src."NewValue"
where coalesce(src."Field", '') <> 'created'
    and not (
        coalesce(src."Field", '') = 'Owner' and coalesce(src."NewValue", src."OldValue", '') not like '005%'
    )
