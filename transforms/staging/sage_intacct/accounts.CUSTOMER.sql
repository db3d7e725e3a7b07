-- One row per customer. Grain: RECORDNO. Joins: EMPLOYEE, whose id the customer names as its sales representative.
-- Names, telephone, site and address are those of the display contact.
select
    src."NAME" as name,
    nullif(regexp_extract(lower(src."DISPLAYCONTACT.URL1"), '^(?:[a-z]+://)?(?:www[.])?([^/:?#]+)', 1), '') as domain,
    'customer' as kind,
    src."DISPLAYCONTACT.PHONE1" as phone,
    src."DISPLAYCONTACT.URL1" as website,
    case
        when coalesce(src."DISPLAYCONTACT.MAILADDRESS.ADDRESS1", src."DISPLAYCONTACT.MAILADDRESS.CITY") is not null
            then json_object(
                'street', src."DISPLAYCONTACT.MAILADDRESS.ADDRESS1",
                'city', src."DISPLAYCONTACT.MAILADDRESS.CITY",
                'region', src."DISPLAYCONTACT.MAILADDRESS.STATE",
                'postal_code', src."DISPLAYCONTACT.MAILADDRESS.ZIP",
                'country', src."DISPLAYCONTACT.MAILADDRESS.COUNTRY"
            )
    end as address,
    ref(accounts, "CUSTOMER", src."PARENTKEY") as parent_id,
    ref(users, seller._key) as owner_id,
    src."TAXID" as tax_number,
    case src."STATUS" when 'active' then 'active' when 'inactive' then 'inactive' end as status,
    src."STATUS" as source_status
from "CUSTOMER" as src
left join "EMPLOYEE" as seller on seller."EMPLOYEEID" = src."CUSTREPID"
