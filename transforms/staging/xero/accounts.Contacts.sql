-- One row per contact: customer and supplier in one record. Grain: ContactID. Joins: none.
-- kind: Xero marks a contact once an invoice or bill exists, without moving its change time, so that the word here may be
-- as old as the record; who has neither is a contact and no more. An archived one counts as deleted.
-- address: the street address where it is filled, else the postal one.
select
    src."Name" as name,
    nullif(regexp_extract(lower(src."Website"), '^(?:[a-z]+://)?(?:www[.])?([^/:?#]+)', 1), '') as domain,
    case
        when to_boolean(src."IsCustomer") and to_boolean(src."IsSupplier") then 'both'
        when to_boolean(src."IsCustomer") then 'customer'
        when to_boolean(src."IsSupplier") then 'vendor'
    end as kind,
    coalesce(
        case when json_text(src."Phones", '$[0].PhoneType') = 'DEFAULT' then nullif(json_text(src."Phones", '$[0].PhoneNumber'), '') end,
        case when json_text(src."Phones", '$[1].PhoneType') = 'DEFAULT' then nullif(json_text(src."Phones", '$[1].PhoneNumber'), '') end,
        case when json_text(src."Phones", '$[2].PhoneType') = 'DEFAULT' then nullif(json_text(src."Phones", '$[2].PhoneNumber'), '') end,
        case when json_text(src."Phones", '$[3].PhoneType') = 'DEFAULT' then nullif(json_text(src."Phones", '$[3].PhoneNumber'), '') end
    ) as phone,
    src."Website" as website,
    case
        when coalesce(nullif(json_text(src."Addresses", '$[1].AddressLine1'), ''), nullif(json_text(src."Addresses", '$[1].City'), '')) is not null
            then json_object(
                'street', nullif(json_text(src."Addresses", '$[1].AddressLine1'), ''),
                'city', nullif(json_text(src."Addresses", '$[1].City'), ''),
                'region', nullif(json_text(src."Addresses", '$[1].Region'), ''),
                'postal_code', nullif(json_text(src."Addresses", '$[1].PostalCode'), ''),
                'country', nullif(json_text(src."Addresses", '$[1].Country'), '')
            )
        when coalesce(nullif(json_text(src."Addresses", '$[0].AddressLine1'), ''), nullif(json_text(src."Addresses", '$[0].City'), '')) is not null
            then json_object(
                'street', nullif(json_text(src."Addresses", '$[0].AddressLine1'), ''),
                'city', nullif(json_text(src."Addresses", '$[0].City'), ''),
                'region', nullif(json_text(src."Addresses", '$[0].Region'), ''),
                'postal_code', nullif(json_text(src."Addresses", '$[0].PostalCode'), ''),
                'country', nullif(json_text(src."Addresses", '$[0].Country'), '')
            )
    end as address,
    src."TaxNumber" as tax_number,
    case src."ContactStatus" when 'ACTIVE' then 'active' when 'ARCHIVED' then 'inactive' end as status,
    src."ContactStatus" as source_status
from "Contacts" as src
