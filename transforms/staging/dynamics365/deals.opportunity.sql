-- One row per opportunity. Grain: opportunityid.
-- Joins: transactioncurrency for the ISO code, stringmap twice, for the stage and the label of the status.
-- Currency: the opportunity's own. A won one is worth what was got for it, any other what is estimated.
-- A customer may be an account or a contact; parentaccountid and parentcontactid say which.
select
    ref(accounts, src."_parentaccountid_value") as account_id,
    ref(contacts, src."_parentcontactid_value") as contact_id,
    ref(users, src."_owninguser_value") as owner_id,
    src.name as name,
    ref(stages, stage._key) as stage_id,
    case to_decimal(src.statecode) when 0 then 'open' when 1 then 'won' when 2 then 'lost' end as status,
    label.value as source_status,
    case
        when to_decimal(src.statecode) = 1 then coalesce(to_decimal(src.actualvalue), to_decimal(src.estimatedvalue))
        else to_decimal(src.estimatedvalue)
    end as amount,
    money.isocurrencycode as currency,
    case
        when to_decimal(src.statecode) = 1
            then coalesce(to_decimal(src.actualvalue_base), to_decimal(src.estimatedvalue_base))
        else to_decimal(src.estimatedvalue_base)
    end as amount_base,
    to_decimal(src.closeprobability) / 100 as probability,
    coalesce(to_date(src.actualclosedate), to_date(src.estimatedclosedate)) as close_date,
    case when to_decimal(src.statecode) in (1, 2) then to_timestamp(src.actualclosedate) end as closed_at,
    case when to_decimal(src.statecode) = 2 then label.value end as lost_reason,
    src.createdon as source_created_at
from opportunity as src
left join transactioncurrency as money on money._key = src."_transactioncurrencyid_value"
left join stringmap as stage
    on stage.objecttypecode = 'opportunity'
    and stage.attributename = 'salesstage'
    and to_decimal(stage.attributevalue) = to_decimal(src.salesstage)
left join stringmap as label
    on label.objecttypecode = 'opportunity'
    and label.attributename = 'statuscode'
    and to_decimal(label.attributevalue) = to_decimal(src.statuscode)
