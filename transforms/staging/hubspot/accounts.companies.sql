-- One row per company. Grain: id. Joins: none.
-- Currency: annual_revenue is in the portal's currency, unless the company has a currency code of its own.
-- kind: the lifecycle stage says customer, the type says vendor; a company may be both.
select
    src.name as name,
    src.domain as domain,
    case
        when src.lifecyclestage in ('customer', 'evangelist') and src.type = 'VENDOR' then 'both'
        when src.lifecyclestage in ('customer', 'evangelist') then 'customer'
        when src.type = 'VENDOR' then 'vendor'
        when src.type = 'PROSPECT' then 'prospect'
        when src.lifecyclestage in ('subscriber', 'lead', 'marketingqualifiedlead', 'salesqualifiedlead', 'opportunity')
            then 'prospect'
    end as kind,
    src.industry as industry,
    src.numberofemployees as employees,
    src.annualrevenue as annual_revenue,
    src.hs_annual_revenue_currency_code as currency,
    src.phone as phone,
    src.website as website,
    case
        when coalesce(src.address, src.city, src.state, src.zip, src.country) is not null
            then json_object(
                'street', nullif(concat_ws(', ', src.address, src.address2), ''),
                'city', src.city,
                'region', src.state,
                'postal_code', src.zip,
                'country', src.country
            )
    end as address,
    ref(accounts, src.hs_parent_company_id) as parent_id,
    ref(users, src.hubspot_owner_id) as owner_id,
    src.lifecyclestage as source_status,
    src.createdate as source_created_at
from companies as src
