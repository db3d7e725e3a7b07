-- One row per company that is no account of customer service: those extend companies, and have a file of their own.
-- Grain: sys_id. Joins: none. Currency: revenue_per_year is `USD;1000.00`, or a number in the instance's own.
select
    src.name as name,
    nullif(regexp_extract(lower(src.website), '^(?:[a-z]+://)?(?:www[.])?([^/:?#]+)', 1), '') as domain,
    case
        when to_boolean(src.customer) and to_boolean(src.vendor) then 'both'
        when to_boolean(src.vendor) then 'vendor'
        when to_boolean(src.customer) then 'customer'
    end as kind,
    src.num_employees as employees,
    to_decimal(nullif(regexp_extract(cast(src.revenue_per_year as varchar), '([^;]*)$', 1), '')) as annual_revenue,
    nullif(regexp_extract(cast(src.revenue_per_year as varchar), '^([A-Z]{3});', 1), '') as currency,
    src.phone as phone,
    src.website as website,
    case
        when coalesce(src.street, src.city, src.state, src.zip, src.country) is not null
            then json_object(
                'street', src.street, 'city', src.city, 'region', src.state, 'postal_code', src.zip, 'country', src.country
            )
    end as address,
    ref(accounts, core_company, src.parent) as parent_id,
    src.sys_created_on as source_created_at
from core_company as src
where coalesce(src.sys_class_name, 'core_company') <> 'customer_account'
