-- One row per organization. Grain: id. Joins: none. What an organization is to the customer Zendesk does not say.
-- domain: the first of those by whose e-mail addresses users are put into it.
select
    src.name as name,
    nullif(lower(json_text(src.domain_names, '$[0]')), '') as domain,
    src.url as source_url,
    src.created_at as source_created_at
from organizations as src
