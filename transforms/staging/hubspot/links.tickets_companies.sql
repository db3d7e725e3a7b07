-- One row per associated pair. Grain: from_id:to_id. Joins: none.
-- role: the first label of the pair, such as primary or one of the account's own.
-- custom: none
select
    'tickets' as from_entity,
    ref(tickets, src.from_id) as from_id,
    'accounts' as to_entity,
    ref(accounts, companies, src.to_id) as to_id,
    lower(coalesce(
        json_text(src."associationTypes", '$[0].label'),
        json_text(src."associationTypes", '$[1].label'),
        'related'
    )) as role,
    'vendor' as method,
    1 as confidence
from tickets_companies as src
