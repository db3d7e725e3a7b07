-- One row per customer. Grain: id. Joins: none.
-- Leads and prospects are customers in an earlier stage (searchstage). A person has no companyname, but an altname.
-- A customer that is a vendor too is one more record with the same id in the vendor table: two rows here, one link.
select
    coalesce(src.companyname, src.altname, src.entityid) as name,
    nullif(regexp_extract(lower(src.url), '^(?:[a-z]+://)?(?:www[.])?([^/:?#]+)', 1), '') as domain,
    case when lower(src.searchstage) in ('lead', 'prospect') then 'prospect' else 'customer' end as kind,
    src.phone as phone,
    src.url as website,
    ref(accounts, customer, src.parent) as parent_id,
    ref(users, src.salesrep) as owner_id,
    src.vatregnumber as tax_number,
    case when to_boolean(src.isinactive) then 'inactive' else 'active' end as status,
    src.searchstage as source_status,
    src.datecreated as source_created_at
from customer as src
