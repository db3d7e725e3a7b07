-- One row per opportunity. Grain: Id. Joins: OpportunityStage, whose ApiName is what StageName holds (a label may be
-- renamed at any time, and may then equal another stage's name), and OpportunityContactRole for the primary one.
-- Currency: CurrencyIsoCode, which only orgs with several currencies have. Probability is a percentage.
-- closed_at: Salesforce keeps no time of closing; a closed deal's last change of stage is it.
select
    ref(accounts, src."AccountId") as account_id,
    coalesce(ref(contacts, src."ContactId"), ref(contacts, contact_role."ContactId")) as contact_id,
    ref(users, src."OwnerId") as owner_id,
    src."Name" as name,
    ref(stages, stage._key) as stage_id,
    case
        when to_boolean(src."IsWon") then 'won'
        when to_boolean(src."IsClosed") then 'lost'
        when to_boolean(src."IsClosed") is not null then 'open'
    end as status,
    src."StageName" as source_status,
    src."Amount" as amount,
    src."CurrencyIsoCode" as currency,
    to_decimal(src."Probability") / 100 as probability,
    src."CloseDate" as close_date,
    case when to_boolean(src."IsClosed") then src."LastStageChangeDate" end as closed_at,
    src."CreatedDate" as source_created_at
from "Opportunity" as src
left join "OpportunityStage" as stage on stage."ApiName" = src."StageName"
left join "OpportunityContactRole" as contact_role
    on contact_role."OpportunityId" = src."Id" and to_boolean(contact_role."IsPrimary")
