-- One row per vendor. Grain: id. Joins: none. A person has no companyname, altname is the name.
select
    coalesce(src.companyname, src.altname, src.entityid) as name,
    nullif(regexp_extract(lower(src.url), '^(?:[a-z]+://)?(?:www[.])?([^/:?#]+)', 1), '') as domain,
    'vendor' as kind,
    src.phone as phone,
    src.url as website,
    src.vatregnumber as tax_number,
    case when to_boolean(src.isinactive) then 'inactive' else 'active' end as status,
    src.datecreated as source_created_at
from vendor as src
