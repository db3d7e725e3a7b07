-- One row per company that somebody belongs to; no list shows the others. Grain: id. Joins: none.
-- What a company spends a month is its revenue to the customer, and none of its own. One without a name shows our id of it.
select
    coalesce(src.name, src.company_id) as name,
    nullif(regexp_extract(lower(src.website), '^(?:[a-z]+://)?(?:www[.])?([^/:?#]+)', 1), '') as domain,
    src.industry as industry,
    src.size as employees,
    src.website as website,
    src.created_at as source_created_at
from companies as src
