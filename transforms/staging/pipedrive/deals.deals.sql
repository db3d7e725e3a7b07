-- One row per deal, archived ones too. Grain: id. Joins: stages, for the name and the probability where the deal has none.
-- Currency: currency. Probability is a percentage. close_date: the day that it closed, else the expected one.
select
    ref(accounts, src.org_id) as account_id,
    ref(contacts, src.person_id) as contact_id,
    ref(users, src.owner_id) as owner_id,
    src.title as name,
    ref(stages, src.stage_id) as stage_id,
    case src.status when 'open' then 'open' when 'won' then 'won' when 'lost' then 'lost' end as status,
    coalesce(stage.name, src.stage_id) as source_status,
    src.value as amount,
    src.currency as currency,
    coalesce(to_decimal(src.probability), to_decimal(stage.deal_probability)) / 100 as probability,
    coalesce(cast(to_timestamp(src.close_time) as date), to_date(src.expected_close_date)) as close_date,
    case when src.status in ('won', 'lost') then src.close_time end as closed_at,
    case when src.status = 'lost' then src.lost_reason end as lost_reason,
    src.add_time as source_created_at
from deals as src
left join stages as stage on stage._key = src.stage_id
