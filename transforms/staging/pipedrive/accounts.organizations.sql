-- One row per organization. Grain: id. Joins: none. What it is to the customer Pipedrive does not say.
select
    src.name as name,
    nullif(regexp_extract(lower(src.website), '^(?:[a-z]+://)?(?:www[.])?([^/:?#]+)', 1), '') as domain,
    src.website as website,
    case
        when json_text(src.address, 'value') is not null
            then json_object(
                'street', nullif(concat_ws(' ', json_text(src.address, 'route'),
                    json_text(src.address, 'street_number')), ''),
                'city', json_text(src.address, 'locality'),
                'region', json_text(src.address, 'admin_area_level_1'),
                'postal_code', json_text(src.address, 'postal_code'),
                'country', json_text(src.address, 'country')
            )
    end as address,
    ref(users, src.owner_id) as owner_id,
    src.add_time as source_created_at
from organizations as src
