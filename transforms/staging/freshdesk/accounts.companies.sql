-- One row per company. Grain: id. Joins: none. What a company is to the customer Freshdesk does not say.
-- domain: the first of those by whose e-mail addresses contacts are put into it.
select
    src.name as name,
    nullif(lower(json_text(src.domains, '$[0]')), '') as domain,
    src.industry as industry,
    src.created_at as source_created_at
from companies as src
