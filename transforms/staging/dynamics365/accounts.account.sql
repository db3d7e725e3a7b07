-- One row per account. Grain: accountid. Joins: transactioncurrency for the ISO code, stringmap for the type's label.
-- Currency: the account's own; without one, the environment's.
-- kind: the standard values of customertypecode; an organization may add its own.
select
    src.name as name,
    nullif(regexp_extract(lower(src.websiteurl), '^(?:[a-z]+://)?(?:www[.])?([^/:?#]+)', 1), '') as domain,
    case to_decimal(src.customertypecode)
        when 3 then 'customer'
        when 8 then 'prospect'
        when 10 then 'vendor'
        when 11 then 'vendor'
    end as kind,
    src.numberofemployees as employees,
    src.revenue as annual_revenue,
    money.isocurrencycode as currency,
    src.telephone1 as phone,
    src.websiteurl as website,
    case
        when coalesce(
            src.address1_line1, src.address1_city, src.address1_stateorprovince, src.address1_postalcode, src.address1_country
        ) is not null
            then json_object(
                'street', src.address1_line1,
                'city', src.address1_city,
                'region', src.address1_stateorprovince,
                'postal_code', src.address1_postalcode,
                'country', src.address1_country
            )
    end as address,
    ref(accounts, src."_parentaccountid_value") as parent_id,
    ref(users, src."_owninguser_value") as owner_id,
    case to_decimal(src.statecode) when 0 then 'active' when 1 then 'inactive' end as status,
    label.value as source_status,
    src.createdon as source_created_at
from account as src
left join transactioncurrency as money on money._key = src."_transactioncurrencyid_value"
left join stringmap as label
    on label.objecttypecode = 'account'
    and label.attributename = 'customertypecode'
    and to_decimal(label.attributevalue) = to_decimal(src.customertypecode)
