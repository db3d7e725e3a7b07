-- One row per lead. Grain: id. Joins: persons and organizations, because a lead only points at whom it is about.
-- status: an archived lead was given up; one that was converted leaves the list, as a deleted one does.
select
    src.title as name,
    organization.name as company,
    json_text(person.emails, '$[0].value') as email,
    json_text(person.phones, '$[0].value') as phone,
    case when to_boolean(src.is_archived) then 'disqualified' else 'open' end as status,
    src.source_name as lead_source,
    ref(users, src.owner_id) as owner_id,
    src.add_time as source_created_at
from leads as src
left join persons as person on person._key = src.person_id
left join organizations as organization on organization._key = src.organization_id
