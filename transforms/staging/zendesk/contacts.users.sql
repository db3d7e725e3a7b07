-- One row per end user, who asks for help; agents and administrators are users. Grain: id. Joins: none.
-- Zendesk keeps a name in one piece, and knows nothing of marketing.
select
    ref(accounts, src.organization_id) as account_id,
    src.name as name,
    src.email as email,
    src.phone as phone,
    src.url as source_url,
    src.created_at as source_created_at
from users as src
where coalesce(src.role, 'end-user') = 'end-user'
