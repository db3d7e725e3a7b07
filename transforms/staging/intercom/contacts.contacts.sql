-- One row per person, leads too: whoever writes is one, and a conversation leads here. Grain: id. Joins: none.
-- account_id: the first company; all of them are links. Intercom keeps a name in one piece.
select
    ref(accounts, json_text(src.companies, '$.data[0].id')) as account_id,
    src.name as name,
    src.email as email,
    src.phone as phone,
    ref(users, src.owner_id) as owner_id,
    src.unsubscribed_from_emails as opted_out,
    src.created_at as source_created_at
from contacts as src
