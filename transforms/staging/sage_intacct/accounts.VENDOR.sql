-- One row per vendor. Grain: RECORDNO. Joins: none.
-- Names, telephone, site and address are those of the display contact.
select
    src."NAME" as name,
    nullif(regexp_extract(lower(src."DISPLAYCONTACT.URL1"), '^(?:[a-z]+://)?(?:www[.])?([^/:?#]+)', 1), '') as domain,
    'vendor' as kind,
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
    ref(accounts, "VENDOR", src."PARENTKEY") as parent_id,
    src."TAXID" as tax_number,
    case src."STATUS" when 'active' then 'active' when 'inactive' then 'inactive' end as status,
    src."STATUS" as source_status
from "VENDOR" as src
