-- One row per logged e-mail. Grain: id. Joins: none.
-- body: the text part, which HubSpot fills from the HTML when a mail has only that.
select
    'email' as type,
    src.hs_email_subject as subject,
    coalesce(src.hs_email_text, src.hs_email_html) as body,
    case
        when src.hs_email_direction in ('INCOMING_EMAIL', 'FORWARDED_EMAIL') then 'inbound'
        when src.hs_email_direction = 'EMAIL' then 'outbound'
    end as direction,
    case
        when src.hs_email_status in ('SENT', 'BOUNCED') then 'completed'
        when src.hs_email_status in ('SCHEDULED', 'SENDING') then 'open'
        when src.hs_email_status = 'FAILED' then 'cancelled'
    end as status,
    src.hs_email_status as source_status,
    src.hs_timestamp as starts_at,
    ref(users, src.hubspot_owner_id) as owner_id,
    src.hs_createdate as source_created_at
from emails as src
