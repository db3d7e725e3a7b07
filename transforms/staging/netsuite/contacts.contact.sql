-- One row per contact. Grain: id. Joins: customer and vendor, because company may be either of them, or a partner.
select
    coalesce(ref(accounts, customer, buyer._key), ref(accounts, vendor, seller._key)) as account_id,
    coalesce(nullif(trim(concat_ws(' ', src.firstname, src.lastname)), ''), src.entityid) as name,
    src.firstname as first_name,
    src.lastname as last_name,
    src.email as email,
    src.phone as phone,
    src.title as title,
    src.datecreated as source_created_at
from contact as src
left join customer as buyer on buyer._key = src.company
left join vendor as seller on seller._key = src.company
