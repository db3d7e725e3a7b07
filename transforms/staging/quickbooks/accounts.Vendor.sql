-- One row per vendor. Grain: Id. Joins: none.
-- An inactive record counts as deleted, and its name ends with "(deleted)".
select
    coalesce(src."DisplayName", src."CompanyName") as name,
    nullif(
        regexp_extract(lower(json_text(src."WebAddr", 'URI')), '^(?:[a-z]+://)?(?:www[.])?([^/:?#]+)', 1), ''
    ) as domain,
    'vendor' as kind,
    json_text(src."PrimaryPhone", 'FreeFormNumber') as phone,
    json_text(src."WebAddr", 'URI') as website,
    case
        when json_text(src."BillAddr", 'Line1') is not null or json_text(src."BillAddr", 'City') is not null
            then json_object(
                'street', json_text(src."BillAddr", 'Line1'),
                'city', json_text(src."BillAddr", 'City'),
                'region', json_text(src."BillAddr", 'CountrySubDivisionCode'),
                'postal_code', json_text(src."BillAddr", 'PostalCode'),
                'country', json_text(src."BillAddr", 'Country')
            )
    end as address,
    src."TaxIdentifier" as tax_number,
    case when to_boolean(src."Active") then 'active' when not to_boolean(src."Active") then 'inactive' end as status,
    cast(src."Active" as varchar) as source_status,
    src."CreateTime" as source_created_at
from "Vendor" as src
