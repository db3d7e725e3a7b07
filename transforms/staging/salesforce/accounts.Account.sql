-- One row per account. Grain: Id. Joins: none.
-- Currency: CurrencyIsoCode, which only orgs with several currencies have.
-- kind: from Type, a list that each org edits; what is not known stays empty.
select
    src."Name" as name,
    nullif(regexp_extract(lower(src."Website"), '^(?:[a-z]+://)?(?:www[.])?([^/:?#]+)', 1), '') as domain,
    case
        when src."Type" like 'Customer%' then 'customer'
        when src."Type" in ('Vendor', 'Supplier') then 'vendor'
        when src."Type" = 'Prospect' then 'prospect'
    end as kind,
    src."Industry" as industry,
    src."NumberOfEmployees" as employees,
    src."AnnualRevenue" as annual_revenue,
    src."CurrencyIsoCode" as currency,
    src."Phone" as phone,
    src."Website" as website,
    case
        when coalesce(
            src."BillingStreet", src."BillingCity", src."BillingState", src."BillingPostalCode", src."BillingCountry"
        ) is not null
            then json_object(
                'street', src."BillingStreet",
                'city', src."BillingCity",
                'region', src."BillingState",
                'postal_code', src."BillingPostalCode",
                'country', src."BillingCountry"
            )
    end as address,
    ref(accounts, src."ParentId") as parent_id,
    ref(users, src."OwnerId") as owner_id,
    src."Type" as source_status,
    src."CreatedDate" as source_created_at
from "Account" as src
