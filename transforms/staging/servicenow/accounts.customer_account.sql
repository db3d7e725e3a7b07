-- One row per account of customer service. Grain: sys_id. Joins: none. Accounts extend companies.
-- Currency: revenue_per_year is `USD;1000.00`, or a number in the instance's own.
select
    src.name as name,
    nullif(regexp_extract(lower(src.website), '^(?:[a-z]+://)?(?:www[.])?([^/:?#]+)', 1), '') as domain,
    case
        when to_boolean(src.customer) and to_boolean(src.vendor) then 'both'
        when to_boolean(src.vendor) then 'vendor'
        else 'customer'
    end as kind,
    src.industry as industry,
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
    ref(accounts, customer_account, src.parent) as parent_id,
    ref(users, src.account_owner) as owner_id,
    src.sys_created_on as source_created_at
from customer_account as src
